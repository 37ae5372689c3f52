"""Two Pulps of one content worker each, with a world in each, and the summary of the comparison."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.differential.arena import Arena
from tests.differential.random_worlds import random_world
from tests.differential.tally import Tally
from tests.differential.upstream import Upstream, upstream
from tests.differential.world import World
from tests.pulp.standalone import Standalone, running

#: Another one makes other worlds and other questions.
SEED = int(os.environ.get("DIFFERENTIAL_SEED", "1"))
TIMEOUT = 600
BUILDER = Path(__file__).with_name("django_builder.py")
_DOMAINS = {"plain": ("default",), "domains": ("default", "other")}
_TALLY = pytest.StashKey[Tally]()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Allow for the start of a Pulp in the first test that needs it; count when all is counted."""
    items.sort(key=lambda item: item.name == "test_every_row_of_the_table_is_needed")
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(TIMEOUT))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if _TALLY in config.stash:
        terminalreporter.section("stock and ours")
        for line in config.stash[_TALLY].lines():
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def tally(pytestconfig: pytest.Config) -> Tally:
    return pytestconfig.stash.setdefault(_TALLY, Tally())


def build(instance: Standalone, world: World, folder: Path) -> None:
    """Store a world in a running Pulp."""
    values = {"DESCRIPTION": str(world.save(folder))}
    instance.shell(f"import runpy; runpy.run_path({str(BUILDER)!r}, init_globals={values!r})")


@pytest.fixture(scope="session")
def server_of_upstream() -> Iterator[Upstream]:
    with upstream() as server:
        yield server


def start(
    name: str, factory: pytest.TempPathFactory
) -> contextlib.AbstractContextManager[Standalone]:
    """Return a Pulp whose content app is one worker."""
    options = ["--content-workers", "1"]
    if name == "domains":
        options += ["--set", "DOMAIN_ENABLED=true"]
    return running(factory.mktemp(f"differential-{name}") / "data", *options)


@pytest.fixture(scope="session")
def plain_instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standalone]:
    """The Pulp without domains: worlds and freshness."""
    with start("plain", tmp_path_factory) as instance:
        yield instance


@pytest.fixture(scope="module", params=_DOMAINS)
def arena(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    server_of_upstream: Upstream,
    tally: Tally,
) -> Iterator[Arena]:
    """Every test that takes this runs twice: with domains off and on."""
    name: str = request.param
    world = random_world(SEED, _DOMAINS[name], server_of_upstream.url)
    server_of_upstream.offer(world)
    with contextlib.ExitStack() as stack:
        if name == "plain":
            instance = request.getfixturevalue("plain_instance")
        else:
            instance = stack.enter_context(start(name, tmp_path_factory))
        build(instance, world, tmp_path_factory.mktemp("world"))
        stock = stack.enter_context(
            instance.further_content_app(CONTENTROUTES_ACCELERATE_CONTENT_PREFIX="false")
        )
        made = Arena(world, name == "domains", stock, instance.content_port, tally)
        yield made
        made.close()
