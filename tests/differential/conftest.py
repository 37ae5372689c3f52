"""A world in each Pulp, with domains and without, and the summary of the comparison."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.differential.comparison import Arena
from tests.differential.dataset import World
from tests.differential.random_datasets import random_world
from tests.differential.report import Tally
from tests.harness.pulp import Pulp
from tests.harness.standalone import Standalone, run_pulp
from tests.harness.upstream import Upstream, run_upstream

#: Another seed makes other worlds and other questions.
SEED = int(os.environ.get("DIFFERENTIAL_SEED", "1"))
SEEDS = [SEED, *(pytest.param(SEED + more, marks=pytest.mark.exhaustive) for more in (1, 2))]

NOT_ACCELERATED = {"CONTENTROUTES_ACCELERATE_CONTENT_PREFIX": "false"}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the test last that needs all counts."""
    items.sort(key=lambda item: item.name == "test_every_row_of_the_table_is_needed")


@pytest.fixture(scope="session")
def tally(notes: list[str]) -> Iterator[Tally]:
    counts = Tally()
    yield counts
    notes += counts.lines()


@pytest.fixture(scope="session")
def server_of_upstream() -> Iterator[Upstream]:
    with run_upstream() as server:
        yield server


@dataclass(frozen=True, slots=True)
class Place:
    """A Pulp that has the world of a seed."""

    instance: Standalone
    world: World
    seed: int
    has_domains: bool
    tally: Tally

    @contextlib.contextmanager
    def open(self, our_port: int, *, retains: bool = True, **settings: str) -> Iterator[Arena]:
        """Run a content app that is not accelerated, and compare the one on `our_port` with it."""
        stock = self.instance.further_content_app(**settings, **NOT_ACCELERATED)
        with stock as stock_port:
            ports = stock_port, our_port
            arena = Arena(self.world, self.seed, self.has_domains, *ports, self.tally, retains)
            yield arena
            arena.close()


@pytest.fixture(scope="module", params=SEEDS, ids="seed {}".format)
def place(
    request: pytest.FixtureRequest,
    pulp: Pulp,
    tmp_path_factory: pytest.TempPathFactory,
    server_of_upstream: Upstream,
    tally: Tally,
) -> Iterator[Place]:
    domains = ("default", "other") if pulp.domain else ("default",)
    world = random_world(request.param, domains, server_of_upstream.url)
    server_of_upstream.files = world.files_at(server_of_upstream.url)
    description = world.save(tmp_path_factory.mktemp("world"))
    with contextlib.ExitStack() as stack:
        instance = pulp.instance
        if request.param != SEED:
            data = tmp_path_factory.mktemp("seed") / "data"
            settings = {"DOMAIN_ENABLED": "true"} if pulp.domain else {}
            other = run_pulp(data, "--content-workers", "1", settings=settings)
            instance = stack.enter_context(other)
        instance.console.run(
            f"from tests.differential.django_builder import build; build({str(description)!r})"
        )
        yield Place(instance, world, request.param, bool(pulp.domain), tally)


@pytest.fixture(scope="module")
def arena(place: Place) -> Iterator[Arena]:
    with place.open(place.instance.content_port) as arena:
        yield arena
