"""The Pulp that the tests of adversity harm."""

from collections.abc import Iterator

import pytest

from tests.harness.standalone import run_pulp
from tests.pulp.adversity import Site, make_site


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A Pulp of its own: its PostgreSQL, its schema and its artifacts are harmed."""
    with run_pulp(tmp_path_factory.mktemp("harmed") / "data") as instance:
        yield make_site(instance)
