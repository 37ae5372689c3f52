"""A bounded cache in memory: the least recently used entry is evicted first. No HTTP."""

import math
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class BoundedCache(Generic[K, V]):
    """A mapping of keys to values, bounded by number and by bytes as `weigh` counts them.

    `dropped` is called with each key and value that are removed, for whatever reason.
    """

    def __init__(
        self,
        max_entries: int,
        max_bytes: int | None = None,
        weigh: Callable[[K, V], int] | None = None,
        dropped: Callable[[K, V], None] | None = None,
    ) -> None:
        self._entries: OrderedDict[K, V] = OrderedDict()
        self._max_entries = max_entries
        self._max_bytes = math.inf if max_bytes is None else max_bytes
        self._weigh = weigh
        self._dropped = dropped
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[V]:
        return iter(list(self._entries.values()))

    def get(self, key: K) -> V | None:
        value = self._entries.get(key)
        if value is not None:
            self._entries.move_to_end(key)
        return value

    def put(self, key: K, value: V) -> None:
        """Store `value`, and make room for it; a value that alone exceeds a bound is dropped."""
        entries = self._entries
        if key in entries:
            self.discard(key)
        weight = self._weigh(key, value) if self._weigh else 0
        entries[key] = value
        self.bytes += weight
        if weight > self._max_bytes:
            self.discard(key)
        while len(entries) > self._max_entries or self.bytes > self._max_bytes:
            self.discard(next(iter(entries)))

    def discard(self, key: K, value: V | None = None) -> None:
        """Remove the entry; if `value` is given, only if the entry is still that very value."""
        if key not in self._entries or (value is not None and self._entries[key] is not value):
            return
        found = self._entries.pop(key)
        if self._weigh:
            self.bytes -= self._weigh(key, found)
        if self._dropped:
            self._dropped(key, found)

    def clear(self) -> None:
        for key in list(self._entries):
            self.discard(key)
