"""One Pulp a session, and every release of `ansible-galaxy`, each test with a home of its own."""

from pathlib import Path

import pytest

from tests.clients.environments import RELEASES, program
from tests.pulp.access import Access
from tests.pulp.conftest import Pulp
from tests.pulp.conftest import caches as caches
from tests.pulp.conftest import folder as folder
from tests.pulp.conftest import plain as plain
from tests.pulp.galaxy import Client, Galaxy, galaxy
from tests.pulp.rest import Rest
from tests.pulp.standalone import Standalone


@pytest.fixture(scope="session")
def pulp(plain: Standalone, caches: None) -> Pulp:
    return Pulp(plain, Rest(plain.front), domain=None)


@pytest.fixture(scope="session")
def token(pulp: Pulp) -> str:
    """A token that may read and publish."""
    return str(Access(pulp).token(scope="publish")["token"])


@pytest.fixture
def server(pulp: Pulp) -> Galaxy:
    return galaxy(pulp)


@pytest.fixture
def client(folder: Path) -> Client:
    """The newest release, for rules that do not depend on it."""
    return Client(folder, program(RELEASES[-1]))


@pytest.fixture(params=RELEASES)
def each_client(request: pytest.FixtureRequest, folder: Path) -> Client:
    return Client(folder, program(request.param))


@pytest.fixture(params=[RELEASES[0], RELEASES[-1]])
def outer_client(request: pytest.FixtureRequest, folder: Path) -> Client:
    """The oldest release and the newest, for rules that take time."""
    return Client(folder, program(request.param))
