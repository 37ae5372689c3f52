"""Pulp's Django in this process, on a real PostgreSQL, each test in a transaction of its own."""

import gc
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import django
import pytest
from django.db import connections

from pulp_contentroutes.standalone import configuration, data_dir
from pulp_contentroutes.standalone.options import Options
from pulp_contentroutes.standalone.postgres import Cluster
from pulp_contentroutes.standalone.prepare import instance_of
from tests.harness.galaxy import Galaxy, create_galaxy
from tests.harness.rest import Rest
from tests.harness.template import FAST_HASHER, copy_template

#: Pulp leaves it to the garbage collector to close uploaded files.
IGNORED = ("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

# Test modules import Pulp's models, so Django must be set up before they are collected. The folder
# is removed at the end of the process.
_FOLDER = tempfile.TemporaryDirectory(prefix="pulp-django-")
_DATA = Path(_FOLDER.name) / "data"
_FRONT = "http://testserver"


def _set_up_django() -> None:
    data_dir.create(_DATA)
    settings = {**FAST_HASHER, "CONTENT_ORIGIN": _FRONT, "ALLOWED_HOSTS": '["testserver"]'}
    instance, _ = instance_of(_DATA, Options(settings=settings))
    configuration.write_settings(instance)
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        # Only for this call: other processes that tests start have settings of their own.
        for name, value in instance.variables.items():
            patch.setenv(name, value)
        warnings.simplefilter("ignore")
        django.setup()


_set_up_django()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let every test in this folder use the database, and ignore files that Pulp leaves open."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.django_db)
            for each in IGNORED:
                item.add_marker(pytest.mark.filterwarnings(each))


@pytest.fixture(scope="session")
def django_db_setup(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Run a PostgreSQL with the tables of the template, in place of pytest-django's database."""
    data = tmp_path_factory.mktemp("django") / "data"
    copy_template(data)
    cluster = Cluster(data)
    with cluster.running():
        connections.settings["default"]["HOST"] = str(cluster.sockets)
        yield
        connections.close_all()
    cluster.remove_sockets()
    data_dir.remove_contents(data)


@pytest.fixture(scope="module", autouse=True)
def _close_forgotten_files() -> Iterator[None]:
    """Collect files that were left open, so that their warnings do not reach other tests."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()


@pytest.fixture(autouse=True)
def _default_domain() -> None:
    """Forget the domain of the test before: Pulp's own requests begin in a context of their own."""
    from pulpcore.plugin.util import set_domain

    set_domain(None)


@pytest.fixture
def admin(db: None) -> Iterator[Rest]:
    """Yield the API for `admin`; tasks run in this process when a test waits for their end."""
    from tests.django.in_process import api

    with api() as rest:
        yield rest


@pytest.fixture
def token(admin: Rest) -> str:
    """Return a token that may read and publish."""
    return str(admin.token(scope="publish")["token"])


@pytest.fixture
def server(admin: Rest) -> Galaxy:
    return create_galaxy(admin)
