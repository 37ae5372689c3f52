"""A Pulp and every release of `ansible-galaxy`, with a home of its own for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.commands import only_before_a_release
from tests.clients.environments import RELEASES, program
from tests.clients.oracle import Oracle
from tests.harness.ansible_galaxy import Client
from tests.harness.galaxy import Galaxy, create_galaxy
from tests.harness.rest import Rest
from tests.harness.standalone import Standalone

*OLDER, NEWEST = RELEASES


@pytest.fixture(scope="session")
def admin(plain: Standalone) -> Rest:
    """The API as `admin` sees it, without domains."""
    return Rest(plain.front)


@pytest.fixture(scope="session")
def token(admin: Rest) -> str:
    """A token that may read and publish."""
    return str(admin.token(scope="publish")["token"])


@pytest.fixture
def server(admin: Rest) -> Galaxy:
    return create_galaxy(admin)


@pytest.fixture
def client(tmp_path: Path) -> Client:
    """The newest release, for rules that do not depend on it."""
    return Client(tmp_path, program(NEWEST))


@pytest.fixture(params=[NEWEST, *only_before_a_release(*OLDER)])
def each_client(request: pytest.FixtureRequest, tmp_path: Path) -> Client:
    return Client(tmp_path, program(request.param))


@pytest.fixture(params=[NEWEST, *only_before_a_release(OLDER[0])])
def outer_client(request: pytest.FixtureRequest, tmp_path: Path) -> Client:
    """The oldest release and the newest, for rules that take time."""
    return Client(tmp_path, program(request.param))


@pytest.fixture(scope="session")
def oracles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Oracle]]:
    """The oldest release and the newest."""
    first, last = (Oracle(each, tmp_path_factory.mktemp("o")) for each in {*RELEASES[::3]})
    with first, last:
        yield [first, last]
