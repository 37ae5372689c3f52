"""After a period without notifications, each cached path is looked up once more."""

import asyncio
from typing import Any

import pytest

from pulp_contentroutes.serving.database import sql
from pulp_contentroutes.serving.errors import DatabaseUnavailable
from pulp_contentroutes.serving.handover import Handover
from pulp_contentroutes.serving.model import Missing, Representation
from tests.rows import NOTHING, stored
from tests.unit.serving.path_lookup.conftest import ROOT, World, expiring, file_of


async def test_after_a_time_of_silence_a_file_is_looked_up_once_more(world: World) -> None:
    world.add("x")
    found = await world.found("x")
    world.lookups.resume()
    for _ in range(2):
        assert await world.found("x") is found
    assert found.is_current
    assert world.database.count(sql.LOOK_UP) == 2


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        pytest.param(NOTHING, Missing.PROVEN, id="gone"),
        pytest.param(
            {**stored("f", 1), "artifact_id": None}, Handover.NOT_DOWNLOADED, id="reclaimed"
        ),
    ],
)
async def test_a_file_that_has_lost_its_artifact_in_a_time_of_silence_is_not_served(
    world: World, row: dict[str, Any], expected: Missing | Handover
) -> None:
    """Nor is it served when the database fails afterwards."""
    world.add("x")
    await world.found("x")
    world.lookups.resume()
    world.database.files["x"] = row
    for _ in range(2):
        assert await world.lookups.find(world.content_set, "x", ROOT) is expected
    if expected is Handover.NOT_DOWNLOADED:
        world.database.is_down = True
        with pytest.raises(DatabaseUnavailable):
            await world.found("x")


async def test_a_file_that_has_another_artifact_since_is_another_file(world: World) -> None:
    world.add("x")
    before = await world.found("x")
    world.lookups.resume()
    row = world.add("x")
    after = await world.found("x")
    assert after is not before
    assert file_of(after).artifact_id == row["artifact_id"]
    assert await world.found("x") is after


async def test_what_was_found_is_served_when_the_database_fails_after_a_time_of_silence(
    world: World,
) -> None:
    """A file can change only by the loss of its artifact."""
    world.add("x")
    found = await world.found("x")
    world.lookups.resume()
    world.database.is_down = True
    assert await world.found("x") is found
    with pytest.raises(DatabaseUnavailable):
        await world.found("never asked for")
    world.lookups.reset()
    with pytest.raises(DatabaseUnavailable):
        await world.found("x")


async def test_a_file_whose_artifact_goes_during_a_load_that_fails_is_not_served(
    world: World,
) -> None:
    world.add("x")
    found = await world.found("x")
    world.lookups.resume()
    gate = world.database.gate = asyncio.Event()
    loading = asyncio.create_task(world.found("x"))
    await world.database.until_asked(sql.LOOK_UP, 2)
    file_of(found).is_current = False
    world.database.is_down = True
    gate.set()
    with pytest.raises(DatabaseUnavailable):
        await loading


@pytest.mark.parametrize("news", ["resume", "invalidate", "reset"])
@pytest.mark.parametrize("is_there", [True, False])
async def test_a_load_that_a_change_has_overtaken_is_asked_for_once_more(
    world: World, news: str, is_there: bool
) -> None:
    """The statement of the load may have read the state before the change."""
    if is_there:
        world.add("x")
    gate = world.database.gate = asyncio.Event()
    loading = asyncio.create_task(world.lookups.find(world.content_set, "x", ROOT))
    await world.database.until_asked(sql.LOOK_UP)
    getattr(world.lookups, news)(*([["anything"]] if news == "invalidate" else []))
    world.database.gate = None
    gate.set()
    await loading
    row = world.add("x")
    found = await world.found("x")
    assert file_of(found).artifact_id == row["artifact_id"]
    assert await world.found("x") is found
    assert world.database.count(sql.LOOK_UP) == 2


async def test_a_miss_is_asked_for_once_more_after_a_time_of_silence(world: World) -> None:
    """Another publication may have been superseded since."""
    assert await world.superseded() is Missing.PROVEN
    world.lookups.resume()
    expiring(world, None)
    assert isinstance(await world.superseded(), Representation)


@pytest.mark.parametrize("is_kept", [True, False])
async def test_a_superseded_file_is_served_when_the_database_fails_if_its_plan_is(
    world: World, is_kept: bool
) -> None:
    expiring(world, None)
    found = await world.superseded()
    world.snapshot.is_current = False
    world.snapshot.last_true = 1.0 if is_kept else None
    world.lookups.resume()
    world.database.is_down = True
    if is_kept:
        assert await world.superseded() is found
    else:
        with pytest.raises(DatabaseUnavailable):
            await world.superseded()
