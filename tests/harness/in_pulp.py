"""Functions in Pulp's Django, for consoles and tests: they quickly make content like Pulp's tasks.

A test that needs other content or settings in a running Pulp runs its own code in the console.
"""

import base64
import contextlib
import contextvars
import io
import pickle
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection
from pulpcore.plugin.models import (
    Artifact,
    ContentArtifact,
    ContentGuard,
    Publication,
    PublishedArtifact,
    Repository,
)
from pulpcore.plugin.util import extract_pk, get_domain, get_url

from tests.harness.rest import new_name

FileContent = apps.get_model("file", "FileContent")
FileDistribution = apps.get_model("file", "FileDistribution")
FilePublication = apps.get_model("file", "FilePublication")
FileRepository = apps.get_model("file", "FileRepository")


def add_artifact(data: bytes) -> Any:
    """Get or create the artifact of these bytes."""
    with TemporaryDirectory(dir=settings.WORKING_DIRECTORY) as folder:
        source = Path(folder) / "source"
        source.write_bytes(data)
        artifact = Artifact.init_and_validate(str(source))
        known = Artifact.objects.filter(sha256=artifact.sha256, pulp_domain=get_domain()).first()
        if known is None:
            artifact.save()
        return known or artifact


def add_content(path: str, data: bytes) -> Any:
    """Return the content artifact of a file's content unit."""
    artifact = add_artifact(data)
    content, _ = FileContent.objects.get_or_create(
        relative_path=path, digest=artifact.sha256, _pulp_domain=get_domain()
    )
    row, _ = ContentArtifact.objects.get_or_create(
        content=content, relative_path=path, defaults={"artifact": artifact}
    )
    return row


def add_version(repository: Any, files: Mapping[str, bytes]) -> Any:
    """Return a new version of the repository, with only these files."""
    units = [add_content(path, data).content_id for path, data in files.items()]
    with repository.new_version() as version:
        version.remove_content(version.content)
        version.add_content(FileContent.objects.filter(pk__in=units))
    return version


def publish_version(version: Any, **values: Any) -> Any:
    """Return a publication of the version that names each of its files, or passes them through."""
    rows = ContentArtifact.objects.filter(content__in=version.content)
    if values.get("pass_through"):
        rows = rows.none()
    # `Publication.create` is for tasks: it records the created resources of the current task.
    publication = FilePublication.objects.create(repository_version=version, **values)
    with publication:
        PublishedArtifact.objects.bulk_create(
            PublishedArtifact(
                publication=publication, content_artifact=row, relative_path=row.relative_path
            )
            for row in rows
        )
    return publication


# Functions for consoles: arguments and results are hrefs and plain data.


def create_repository(files: Mapping[str, bytes]) -> str:
    """Return the href of a new repository with the files in its latest version."""
    repository = FileRepository.objects.create(name=new_name(), pulp_domain=get_domain())
    add_version(repository, files)
    return str(get_url(repository))


def create_publication(repository: str, **values: Any) -> str:
    """Return the href of a publication of the latest version of a repository."""
    found = Repository.objects.get(pk=extract_pk(repository))
    return str(get_url(publish_version(found.latest_version(), **values)))


def create_distribution(**values: Any) -> dict[str, Any]:
    """Return name, base_path and pulp_href of a new file distribution, with the given values."""
    relations = {
        "publication": Publication,
        "repository": Repository,
        "content_guard": ContentGuard,
    }
    for field, model in relations.items():
        if field in values:
            values[field] = model.objects.get(pk=extract_pk(values[field]))
    name = new_name()
    made = FileDistribution.objects.create(
        **{"name": name, "base_path": f"base/{name}", "pulp_domain": get_domain(), **values}
    )
    return {"name": made.name, "base_path": made.base_path, "pulp_href": str(get_url(made))}


# The console itself.

_namespace: dict[str, Any] = {"__name__": "console"}


def execute(code: str) -> str:
    """Execute code in a persistent namespace; return its output."""
    with contextlib.redirect_stdout(io.StringIO()) as output:
        exec(code, _namespace)
    return output.getvalue()


def answer_forever() -> None:
    """Call a function for each line of standard input, until its end."""
    # The output of a library must not be taken for an answer.
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        function, arguments, values = pickle.loads(base64.b64decode(line))
        # PostgreSQL may have been restarted since the last call.
        connection.close_if_unusable_or_obsolete()
        answer: tuple[str | None, Any]
        try:
            # The current domain of one call must not remain for the next.
            context = contextvars.copy_context()
            answer = None, context.run(globals()[function], *arguments, **values)
        except Exception:  # noqa: BLE001  reported to the caller
            answer = traceback.format_exc(), None
        answers.write(base64.b64encode(pickle.dumps(answer)).decode() + "\n")
        answers.flush()
