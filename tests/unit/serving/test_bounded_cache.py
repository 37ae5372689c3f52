"""The cache never exceeds its bounds, whatever is put in."""

from hypothesis import given
from hypothesis import strategies as st

from pulp_contentroutes.serving.coherence.bounded_cache import BoundedCache


def weigh(key: str, value: str) -> int:
    return len(value)


def test_the_least_recently_used_entry_goes_first() -> None:
    cache: BoundedCache[str, str] = BoundedCache(2)
    cache.put("a", "1")
    cache.put("b", "2")
    assert cache.get("a") == "1"
    cache.put("c", "3")
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == ("1", None, "3")


def test_one_heavy_value_does_not_evict_the_others() -> None:
    cache: BoundedCache[str, str] = BoundedCache(10, 10, weigh)
    cache.put("a", "1")
    cache.put("b", "x" * 11)
    assert (cache.get("a"), cache.get("b"), cache.bytes) == ("1", None, 1)


def test_entries_may_fill_the_cache_exactly() -> None:
    cache: BoundedCache[str, str] = BoundedCache(2, 10, weigh)
    cache.put("a", "123")
    cache.put("b", "1234567")
    assert (cache.get("a"), cache.get("b"), cache.bytes) == ("123", "1234567", 10)
    cache.put("b", "x" * 10)
    assert (cache.get("a"), cache.get("b"), cache.bytes) == (None, "x" * 10, 10)


def test_a_cache_of_one_entry_has_the_newest() -> None:
    cache: BoundedCache[str, str] = BoundedCache(1)
    cache.put("a", "1")
    cache.put("b", "2")
    assert (cache.get("a"), cache.get("b"), len(cache)) == (None, "2", 1)


def test_the_oldest_entries_make_room_and_no_more_than_needed() -> None:
    cache: BoundedCache[str, str] = BoundedCache(10, 10, weigh)
    for key in "abcde":
        cache.put(key, "12")
    cache.put("f", "1234")
    assert list(cache) == ["12", "12", "12", "1234"]
    assert [cache.get(key) for key in "ab"] == [None, None]


def test_entries_may_be_discarded_during_iteration() -> None:
    cache: BoundedCache[str, str] = BoundedCache(10)
    for key in "abc":
        cache.put(key, key)
    for value in cache:
        cache.discard(value)
    assert len(cache) == 0


def test_without_a_weight_function_entries_weigh_nothing() -> None:
    cache: BoundedCache[str, str] = BoundedCache(2, max_bytes=0)
    for key in "abc":
        cache.put(key, key)
    assert (list(cache), cache.bytes) == (["b", "c"], 0)


def test_discarding_a_missing_key_changes_nothing() -> None:
    dropped: list[str] = []
    cache: BoundedCache[str, str] = BoundedCache(
        10, 10, weigh, lambda _, value: dropped.append(value)
    )
    cache.put("a", "123")
    cache.discard("b")
    assert (cache.get("a"), cache.bytes, dropped) == ("123", 3, [])


def test_a_new_value_takes_the_place_and_the_weight_of_the_old_one() -> None:
    cache: BoundedCache[str, str] = BoundedCache(10, 10, weigh)
    cache.put("a", "12345")
    cache.put("a", "1")
    assert (len(cache), cache.bytes) == (1, 1)


def test_only_the_value_that_is_meant_is_discarded() -> None:
    cache: BoundedCache[str, list[int]] = BoundedCache(10)
    old, new = [1], [1]
    cache.put("a", new)
    cache.discard("a", old)
    assert cache.get("a") is new
    cache.discard("a", new)
    assert cache.get("a") is None


def test_every_value_that_leaves_is_dropped_once() -> None:
    dropped: list[tuple[str, str]] = []
    cache: BoundedCache[str, str] = BoundedCache(
        2, dropped=lambda key, value: dropped.append((key, value))
    )
    for key in "abca":
        cache.put(key, key.upper())
    cache.discard("a")
    cache.clear()
    assert sorted(dropped) == [("a", "A"), ("a", "A"), ("b", "B"), ("c", "C")]
    assert len(cache) == 0


@given(
    st.integers(0, 5),
    st.integers(0, 20),
    st.lists(st.tuples(st.sampled_from("abcdefgh"), st.text(max_size=9))),
)
def test_no_bound_is_ever_exceeded(
    entries: int, max_bytes: int, puts: list[tuple[str, str]]
) -> None:
    cache: BoundedCache[str, str] = BoundedCache(entries, max_bytes, weigh)
    for key, value in puts:
        cache.put(key, value)
        assert len(cache) <= entries
        assert cache.bytes == sum(len(each) for each in cache) <= max_bytes
