"""A world in each Pulp, with domains and without, and the summary of the comparison."""

import contextlib
import os
from collections.abc import Iterator

import pytest

from tests.differential.arena import Arena
from tests.differential.random_worlds import random_world
from tests.differential.tally import Tally
from tests.harness.pulp import Pulp
from tests.harness.standalone import run_pulp
from tests.harness.upstream import Upstream, run_upstream

#: Another one makes other worlds and other questions.
SEED = int(os.environ.get("DIFFERENTIAL_SEED", "1"))
SEEDS = [SEED, *(pytest.param(SEED + more, marks=pytest.mark.exhaustive) for more in (1, 2))]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Count when all is counted."""
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


@pytest.fixture(scope="module", params=SEEDS, ids="seed {}".format)
def arena(
    request: pytest.FixtureRequest,
    pulp: Pulp,
    tmp_path_factory: pytest.TempPathFactory,
    server_of_upstream: Upstream,
    tally: Tally,
) -> Iterator[Arena]:
    """The world of a seed in a Pulp, a content app that is not accelerated, and ours."""
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
        stock = stack.enter_context(
            instance.further_content_app(CONTENTROUTES_ACCELERATE_CONTENT_PREFIX="false")
        )
        ports = stock, instance.content_port
        made = Arena(world, request.param, bool(pulp.domain), *ports, tally)
        yield made
        made.close()
