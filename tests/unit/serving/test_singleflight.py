"""Concurrent callers share one load, and are independent of the cancellation of others."""

import asyncio
import contextlib
import gc
import weakref

import pytest

from pulp_contentroutes.serving.coherence.singleflight import SingleFlight


class Load:
    """A load that counts its runs and ends when it is told to."""

    def __init__(self) -> None:
        self.runs = 0
        self.gate = asyncio.Event()

    async def __call__(self) -> int:
        self.runs += 1
        run = self.runs
        await self.gate.wait()
        return run


async def test_everyone_who_asks_meanwhile_shares_one_load() -> None:
    flights: SingleFlight[str, int] = SingleFlight()
    load = Load()
    waiting = [asyncio.create_task(flights.run("k", load)) for _ in range(10)]
    await asyncio.sleep(0)
    load.gate.set()
    assert set(await asyncio.gather(*waiting)) == {1}
    assert load.runs == 1
    assert len(flights) == 0


async def test_another_key_has_a_load_of_its_own() -> None:
    flights: SingleFlight[str, int] = SingleFlight()
    load = Load()
    load.gate.set()
    assert await flights.run("a", load) == 1
    assert await flights.run("b", load) == 2


async def test_a_client_that_leaves_ends_nobody_elses_load() -> None:
    flights: SingleFlight[str, int] = SingleFlight()
    load = Load()
    leaving = asyncio.create_task(flights.run("k", load))
    staying = asyncio.create_task(flights.run("k", load))
    await asyncio.sleep(0)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    load.gate.set()
    # The waiter has started a load of its own.
    assert await staying == 2


async def test_a_failure_reaches_everyone_and_is_not_kept() -> None:
    flights: SingleFlight[str, int] = SingleFlight()

    failing = Load()

    async def fail() -> int:
        await failing()
        raise ValueError("no")

    waiting = [asyncio.create_task(flights.run("k", fail)) for _ in range(3)]
    await asyncio.sleep(0)
    failing.gate.set()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(each) for each in results] == [ValueError] * 3
    assert failing.runs == 1
    load = Load()
    load.gate.set()
    assert await flights.run("k", load) == 1


async def test_nobody_joins_a_load_that_was_forgotten() -> None:
    """The load may have read data that has changed since."""
    flights: SingleFlight[str, int] = SingleFlight()
    load = Load()
    before = asyncio.create_task(flights.run("k", load))
    await asyncio.sleep(0)
    flights.forget()
    after = asyncio.create_task(flights.run("k", load))
    await asyncio.sleep(0)
    load.gate.set()
    assert (await before, await after) == (1, 2)


async def test_the_end_of_a_forgotten_load_leaves_the_newer_one_alone() -> None:
    flights: SingleFlight[str, int] = SingleFlight()
    old, new = Load(), Load()
    before = asyncio.create_task(flights.run("k", old))
    await asyncio.sleep(0)
    flights.forget()
    after = asyncio.create_task(flights.run("k", new))
    await asyncio.sleep(0)
    old.gate.set()
    await before
    joined = asyncio.create_task(flights.run("k", new))
    await asyncio.sleep(0)
    new.gate.set()
    assert (await after, await joined, new.runs) == (1, 1, 1)


async def test_who_waits_for_a_client_that_left_loads_itself() -> None:
    flights: SingleFlight[str, int] = SingleFlight()
    load = Load()
    leaving = asyncio.create_task(flights.run("k", load))
    staying = [asyncio.create_task(flights.run("k", load)) for _ in range(3)]
    await asyncio.sleep(0)
    leaving.cancel()
    while load.runs < 2:  # noqa: ASYNC110  a load has no event for it
        await asyncio.sleep(0)
    load.gate.set()
    assert await asyncio.gather(*staying) == [2, 2, 2]
    assert len(flights) == 0


async def test_a_waiter_that_leaves_cancels_nothing() -> None:
    flights: SingleFlight[str, int] = SingleFlight()
    load = Load()
    staying = asyncio.create_task(flights.run("k", load))
    await asyncio.sleep(0)
    leaving = asyncio.create_task(flights.run("k", load))
    await asyncio.sleep(0)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    load.gate.set()
    assert await staying == 1


async def test_a_failed_load_keeps_nothing_alive() -> None:
    """An exception refers to the frames of its traceback, and these to open files."""

    class File:
        pass

    opened: list[weakref.ref[File]] = []

    async def fail() -> int:
        file = File()
        opened.append(weakref.ref(file))
        raise ValueError("no")

    flights: SingleFlight[str, int] = SingleFlight()
    gc.disable()
    try:
        try:
            await flights.run("k", fail)
        except ValueError:
            pass
        assert opened[0]() is None
    finally:
        gc.enable()


async def test_a_failure_keeps_nothing_alive_for_those_who_waited() -> None:
    """The locals of a load may be open files."""

    class File:
        pass

    opened: list[weakref.ref[File]] = []

    async def fail() -> int:
        file = File()
        opened.append(weakref.ref(file))
        await asyncio.sleep(0)
        raise ValueError("no")

    async def wait() -> None:
        with contextlib.suppress(ValueError):
            await flights.run("k", fail)

    flights: SingleFlight[str, int] = SingleFlight()
    gc.disable()
    try:
        await asyncio.gather(wait(), wait(), wait())
        assert [each() for each in opened] == [None]
    finally:
        gc.enable()


async def test_a_failure_without_waiters_is_not_reported_by_asyncio() -> None:
    reported: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
    flights: SingleFlight[str, int] = SingleFlight()

    async def fail() -> int:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await flights.run("k", fail)
    gc.collect()
    assert reported == []
    assert len(flights) == 0
