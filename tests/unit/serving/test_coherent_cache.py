"""A value is served only while it is true: the cache behind everything that is remembered."""

import asyncio
from dataclasses import dataclass

import pytest

from pulp_contentroutes.serving.coherence.coherent_cache import CoherentCache, Kept


@dataclass(slots=True, eq=False)
class Value(Kept):
    text: str


Cache = CoherentCache[str, Value]


def make(max_entries: int = 10, *, keeps_doubted: bool = False) -> Cache:
    """Return a cache that gets news: the key `of x` concerns the value `x`, `all` concerns all."""
    cache: Cache = CoherentCache(
        max_entries,
        keys_of=lambda key, _: (f"of {key}", "all"),
        is_same=lambda one, other: one.text == other.text,
        keeps_doubted=keeps_doubted,
    )
    cache.resume()
    return cache


def keep(cache: Cache, key: str = "a", text: str = "text") -> Value:
    return cache.keep(key, Value(text), cache.generation)


@pytest.mark.parametrize(("change", "is_true"), [("of a", False), ("all", False), ("of b", True)])
async def test_a_change_concerns_the_values_that_were_made_of_it(
    change: str, is_true: bool
) -> None:
    cache = make()
    value = keep(cache)
    cache.invalidate([change])
    assert (value.is_current, value.is_kept) == (is_true, is_true)
    assert cache.get_nowait("a") is (value if is_true else None)


async def test_a_value_is_doubted_from_the_first_moment_without_news_on() -> None:
    cache = make()
    value = keep(cache)
    cache.suspend()
    first = value.last_true
    assert (value.is_current, value.is_kept) == (False, True)
    await asyncio.sleep(0.001)
    cache.resume()
    cache.suspend()
    assert value.last_true == first == pytest.approx(asyncio.get_running_loop().time(), abs=10)
    assert cache.get_nowait("a") is None
    assert cache.get("a") is value


@pytest.mark.parametrize("text", ["the same", "another"])
async def test_a_doubted_value_is_kept_if_it_is_still_true(text: str) -> None:
    cache = make()
    value = keep(cache, text="the same")
    cache.suspend()
    cache.resume()
    again = keep(cache, text=text)
    assert (again is value) is (text == "the same")
    assert cache.get_nowait("a") is again
    assert (value.is_current, value.is_kept) == (again is value, again is value)


async def test_an_outdated_value_does_not_come_back() -> None:
    cache = make()
    value = keep(cache)
    cache.invalidate(["all"])
    again = keep(cache)
    assert again is not value
    assert cache.get_nowait("a") is again


@pytest.mark.parametrize("news", ["invalidate", "resume", "suspend", "reset"])
async def test_a_load_that_news_has_overtaken_is_not_kept(news: str) -> None:
    """The load may have read the earlier state, even if the news does not concern its value."""
    cache = make(keeps_doubted=True)
    generation = cache.generation
    getattr(cache, news)(*([["of b"]] if news == "invalidate" else []))
    late = cache.keep("a", Value("late"), generation)
    assert (late.is_current, late.is_kept, cache.get("a")) == (False, False, None)
    assert not cache.is_lasting(generation)


async def test_a_load_that_was_overtaken_leaves_a_newer_value_and_takes_a_doubted_one() -> None:
    cache = make()
    generation = cache.generation
    cache.invalidate(["all"])
    newer = keep(cache, text="newer")
    cache.keep("a", Value("late"), generation)
    assert cache.get_nowait("a") is newer
    cache.suspend()
    cache.keep("a", Value("late"), generation)
    assert cache.get("a") is None


@pytest.mark.parametrize("keeps_doubted", [False, True])
async def test_without_news_a_value_is_kept_only_to_be_compared(keeps_doubted: bool) -> None:
    cache = make(keeps_doubted=keeps_doubted)
    cache.suspend()
    value = keep(cache)
    assert (value.is_current, value.is_kept) == (False, keeps_doubted)
    assert cache.get("a") is (value if keeps_doubted else None)


@pytest.mark.parametrize("is_reset", [False, True])
async def test_a_value_that_has_left_is_told_and_leaves_nothing(is_reset: bool) -> None:
    """A request may still hold the value, and news does not reach it any more."""
    cache = make(1)
    value = keep(cache)
    if is_reset:
        cache.reset()
    else:
        keep(cache, "b")
        cache.discard("b")
    assert (value.is_current, value.is_kept, len(cache)) == (False, False, 0)
    assert not cache._by_key


async def test_without_room_nothing_is_kept() -> None:
    cache = make(0)
    value = keep(cache)
    assert (value.is_current, len(cache), cache._by_key) == (False, 0, {})


@pytest.mark.parametrize("is_trusted", [True, False])
async def test_loads_are_shared_while_changes_are_heard_of(is_trusted: bool) -> None:
    cache = make()
    if not is_trusted:
        cache.suspend()
    begun: list[None] = []

    async def load() -> int:
        begun.append(None)
        await asyncio.sleep(0)
        return len(begun)

    await asyncio.gather(*(cache.run("a", load) for _ in range(3)))
    assert len(begun) == (1 if is_trusted else 3)


async def test_nobody_joins_a_load_that_began_before_a_change() -> None:
    cache = make()
    gate = asyncio.Event()

    async def load_early() -> str:
        await gate.wait()
        return "early"

    async def load_late() -> str:
        return "late"

    early = asyncio.create_task(cache.run("a", load_early))
    await asyncio.sleep(0)
    cache.invalidate(["anything"])
    assert await cache.run("a", load_late) == "late"
    gate.set()
    assert await early == "early"
