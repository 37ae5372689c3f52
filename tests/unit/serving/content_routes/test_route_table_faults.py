"""The table of routes without the database, without its notifications, and after faults."""

import asyncio

import pytest

from pulp_contentroutes.serving.errors import DatabaseUnavailable
from pulp_contentroutes.serving.model import ROUTES
from pulp_contentroutes.serving.resolve import route_table as module
from tests.rows import route_row
from tests.unit.serving.content_routes.conftest import World


async def test_while_changes_are_not_heard_of_each_request_asks(world: World) -> None:
    route_id = world.database.add_route("/a/")
    world.table.resume()
    await world.settle()
    world.table.suspend()
    del world.database.routes[route_id]
    assert await world.find("/a/") is None
    assert world.questions == 1
    world.table.resume()
    await world.settle()
    assert await world.find("/a/") is None
    assert world.questions == 1


async def test_without_the_database_the_last_true_table_is_used_for_a_while(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.database.add_route("/a/")
    world.table.resume()
    await world.settle()
    world.table.suspend()
    world.database.is_down = True
    assert await world.find("/a/") == "/a/"
    monkeypatch.setattr(world.table, "_stale_if_error", -1.0)
    with pytest.raises(DatabaseUnavailable):
        await world.find("/a/")


async def test_a_table_with_a_change_that_was_not_read_is_not_used_without_the_database(
    world: World,
) -> None:
    changed = world.database.add_route("/a/")
    world.table.resume()
    await world.settle()
    # For a while, the last true table would be used.
    world.table.suspend()
    world.table.resume()
    await world.settle()
    world.database.is_down = True
    world.table.invalidate([str(changed), ROUTES])
    with pytest.raises(DatabaseUnavailable):
        await world.find("/a/")
    world.table.suspend()
    with pytest.raises(DatabaseUnavailable):
        await world.find("/a/")


async def test_a_failed_read_is_repeated(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "_RETRY_SECONDS", 0)
    route_id = world.database.add_route("/a/")
    world.table.resume()
    await world.settle()
    world.database.is_down = True
    del world.database.routes[route_id]
    world.table.invalidate([str(route_id), ROUTES])
    await world.settle()
    assert "were not read: It is down." in caplog.text
    world.database.is_down = False
    await world.settle()
    assert world.table.is_certain
    assert await world.find("/a/") is None
    assert world.questions == 0


async def test_a_read_that_fails_is_made_by_the_task_that_is_started_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And not only after the next change."""
    world = World()
    world.database.add_route("/a/")

    def fail(row: object) -> None:
        raise RuntimeError("a fault of ours")

    with monkeypatch.context() as patch:
        patch.setattr(module, "route_of", fail)
        world.table.resume()
        with pytest.raises(RuntimeError):
            await world.table.run()
    reading = asyncio.create_task(world.table.run())
    await world.settle()
    assert world.table.is_certain
    reading.cancel()


async def test_a_row_that_no_serializer_has_written_is_not_used(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    broken = route_row("/a/", location="//evil.example/")
    world.database.routes[broken["pulp_id"]] = broken
    world.database.add_route("/b/")
    world.table.resume()
    await world.settle()
    assert (await world.find("/a/"), await world.find("/b/")) == (None, "/b/")
    assert f"The content route {broken['pulp_id']} is not used" in caplog.text
