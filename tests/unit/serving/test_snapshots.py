"""The fields of a snapshot, and the cache of snapshots: bounds, invalidation, stale answers."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from pulp_contentroutes.serving.database import sql
from pulp_contentroutes.serving.errors import DatabaseUnavailable
from pulp_contentroutes.serving.handover import Handover
from pulp_contentroutes.serving.model import BASE_PATHS, Missing, Snapshot, Target
from pulp_contentroutes.serving.resolve import snapshots as module
from pulp_contentroutes.serving.resolve.snapshots import DistributionTypes, Resolved, Snapshots
from tests.fakes import FakeDatabase, FakeStorages
from tests.unit.serving.conftest import STALE_SECONDS, TYPES


class World:
    """Snapshots while the listener runs, and the distributions `a`, `b`, `c`."""

    def __init__(
        self,
        max_entries: int = 100,
        root: Path | None = Path("/root"),
        is_trusted: bool = True,
        types: DistributionTypes = TYPES,
    ) -> None:
        self.database, self.storages = FakeDatabase(), FakeStorages(root)
        self.snapshots = Snapshots(self.database, self.storages, types, max_entries, STALE_SECONDS)
        if is_trusted:
            self.snapshots.resume()
        for base_path in "abc":
            self.database.add_distribution(base_path)

    @property
    def loads(self) -> int:
        return self.database.count(sql.SNAPSHOT)

    async def ask(self, path: str) -> Resolved:
        target = Target("default", path)
        return self.snapshots.get_nowait(target) or await self.snapshots.find(target)

    async def snapshot(self, path: str) -> Snapshot:
        snapshot = await self.ask(path)
        assert isinstance(snapshot, Snapshot)
        return snapshot


@pytest.fixture
def world() -> World:
    return World()


# Fields.


@pytest.mark.parametrize(
    ("path", "lengths", "directory"),
    [("a/x", [1, 3], "a/x/"), ("a/x/", [1, 3], "a/x/"), ("no", [2], "no/")],
)
async def test_the_base_paths_and_the_directory_are_asked_for(
    world: World, path: str, lengths: list[int], directory: str
) -> None:
    await world.snapshots.find(Target("team", path))
    assert world.database.values == [("team", lengths, ["file.file"], directory)]


async def test_a_plan_has_the_fields_of_its_distribution(world: World) -> None:
    guard_id, repository_id = uuid4(), uuid4()
    row = world.database.add_distribution(
        "a", content_guard_id=guard_id, repository_id=repository_id, checkpoint=True,
        has_fallback=True,
    )  # fmt: skip
    snapshot = await world.snapshot("a/x")
    assert (snapshot.distribution_id, snapshot.base_path) == (row["distribution_id"], "a")
    assert (snapshot.guard_id, snapshot.repository_id) == (guard_id, repository_id)
    assert (snapshot.is_checkpoint, snapshot.has_fallback, snapshot.root) == (True, True, "/root")
    state = (row["domain_updated"], row["storage_class"], row["storage_settings"])
    assert world.storages.asked == [(row["domain_id"], state)]
    other = await world.snapshot("b/x")
    assert (other.guard_id, other.repository_id) == (None, None)
    assert (other.is_checkpoint, other.has_fallback) == (False, False)
    assert snapshot.is_current
    assert other.is_current


async def test_nothing_superseded_is_served_where_pulp_retains_nothing() -> None:
    """If the retention is set to 0, rows that never expire are left over."""
    world = World(types=replace(TYPES, retain_superseded=False))
    world.database.add_distribution("a", has_fallback=True)
    assert not (await world.snapshot("a/x")).has_fallback


@pytest.mark.parametrize(
    ("values", "serves_version"),
    [
        pytest.param({}, False, id="a publication"),
        pytest.param({"pass_through": True}, True, id="a publication that passes through"),
        pytest.param({"publishes": False, "publication_id": None}, True, id="a version"),
        pytest.param({"publication_id": None}, None, id="a version of a type that publishes"),
        pytest.param({"publication_id": None, "version_id": None}, None, id="nothing yet"),
    ],
)
async def test_a_type_that_serves_publications_serves_no_version_without_one(
    world: World, values: dict[str, Any], serves_version: bool | None
) -> None:
    row = world.database.add_distribution("a", **values)
    content_set = (await world.snapshot("a/x")).content_set
    assert (content_set and content_set.serves_version) is serves_version
    assert content_set is None or content_set.key == (row["publication_id"] or row["version_id"])


async def test_artifacts_outside_the_file_system_are_left_to_pulp() -> None:
    world = World(root=None)
    snapshot = await world.snapshot("a/x")
    assert (snapshot.handover, snapshot.root) == (Handover.OBJECT_STORAGE, "")


# The cache.


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


# Without the listener.


async def test_nothing_is_cached_until_the_listener_runs() -> None:
    world = World(is_trusted=False)
    assert await world.snapshot("a/x") is not await world.snapshot("a/x")
    assert world.loads == 2
    world.snapshots.suspend()
    world.database.is_down = True
    with pytest.raises(DatabaseUnavailable):
        await world.ask("a/x")


@pytest.mark.parametrize("change", ["publication_id", "distribution"])
async def test_content_that_was_seen_to_be_replaced_does_not_come_back(
    world: World, change: str
) -> None:
    """The listener is lost, a publish is seen, and then the database is lost, too."""
    await world.snapshot("a/x")
    world.snapshots.suspend()
    if change == "distribution":
        del world.database.distributions["a"]
    else:
        world.database.distributions["a"][change] = uuid4()
    await world.ask("a/x")
    world.database.is_down = True
    with pytest.raises(DatabaseUnavailable):
        await world.ask("a/x")


async def test_content_that_was_seen_again_is_still_served_without_the_database(
    world: World,
) -> None:
    snapshot = await world.snapshot("a/x")
    world.snapshots.suspend()
    assert await world.snapshot("a/x") is not snapshot
    world.database.is_down = True
    assert await world.ask("a/x") is snapshot


@pytest.mark.parametrize("path", ["a/x", "no/such"])
async def test_nothing_is_cached_while_the_listener_is_down(world: World, path: str) -> None:
    world.snapshots.suspend()
    read = await world.ask(path)
    assert read is Missing.PROVEN or (isinstance(read, Snapshot) and not read.is_current)
    world.database.is_down = True
    with pytest.raises(DatabaseUnavailable):
        await world.ask(path)


async def test_the_stale_period_starts_when_the_listener_is_first_lost(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`suspend` is called repeatedly while it is down; this must not prolong the stale period."""
    snapshot = await world.snapshot("a/x")
    now = 1000.0
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now)
    world.snapshots.suspend()
    world.database.is_down = True
    now += STALE_SECONDS
    world.snapshots.suspend()
    assert await world.ask("a/x") is snapshot
    now += 1
    with pytest.raises(DatabaseUnavailable):
        await world.ask("a/x")
    monkeypatch.undo()
