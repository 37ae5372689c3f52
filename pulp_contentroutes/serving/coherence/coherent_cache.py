"""Memory that stays true: bounded, one load for all callers, dropped when the database says so."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from pulp_contentroutes.serving.coherence.bounded_cache import BoundedCache
from pulp_contentroutes.serving.coherence.singleflight import SingleFlight


@dataclass(slots=True, eq=False, kw_only=True)
class Kept:
    """The base of values in a CoherentCache; only the cache changes these two fields."""

    #: Whether the value is in memory, where changes are announced to it, and none was.
    is_current: bool = False
    #: The time, on the loop's clock, when it was last known to be true, if it is only doubted since
    #: then. None while it is current, and once it is known to be outdated.
    last_true: float | None = None

    @property
    def is_kept(self) -> bool:
        """Tell whether it is in memory, and not known to be outdated."""
        return self.is_current or self.last_true is not None


K = TypeVar("K", bound=Hashable)
V = TypeVar("V", bound=Kept)
R = TypeVar("R")


class CoherentCache(Generic[K, V]):
    """A cache that keeps values for as long as they are true.

    Values are true while changes are heard of (from `resume` to `suspend`), and none is heard of
    that concerns them (`invalidate`). After a time in which changes were not heard of, values are
    doubted: the first caller that asks for one loads it again, and it is kept if the loaded value
    is the same.

    `keys_of` returns the keys of the changes that concern a value; without it, no change does.
    `is_same` tells whether two values are equal. `keeps_doubted`: values that were loaded while
    changes are not heard of are kept, too, because they are compared with the database before each
    use.
    `max_bytes` and `weigh` are those of BoundedCache.
    """

    def __init__(
        self,
        max_entries: int,
        max_bytes: int | None = None,
        weigh: Callable[[K, V], int] | None = None,
        *,
        keys_of: Callable[[K, V], Iterable[str]] | None = None,
        is_same: Callable[[V, V], bool] = lambda one, other: one is other,
        keeps_doubted: bool = False,
    ) -> None:
        self._values: BoundedCache[K, V] = BoundedCache(
            max_entries, max_bytes, weigh, self._forget_keys
        )
        #: Returns the value in memory, true or not.
        self.get: Final[Callable[[K], V | None]] = self._values.get
        self._keys_of = keys_of
        self._is_same = is_same
        self._keeps_doubted = keeps_doubted
        self._by_key: dict[str, set[V]] = {}
        self._flights: SingleFlight[Hashable, object] = SingleFlight()
        #: The number of the loads that begin now; it changes once they may have read outdated rows.
        self.generation = 0
        self.is_trusted = False

    def __len__(self) -> int:
        return len(self._values)

    # Called by the listener.

    def invalidate(self, keys: Iterable[str]) -> None:
        """Mark the values that these changes concern as outdated."""
        self._outdate_loads()
        for key in keys:
            for value in self._by_key.get(key, ()):
                value.is_current, value.last_true = False, None

    def reset(self) -> None:
        """Forget everything."""
        self._outdate_loads()
        self._values.clear()

    def resume(self) -> None:
        """Trust values loaded from now on, as changes are heard of; doubt those loaded before."""
        self._doubt()
        self.is_trusted = True

    def suspend(self) -> None:
        """Trust nothing: changes are not heard of."""
        self._doubt()
        self.is_trusted = False

    def _outdate_loads(self) -> None:
        self.generation += 1
        self._flights.forget()

    def _doubt(self) -> None:
        self._outdate_loads()
        for value in self._values:
            if value.is_current:
                value.is_current = False
                value.last_true = asyncio.get_running_loop().time()

    # Called for requests.

    def get_nowait(self, key: K) -> V | None:
        """Return the value in memory if it is true."""
        value = self._values.get(key) if self.is_trusted else None
        return value if value is not None and value.is_current else None

    async def run(self, flight: Hashable, load: Callable[[], Awaitable[R]]) -> R:
        """Return the result of `load`, or raise its error; concurrent calls for a flight share it.

        While changes are not heard of, each caller loads for itself: a load that is already running
        may have begun before a change.
        """
        if not self.is_trusted:
            return await load()
        result: R = await self._flights.run(flight, load)  # type: ignore[assignment]
        return result

    def is_lasting(self, generation: int) -> bool:
        """Tell whether the result of a load that began in `generation` is still true."""
        return self.is_trusted and generation == self.generation

    def keep(self, key: K, value: V, generation: int) -> V:
        """Keep a value that was loaded, and return it; or the one in memory, if they are equal.

        `generation` is that of the moment before the load. A value that may already be outdated is
        not kept. A doubted value in memory that differs is dropped: clients have seen a newer one.
        """
        kept = self._values.get(key)
        is_same = kept is not None and kept.is_kept and self._is_same(kept, value)
        if self.is_trusted and generation == self.generation:
            if kept is not None and is_same:
                kept.is_current, kept.last_true = True, None
                return kept
            value.is_current = True
        else:
            if kept is not None and not is_same and not kept.is_current:
                self.discard(key)
            if is_same or not self._keeps_doubted or generation != self.generation:
                return value
            value.last_true = asyncio.get_running_loop().time()
        if self._keys_of:
            for each in self._keys_of(key, value):
                self._by_key.setdefault(each, set()).add(value)
        # This comes last: a value for which there is no room is dropped again at once.
        self._values.put(key, value)
        return value

    def discard(self, key: K, value: V | None = None) -> None:
        """Drop a value; if `value` is given, only if it is still that very one."""
        self._values.discard(key, value)

    def _forget_keys(self, key: K, value: V) -> None:
        # Changes are not announced to it any more, and a request may still hold it.
        value.is_current, value.last_true = False, None
        for each in self._keys_of(key, value) if self._keys_of else ():
            values = self._by_key.get(each)
            if values is not None:
                values.discard(value)
                if not values:
                    del self._by_key[each]
