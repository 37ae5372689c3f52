"""Code for the Django of the Pulp that is measured: SQL queries, counted by the test client.

Imported by `manage shell`, never by the benchmark itself; prints JSON.
"""

import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pulpcore.plugin.models import Artifact, PulpTemporaryFile
from pulpcore.plugin.util import get_url

from pulp_contentroutes.app.galaxy.tasks.imports import import_collection
from pulp_contentroutes.app.galaxy.units import store_collection
from pulp_contentroutes.app.models import CollectionVersion, GalaxyRepository
from pulp_contentroutes.app.serializers import GalaxyDistributionSerializer
from pulp_contentroutes.galaxy.collection import read_collection
from pulp_contentroutes.galaxy.limits import Limits
from tests.unit.galaxy.archives import archive

_HOST = "127.0.0.1"


def print_queries(paths: Sequence[str]) -> None:
    """Print for each path [queries of the first request to a process, queries of the second]."""
    client = Client(headers={"host": _HOST})
    _print([[_counted(partial(client.get, path)) for _ in range(2)] for path in paths])


def print_growth(sizes: Sequence[int]) -> None:
    """Print the cost of a distribution and of a publish, by the number of versions in a repository.

    The work of their tasks is done here, without the bookkeeping for a task.
    """
    repository = GalaxyRepository.objects.create(name="growth")
    _distribute(repository, 0)
    found, first = {}, 0
    for size in sizes:
        _fill(repository, range(first, size))
        found[size] = {
            "distribution": _counted(partial(_distribute, repository, size)),
            "publish": _counted(partial(_import, repository, *_uploaded(size))),
        }
        first = size + 1
    _print(found)


def _counted(work: Callable[[], object]) -> int:
    """Return the number of queries."""
    with CaptureQueriesContext(connection) as queries:
        work()
    return len(queries)


def _distribute(repository: GalaxyRepository, number: int) -> None:
    name = f"growth-{number}"
    values = {"name": name, "base_path": name, "repository": get_url(repository)}
    serializer = GalaxyDistributionSerializer(data=values)
    serializer.is_valid(raise_exception=True)
    serializer.save()


def _uploaded(number: int) -> tuple[str, str]:
    """Return the input of a publish's task: a temporary file, and the name of the upload."""
    data, name = _tarball(number)
    with _file(data, name) as path:
        temporary = PulpTemporaryFile.init_and_validate(str(path))
        temporary.save()
    return str(temporary.pk), name


def _import(repository: GalaxyRepository, file: str, name: str) -> None:
    import_collection(file, str(repository.pk), name)


def _fill(repository: GalaxyRepository, numbers: range) -> None:
    """Add a version for each number, without the API, which would take minutes."""
    units = [_stored(*_tarball(number)).pk for number in numbers]
    # The import has made a version that this object does not know.
    repository.refresh_from_db()
    with repository.new_version() as version:
        version.add_content(CollectionVersion.objects.filter(pk__in=units))


def _stored(data: bytes, name: str) -> CollectionVersion:
    with _file(data, name) as path:
        artifact = Artifact.init_and_validate(str(path))
        artifact.save()
    with artifact.file.open() as file:
        collection = read_collection(file, Limits())
    unit: CollectionVersion = store_collection(collection, artifact)
    return unit


@contextmanager
def _file(data: bytes, name: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        yield path


def _tarball(number: int) -> tuple[bytes, str]:
    values = {"namespace": "bench", "name": "growth", "version": f"1.{number}.0"}
    name = "{namespace}-{name}-{version}.tar.gz".format(**values)
    return archive(info={**values, "dependencies": {}}).read(), name


def _print(found: Any) -> None:
    sys.stdout.write(json.dumps(found) + "\n")
