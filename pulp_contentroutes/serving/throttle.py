"""Failed log-ins, counted per client address: a password costs Pulp half a second of its time."""

import time
from collections.abc import Callable
from typing import Final

from pulp_contentroutes.serving.cache import BoundedCache

_WINDOW_SECONDS: Final = 60
_ADDRESSES: Final = 10_000


class FailedLogins:
    """At most `limit` per address and minute; 0 for no limit."""

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        #: Address → the minute, and how many failed in it.
        self._failed: BoundedCache[str, tuple[int, int]] = BoundedCache(_ADDRESSES)

    def note(self, address: str) -> None:
        self._failed.put(address, (self._minute(), self._count(address) + 1))

    def are_too_many(self, address: str) -> bool:
        return 0 < self._limit <= self._count(address)

    def _count(self, address: str) -> int:
        minute, count = self._failed.get(address) or (0, 0)
        return count if minute == self._minute() else 0

    def _minute(self) -> int:
        return int(self._clock() // _WINDOW_SECONDS)
