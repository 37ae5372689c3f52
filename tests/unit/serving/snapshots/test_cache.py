"""Snapshots are cached within bounds, and share the queries that load them."""

import asyncio
from collections.abc import Callable
from uuid import uuid4

import pytest

from pulp_contentroutes.serving.handover import Handover
from pulp_contentroutes.serving.model import BASE_PATHS, Missing, Target
from pulp_contentroutes.serving.resolve import snapshots as module
from pulp_contentroutes.serving.resolve.snapshots import Snapshots
from tests.unit.serving.snapshots.conftest import World


async def test_all_paths_share_the_load_of_a_changed_distribution(world: World) -> None:
    """After a publish, all clients of a busy distribution need the new snapshot at once."""
    before = await world.snapshot("a/x")
    world.snapshots.invalidate([str(before.distribution_id)])
    snapshots = await world.database.answer_together(
        *(world.snapshot(f"a/{name}") for name in "xyz")
    )
    assert {id(snapshot) for snapshot in snapshots} == {id(snapshots[0])}
    assert snapshots[0] is not before
    assert world.loads == 2


async def test_each_distribution_has_a_query_of_its_own(world: World) -> None:
    for _ in ("unknown", "changed"):
        snapshots = await world.database.answer_together(
            *(world.snapshot(f"{name}/x") for name in "abc")
        )
        assert [snapshot.base_path for snapshot in snapshots] == ["a", "b", "c"]
        world.snapshots.invalidate(str(snapshot.distribution_id) for snapshot in snapshots)
    assert world.loads == 6


async def test_a_slow_query_of_one_distribution_does_not_hold_up_another(world: World) -> None:
    before = [await world.snapshot(f"{base_path}/x") for base_path in "ab"]
    world.snapshots.invalidate(str(snapshot.distribution_id) for snapshot in before)
    world.database.gate = asyncio.Event()
    asked = [asyncio.create_task(world.snapshot(f"{base_path}/x")) for base_path in "ab"]
    await asyncio.sleep(0)
    assert world.loads == 4
    world.database.gate.set()
    assert [(await snapshot).base_path for snapshot in asked] == ["a", "b"]


async def test_a_distribution_that_has_moved_below_its_path_is_found_there(world: World) -> None:
    before = await world.snapshot("a/deep/x")
    row = world.database.distributions.pop("a")
    world.database.distributions["a/deep"] = {**row, "base_path": "a/deep"}
    world.snapshots.invalidate([str(before.distribution_id), BASE_PATHS])
    assert (await world.snapshot("a/deep/x")).base_path == "a/deep"
    assert await world.ask("a") is Handover.SEVERAL_DISTRIBUTIONS


async def test_a_distribution_that_has_moved_above_its_path_is_found_there(world: World) -> None:
    world.database.add_distribution("d/e")
    before = await world.snapshot("d/e/x")
    row = world.database.distributions.pop("d/e")
    world.database.distributions["d"] = {**row, "base_path": "d"}
    world.snapshots.invalidate([str(before.distribution_id), BASE_PATHS])
    assert (await world.snapshot("d/e/x")).base_path == "d"


async def test_an_announcement_reaches_every_plan_that_shares_a_repository() -> None:
    """Also after one of the plans was evicted."""
    world = World(max_entries=2)
    shared = uuid4()
    for base_path in "ab":
        world.database.add_distribution(base_path, version_repository_id=shared)
    first, second, third = [await world.snapshot(f"{base_path}/x") for base_path in "abc"]
    assert (first.is_current, second.is_current, third.is_current) == (False, True, True)
    world.snapshots.invalidate([str(shared), "of something else"])
    assert (second.is_current, third.is_current) == (False, True)


async def test_a_dropped_plan_leaves_no_index_entry(world: World) -> None:
    snapshots = [await world.snapshot(f"{base_path}/x") for base_path in "abc"]
    world.snapshots.reset()
    assert not any(snapshot.is_kept for snapshot in snapshots)
    assert not world.snapshots._snapshots._by_key


@pytest.mark.parametrize("max_entries", [0, 1, 2])
async def test_plans_leave_nothing_behind_when_there_is_no_room(max_entries: int) -> None:
    world = World(max_entries=max_entries)
    snapshots = [await world.snapshot(f"{base_path}/x") for base_path in "abcabc"]
    current = {snapshot.base_path for snapshot in snapshots if snapshot.is_current}
    assert len(current) == max_entries
    indexed = {
        snapshot.base_path
        for snapshots in world.snapshots._snapshots._by_key.values()
        for snapshot in snapshots
    }
    assert indexed == current


async def test_no_more_base_paths_are_tried_than_any_distribution_has(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two thousand prefixes of a path of two thousand segments are four megabytes."""
    await world.snapshot("a/x")
    world.database.add_distribution("d/e")
    await world.snapshot("d/e/x")
    tried = list[tuple[str, str]]()
    monkeypatch.setattr(world.snapshots._snapshots, "get", tried.append)
    world.snapshots.get_nowait(Target("team", "z/" * 2000))
    assert tried == [("team", "z"), ("team", "z/z")]


async def test_a_path_without_a_distribution_is_forgotten_when_one_is_named(world: World) -> None:
    assert await world.ask("no/such") is Missing.PROVEN
    world.snapshots.invalidate([str(uuid4())])
    assert world.snapshots.get_nowait(Target("default", "no/such")) is Missing.PROVEN
    assert world.snapshots.get_nowait(Target("other", "no/such")) is None
    world.snapshots.invalidate([str(uuid4()), BASE_PATHS])
    assert world.snapshots.get_nowait(Target("default", "no/such")) is None


async def test_a_flood_of_paths_without_a_distribution_evicts_no_plan() -> None:
    world = World(max_entries=2)
    snapshot = await world.snapshot("a/x")
    for number in range(3):
        await world.ask(f"no/{number}")
    known = [world.snapshots.get_nowait(Target("default", f"no/{number}")) for number in range(3)]
    assert known == [None, Missing.PROVEN, Missing.PROVEN]
    assert await world.snapshot("a/x") is snapshot


@pytest.mark.parametrize(("more", "is_known"), [(0, True), (1, False)])
async def test_paths_without_a_distribution_are_bounded_in_bytes(more: int, is_known: bool) -> None:
    world = World()
    half = module._ABSENT_BYTES // 2 - module._OVERHEAD_ABSENT
    paths = ["x" * half, "y" * (half + more)]
    for path in paths:
        await world.ask(path)
    world.snapshots.invalidate([])
    first, second = (world.snapshots.get_nowait(Target("default", path)) for path in paths)
    assert (first is Missing.PROVEN) is is_known
    assert second is Missing.PROVEN


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(
            lambda snapshots: snapshots.invalidate(["anything"]), id="a change of anything"
        ),
        pytest.param(lambda snapshots: snapshots.resume(), id="a reconnected listener"),
    ],
)
@pytest.mark.parametrize("path", ["a/x", "no/such"])
async def test_rows_read_before_a_change_are_not_cached(
    world: World, path: str, change: Callable[[Snapshots], None]
) -> None:
    world.database.gate = asyncio.Event()
    asked = asyncio.create_task(world.ask(path))
    await asyncio.sleep(0)
    change(world.snapshots)
    world.database.gate.set()
    await asked
    assert world.snapshots.get_nowait(Target("default", path)) is None
