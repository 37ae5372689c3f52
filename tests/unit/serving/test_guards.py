"""The lifetime of guards in memory: until a change is announced, or found by comparison."""

import asyncio
from uuid import UUID, uuid4

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from pulp_contentroutes.serving.access import guards as module
from pulp_contentroutes.serving.access.guards import Guard, GuardNeeds, KnownGuards
from pulp_contentroutes.serving.model import BASE_PATHS
from tests.fakes import FakeGuards

REQUEST, SLOWLY, URL, TOKEN, PULP = GuardNeeds


def refuses(request: web.Request) -> bool:
    return False


class World:
    """Known guards while the listener runs, and one guard of each kind."""

    def __init__(self) -> None:
        self.guards = FakeGuards()
        self.known = KnownGuards(self.guards)
        self.ids = {needs: self.guards.add(needs) for needs in GuardNeeds}
        self.known.resume()

    async def find(self, needs: GuardNeeds = REQUEST) -> Guard:
        guard = await self.known.find(self.ids[needs])
        assert guard is not None
        return guard

    async def permits(self) -> bool:
        request = make_mocked_request("GET", "/", {"X-Key": "yes"})
        return (await self.find()).permits(request)

    def change(self, needs: GuardNeeds = REQUEST) -> UUID:
        self.guards.put(self.ids[needs], needs, refuses)
        return self.ids[needs]

    @property
    def counts(self) -> tuple[int, int]:
        """Return the number of guards loaded, and the number compared."""
        return len(self.guards.loaded), len(self.guards.compared)


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize(("needs", "loads"), [(REQUEST, 1), (SLOWLY, 1), (TOKEN, 1), (PULP, 2)])
async def test_a_guard_is_loaded_once_unless_it_asks_pulp(
    world: World, needs: GuardNeeds, loads: int
) -> None:
    for _ in range(2):
        await world.find(needs)
    assert world.counts == (loads, 0)
    assert (world.known.get_nowait(world.ids[needs]) is None) is (needs is PULP)


async def test_a_guard_that_is_gone_is_asked_for_each_time(world: World) -> None:
    gone = uuid4()
    assert [await world.known.find(gone) for _ in range(2)] == [None, None]
    assert world.guards.loaded == [gone] * 2


async def test_only_a_change_of_the_guard_invalidates_it(world: World) -> None:
    await world.find()
    await world.find(TOKEN)
    world.known.invalidate([BASE_PATHS, str(world.ids[SLOWLY]), str(world.ids[TOKEN])])
    await world.find()
    assert world.counts == (2, 0)
    await world.find(TOKEN)
    assert world.counts == (3, 0)


async def test_a_change_of_anything_leaves_no_guard(world: World) -> None:
    await world.find()
    world.known.reset()
    assert world.known.get_nowait(world.ids[REQUEST]) is None
    await world.find()
    assert world.counts == (2, 0)


@pytest.mark.parametrize("when", ["before the listener runs", "while it does not run"])
async def test_without_the_listener_each_request_compares_the_guard(
    world: World, when: str
) -> None:
    known = world.known
    if when == "before the listener runs":
        known = KnownGuards(world.guards)
    else:
        known.suspend()
    guard_id = world.ids[REQUEST]
    for _ in range(3):
        assert await known.find(guard_id) is world.guards.guards[guard_id]
        assert known.get_nowait(guard_id) is None
    assert world.counts == (1, 2)


@pytest.mark.parametrize("is_heard", [False, True])
async def test_a_change_that_was_not_heard_of_is_found_by_comparison(
    world: World, is_heard: bool
) -> None:
    """Or a guard would admit clients that its change has locked out."""
    assert await world.permits()
    world.known.suspend()
    world.change()
    if is_heard:
        world.known.resume()
        assert world.known.get_nowait(world.ids[REQUEST]) is None
    assert not await world.permits()
    assert world.counts == (2, 1)


async def test_after_a_time_of_silence_each_guard_is_compared_once(world: World) -> None:
    await world.find()
    world.known.suspend()
    world.known.resume()
    for _ in range(2):
        await world.find()
    assert world.counts == (1, 1)


async def test_a_guard_that_went_while_nothing_was_heard_is_gone(world: World) -> None:
    await world.find()
    world.known.suspend()
    guard_id = world.ids[REQUEST]
    del world.guards.guards[guard_id]
    assert [await world.known.find(guard_id) for _ in range(2)] == [None, None]


@pytest.mark.parametrize("is_trusted", [True, False])
async def test_concurrent_requests_share_a_load_only_while_the_listener_runs(
    world: World, is_trusted: bool
) -> None:
    if not is_trusted:
        world.known.suspend()
    world.guards.gate = asyncio.Event()
    loads = [asyncio.create_task(world.permits()) for _ in range(3)]
    await asyncio.sleep(0)
    world.guards.gate.set()
    assert await asyncio.gather(*loads) == [True] * 3
    assert world.counts == (1 if is_trusted else 3, 0)


async def test_each_guard_has_a_load_of_its_own(world: World) -> None:
    world.guards.gate = asyncio.Event()
    loads = [asyncio.create_task(world.find(needs)) for needs in (REQUEST, TOKEN, SLOWLY)]
    await asyncio.sleep(0)
    world.guards.gate.set()
    assert [(await each).needs for each in loads] == [REQUEST, TOKEN, SLOWLY]
    assert world.counts == (3, 0)


@pytest.mark.parametrize("is_shared", [False, True])
@pytest.mark.parametrize("change", ["of the guard", "of anything", "missed"])
async def test_a_guard_that_was_loaded_before_a_change_is_neither_trusted_nor_shared(
    world: World, change: str, is_shared: bool
) -> None:
    """The old guard may admit clients that the change was meant to lock out."""
    world.guards.gate = asyncio.Event()
    early = asyncio.create_task(world.permits())
    await asyncio.sleep(0)
    guard_id = world.change()
    if change == "missed":
        world.known.resume()
    elif change == "of anything":
        world.known.reset()
    else:
        world.known.invalidate([str(guard_id)])
    late = asyncio.create_task(world.permits()) if is_shared else None
    await asyncio.sleep(0)
    world.guards.gate.set()
    assert await early is True
    assert late is None or await late is False
    assert await world.permits() is False
    assert len(world.guards.loaded) == 2


@pytest.mark.parametrize("is_trusted", [True, False])
async def test_the_number_of_guards_is_bounded(
    world: World, monkeypatch: pytest.MonkeyPatch, is_trusted: bool
) -> None:
    monkeypatch.setattr(module, "_GUARDS", 1)
    known = KnownGuards(world.guards)
    if is_trusted:
        known.resume()
    for needs in (REQUEST, TOKEN, REQUEST):
        await known.find(world.ids[needs])
    assert world.counts == (3, 0)
