"""Pulps of their own: one that the tests of adversity harm, and one for a whole life."""

from collections.abc import Iterator

import pytest

from tests.harness.pulp import Pulp
from tests.harness.standalone import run_pulp
from tests.pulp.adversity import Site, make_site
from tests.pulp.life import Used, use_everything


@pytest.fixture(scope="session")
def without_fast_path(pulp: Pulp) -> Iterator[int]:
    """The port of a content app in which the fast path is turned off."""
    with pulp.instance.further_content_app(CONTENTROUTES_FAST_PATH="false") as port:
        yield port


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A Pulp of its own: its PostgreSQL, its schema and its artifacts are harmed."""
    with run_pulp(tmp_path_factory.mktemp("harmed") / "data") as instance:
        yield make_site(instance)


@pytest.fixture(scope="session")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Used]:
    """A Pulp whose plugin is used, taken back, removed and installed again, its data restored."""
    with run_pulp(tmp_path_factory.mktemp("life") / "data", "--content-workers", "1") as instance:
        yield use_everything(Pulp(instance), base_path="demo")
