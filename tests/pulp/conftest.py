"""Content behind guards, and Pulps of their own: one to be harmed, and one for a whole life."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.harness.pulp import Pulp
from tests.harness.rest import Rest
from tests.harness.standalone import run_pulp
from tests.pulp.adversity import PATIENCE, Site, Stage, content_app, make_site
from tests.pulp.guarded import FILES, Distribute
from tests.pulp.life import Used, use_everything


@pytest.fixture(scope="session")
def without_fast_path(pulp: Pulp) -> Iterator[int]:
    """The port of a content app in which the fast path is turned off."""
    with pulp.instance.further_content_app(CONTENTROUTES_FAST_PATH="false") as port:
        yield port


@pytest.fixture
def admin(pulp: Pulp) -> Rest:
    return pulp.rest


@pytest.fixture(scope="session")
def distribute(pulp: Pulp) -> Distribute:
    publication = pulp.publication(pulp.repository(FILES))

    def distribute(guard: str | None) -> str:
        values = {"publication": publication, **({"content_guard": guard} if guard else {})}
        return str(pulp.distribution(**values)["base_path"])

    return distribute


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A Pulp of its own: its PostgreSQL, its schema and its artifacts are harmed."""
    with run_pulp(tmp_path_factory.mktemp("harmed") / "data") as instance:
        yield make_site(instance)


@pytest.fixture(scope="session")
def lasting_stage(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    settings = {
        "CONTENTROUTES_DATABASE_TIMEOUT": str(PATIENCE),
        # Pulp's worker ends itself when it cannot write its heartbeat: here not within the hour.
        "CONTENT_APP_TTL": "14400",
    }
    folder = tmp_path_factory.mktemp("content")
    with ExitStack() as stack:
        proxy = stack.enter_context(site.proxied())
        app = stack.enter_context(content_app(site.instance, folder, proxy.folder, **settings))
        yield Stage(site, proxy, app)
        assert app.worker.is_running()


@pytest.fixture
def stage(lasting_stage: Stage) -> Iterator[Stage]:
    lasting_stage.settle()
    yield lasting_stage
    lasting_stage.proxy.restore()


@pytest.fixture(scope="session")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Used]:
    """A Pulp whose plugin is used, taken back, removed and installed again, its data restored."""
    with run_pulp(tmp_path_factory.mktemp("life") / "data", "--content-workers", "1") as instance:
        yield use_everything(Pulp(instance), base_path="demo")
