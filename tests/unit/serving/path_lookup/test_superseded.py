"""Files of superseded publications are served until they expire."""

import time
from datetime import UTC, datetime

import pytest

from pulp_contentroutes.serving.database import sql
from pulp_contentroutes.serving.handover import Handover
from pulp_contentroutes.serving.model import Missing, Representation
from tests.rows import ENTERED, stored
from tests.unit.serving.path_lookup.conftest import ROOT, World, expiring, file_of, snapshot

NOW = 1_800_000_000.0


async def test_a_superseded_file_is_served_until_it_expires(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = NOW
    monkeypatch.setattr(time, "time", lambda: now)
    expiring(world, datetime.fromtimestamp(NOW + 10, UTC))
    found = await world.superseded()
    now = NOW + 9.9
    assert await world.superseded() is found
    now = NOW + 10
    assert await world.superseded() is not found
    assert world.database.count(sql.LOOK_UP_SUPERSEDED) == 2
    assert world.database.values[0] == (world.snapshot.distribution_id, "x")


async def test_a_superseded_file_that_never_expires_is_cached_for_good(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    expiring(world, None)
    found = await world.superseded()
    monkeypatch.setattr(time, "time", lambda: 10 * NOW)
    assert await world.superseded() is found
    assert isinstance(found, Representation)
    assert found.validators.last_modified == int(ENTERED.timestamp())
    assert file_of(found).name == f"{ROOT}/f"
    assert world.named == ["x"]


async def test_a_superseded_miss_is_cached_too(world: World) -> None:
    for _ in range(2):
        assert await world.superseded() is Missing.PROVEN
    assert world.database.count(sql.LOOK_UP_SUPERSEDED) == 1


async def test_a_superseded_file_at_its_upstream_is_handed_over(world: World) -> None:
    world.database.superseded["x"] = {**stored("f", 1), "artifact_id": None}
    assert await world.superseded() is Handover.NOT_DOWNLOADED


async def test_superseded_files_are_cached_by_plan(world: World) -> None:
    """The distribution may have superseded another publication since."""
    expiring(world, None)
    found = await world.superseded()
    world.snapshot = snapshot()
    assert await world.superseded() is not found


async def test_nothing_is_cached_for_an_outdated_plan(world: World) -> None:
    expiring(world, None)
    world.snapshot = snapshot(is_current=False)
    for _ in range(2):
        assert isinstance(await world.superseded(), Representation)
    assert await world.superseded("missing") is Missing.PROVEN
    world.snapshot.is_current = True
    await world.superseded()
    assert world.database.count(sql.LOOK_UP_SUPERSEDED) == 4
