"""Without the listener nothing is cached, and without the database stale snapshots are used."""

import asyncio
from uuid import uuid4

import pytest

from pulp_contentroutes.serving.database import sql
from pulp_contentroutes.serving.errors import DatabaseUnavailable
from pulp_contentroutes.serving.model import Missing, Snapshot, Target
from tests.unit.serving.conftest import STALE_SECONDS, FastPath
from tests.unit.serving.snapshots.conftest import FILE, World, snapshot_of


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


async def test_without_the_listener_every_request_asks(fast_path: FastPath) -> None:
    await snapshot_of(fast_path)
    fast_path.suspend()
    fast_path.database.asked.clear()
    snapshots = await fast_path.database.answer_together(
        *(snapshot_of(fast_path) for _ in range(3))
    )
    assert len(set(snapshots)) == 3
    assert fast_path.database.count(sql.SNAPSHOT) == 3


SILENCES = {
    "while nothing is heard": ("suspend",),
    "right after changes are heard again": ("suspend", "resume"),
    "in the second silence": ("suspend", "resume", "suspend"),
}


@pytest.mark.parametrize("silence", SILENCES)
async def test_what_was_in_memory_is_served_for_a_while_when_the_database_is_down(
    fast_path: FastPath, monkeypatch: pytest.MonkeyPatch, silence: str
) -> None:
    """Or all readers would be left to Pulp's handler, which waits for the database, too."""
    before = await snapshot_of(fast_path)
    for news in SILENCES[silence]:
        getattr(fast_path, news)()
    fast_path.database.is_down = True
    assert await snapshot_of(fast_path) is before
    with pytest.raises(DatabaseUnavailable):
        await snapshot_of(fast_path, Target("default", "never/asked"))
    monkeypatch.setattr(fast_path.snapshots, "_stale_if_error", 0.0)
    with pytest.raises(DatabaseUnavailable):
        await snapshot_of(fast_path)


async def test_a_load_that_fails_ends_in_the_plan_that_another_one_has_brought(
    fast_path: FastPath,
) -> None:
    """The first load lost its connection; the next one found the database available again."""
    before = await snapshot_of(fast_path)
    fast_path.suspend()
    cut_off = fast_path.database.gate = asyncio.Event()
    early = asyncio.create_task(snapshot_of(fast_path))
    await asyncio.sleep(0)
    fast_path.resume()
    fast_path.database.gate = None
    assert await snapshot_of(fast_path) is before
    fast_path.database.is_down = True
    cut_off.set()
    assert await early is before


@pytest.mark.parametrize("silence", SILENCES)
async def test_what_is_known_to_have_changed_is_never_served_stale(
    fast_path: FastPath, silence: str
) -> None:
    before = await snapshot_of(fast_path)
    fast_path.invalidate(before.keys)
    for news in SILENCES[silence]:
        getattr(fast_path, news)()
    fast_path.database.is_down = True
    with pytest.raises(DatabaseUnavailable):
        await snapshot_of(fast_path)


@pytest.mark.parametrize("is_heard", [False, True])
async def test_what_went_in_a_time_of_silence_is_not_served_stale(
    fast_path: FastPath, is_heard: bool
) -> None:
    await snapshot_of(fast_path)
    fast_path.suspend()
    del fast_path.database.distributions["base"]
    if is_heard:
        fast_path.resume()
    assert await fast_path.resolver.snapshot(FILE) is Missing.PROVEN
    fast_path.suspend()
    fast_path.database.is_down = True
    with pytest.raises(DatabaseUnavailable):
        await snapshot_of(fast_path)


@pytest.mark.parametrize("news", ["invalidate", "reset"])
async def test_what_was_doubted_is_not_served_stale_once_it_has_changed(
    fast_path: FastPath, news: str
) -> None:
    before = await snapshot_of(fast_path)
    fast_path.suspend()
    fast_path.resume()
    getattr(fast_path, news)(*([before.keys] if news == "invalidate" else []))
    fast_path.database.is_down = True
    with pytest.raises(DatabaseUnavailable):
        await snapshot_of(fast_path)
