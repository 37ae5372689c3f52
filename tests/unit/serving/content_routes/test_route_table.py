"""The table of routes: as the database has it, and never older than a change that was heard of."""

import asyncio
from uuid import uuid4

import pytest

from pulp_contentroutes.serving.model import ROUTES
from pulp_contentroutes.serving.resolve import route_table as module
from pulp_contentroutes.serving.routing.content_routes import Serve
from tests.unit.serving.content_routes.conftest import MOST, World


async def test_every_route_is_read_and_then_found_without_a_statement(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PAGE", 3)
    for number in range(MOST):
        world.database.add_route(f"/r{number}/")
    world.table.resume()
    await world.settle()
    assert world.table.is_certain
    for number in range(MOST):
        assert await world.find(f"/r{number}/x") == f"/r{number}/"
    assert await world.find("/nothing/") is None
    assert world.questions == 0


async def test_before_it_was_read_each_request_asks_the_database(world: World) -> None:
    world.database.add_route("/a/")
    assert await world.find("/a/x") == "/a/"
    world.table.resume()
    assert await world.find("/a/x") == "/a/"
    assert world.questions == 2


async def test_a_change_is_seen_at_once(world: World) -> None:
    """By the first request, whether or not the table was read again by then."""
    changed = world.database.add_route("/a/")
    world.table.resume()
    await world.settle()
    world.database.routes[changed] |= {"mount": "/b/", "name": "/b/"}
    world.table.invalidate([str(changed), ROUTES])
    for _ in ("asked", "read"):
        assert (await world.find("/a/"), await world.find("/b/")) == (None, "/b/")
        await world.settle()
    assert world.table.is_certain
    assert world.questions == 2


async def test_new_routes_are_read_and_deleted_ones_are_forgotten(world: World) -> None:
    old = world.database.add_route("/old/")
    world.table.resume()
    await world.settle()
    del world.database.routes[old]
    new = world.database.add_route("/new/")
    world.table.invalidate([str(old), str(new), ROUTES])
    await world.settle()
    assert (await world.find("/old/"), await world.find("/new/")) == (None, "/new/")
    assert world.questions == 0


async def test_two_routes_exchange_their_mounts(world: World) -> None:
    one, two = world.database.add_route("/a/"), world.database.add_route("/b/")
    world.table.resume()
    await world.settle()
    for route_id, mount, name in ((one, "/b/", "one"), (two, "/a/", "two")):
        world.database.routes[route_id] |= {"mount": mount, "name": name}
    world.table.invalidate([str(one), str(two), ROUTES])
    await world.settle()
    assert (await world.find("/a/"), await world.find("/b/")) == ("two", "one")


async def test_a_route_is_read_again_when_a_row_behind_it_changes(world: World) -> None:
    distribution = uuid4()
    route_id = world.database.add_route("/a/", paths=["before"], distribution_ids=[distribution])
    world.table.resume()
    await world.settle()
    generation = world.table.generation
    world.table.invalidate([str(uuid4()), "base_paths"])
    assert world.table.generation == generation
    world.database.routes[route_id]["paths"] = ["after"]
    world.table.invalidate([str(distribution)])
    await world.settle()
    match = await world.table.find("", ["a", ""])
    assert match is not None
    assert match.route.action == Serve(("after/",))
    assert world.table.generation > generation


async def test_a_change_during_a_read_is_read_again(world: World) -> None:
    changed = world.database.add_route("/a/")
    world.table.resume()
    await world.settle()
    world.database.gate = asyncio.Event()
    world.table.invalidate([str(changed), ROUTES])
    await asyncio.sleep(0.01)
    # The statement has read the row as it was.
    world.database.routes[changed] |= {"mount": "/b/", "name": "/b/"}
    world.table.invalidate([str(changed), ROUTES])
    world.database.gate.set()
    world.database.gate = None
    await world.settle()
    assert (await world.find("/a/"), await world.find("/b/")) == (None, "/b/")
    assert world.table.is_certain


@pytest.mark.parametrize("is_first_read", [True, False])
async def test_a_change_of_a_row_behind_a_route_during_its_read_is_read_again(
    world: World, is_first_read: bool
) -> None:
    """Before it was read, nothing tells that the row is behind a route."""
    distribution = uuid4()
    route_id = world.database.add_route(
        "/a/", paths=["before"], distribution_ids=[distribution if is_first_read else uuid4()]
    )
    if not is_first_read:
        world.table.resume()
        await world.settle()
        world.database.routes[route_id] |= {"distribution_ids": [distribution]}
    world.database.gate = asyncio.Event()
    if is_first_read:
        world.table.resume()
    else:
        world.table.invalidate([str(route_id), ROUTES])
    await asyncio.sleep(0.01)
    world.database.routes[route_id] = {**world.database.routes[route_id], "paths": ["after"]}
    world.table.invalidate([str(distribution)])
    world.database.gate.set()
    world.database.gate = None
    await world.settle()
    match = await world.table.find("", ["a", ""])
    assert match is not None
    assert match.route.action == Serve(("after/",))
    assert world.table.is_certain


async def test_more_routes_than_allowed_are_not_kept(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(MOST + 1):
        world.database.add_route(f"/r{number}/")
    world.table.resume()
    await world.settle()
    assert not world.table.is_certain
    assert not world.table.may_match("/r3/")
    assert "CONTENTROUTES_CACHED_ROUTES" in caplog.text
    assert await world.find("/r3/") == "/r3/"
    assert world.questions == 1
    # Changes are of no use then, and are not collected.
    world.table.invalidate([str(uuid4()), ROUTES])
    assert world.table._changed == set()
    assert world.table._heard is None


async def test_everything_is_read_again_after_a_reset(world: World) -> None:
    route_id = world.database.add_route("/a/")
    world.table.resume()
    await world.settle()
    del world.database.routes[route_id]
    world.table.reset()
    assert await world.find("/a/") is None
    await world.settle()
    assert world.table.is_certain
    assert await world.find("/a/") is None
    assert world.questions == 1


async def test_a_reset_during_a_read_begins_again(world: World) -> None:
    world.database.add_route("/a/")
    world.database.gate = asyncio.Event()
    world.table.resume()
    await asyncio.sleep(0.01)
    world.database.routes.clear()
    world.table.reset()
    world.database.gate.set()
    world.database.gate = None
    await world.settle()
    assert world.table.is_certain
    assert await world.find("/a/") is None
    assert world.questions == 0
