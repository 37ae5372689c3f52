"""Limits on passwords: each takes Pulp half a second, in the only thread that asks the database.

Failed log-ins are counted per client address, and passwords are checked in turns.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Final

from pulp_contentroutes.serving.cache import BoundedCache

_WINDOW_SECONDS: Final = 60
_ADDRESSES: Final = 10_000
#: More at once would only queue up in Pulp's thread, before everyone who has no password.
_CHECKS: Final = 1
#: How many wait at most, of one address and in all, and for how long.
_WAITING_OF_ADDRESS: Final = 100
_WAITING: Final = 1000
_WAIT_SECONDS: Final = 60.0


class FailedLogins:
    """At most `limit` per address and minute; 0 for no limit.

    A client without an address (None) is not counted: it cannot be told from others.
    """

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        #: Address → the minute, and how many failed in it.
        self._failed: BoundedCache[str, tuple[int, int]] = BoundedCache(_ADDRESSES)

    def note(self, address: str | None) -> None:
        if address is not None:
            self._failed.put(address, (self._minute(), self._count(address) + 1))

    def are_too_many(self, address: str | None) -> bool:
        return address is not None and 0 < self._limit <= self._count(address)

    def _count(self, address: str) -> int:
        minute, count = self._failed.get(address) or (0, 0)
        return count if minute == self._minute() else 0

    def _minute(self) -> int:
        return int(self._clock() // _WINDOW_SECONDS)


class PasswordChecks:
    """Lets one password of an address be checked after the other, and few in all at a time.

    So each result is known, and counted, before the next password of the address is tried; and an
    address that sends many waits for itself, not others for it.
    """

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(_CHECKS)
        #: Address → its turns, in order of arrival.
        self._queues: dict[str | None, _Queue] = {}
        self._waiting = 0

    async def wait(self, address: str | None) -> contextlib.ExitStack | None:
        """Return the turn, once it has come: the caller closes it when the password was checked.

        None if too many wait already, or if it takes too long.
        """
        length = self._queues[address].length if address in self._queues else 0
        if length >= _WAITING_OF_ADDRESS or self._waiting >= _WAITING:
            return None
        queue = self._queues.setdefault(address, _Queue())
        with contextlib.ExitStack() as turn:
            queue.length += 1
            self._waiting += 1
            turn.callback(self._leave, address, queue)
            try:
                async with asyncio.timeout(_WAIT_SECONDS):
                    await queue.lock.acquire()
                    turn.callback(queue.lock.release)
                    await self._slots.acquire()
                    turn.callback(self._slots.release)
            except TimeoutError:
                return None
            return turn.pop_all()

    def _leave(self, address: str | None, queue: "_Queue") -> None:
        queue.length -= 1
        self._waiting -= 1
        if not queue.length:
            del self._queues[address]


class _Queue:
    """The passwords of one address that wait or are being checked."""

    def __init__(self) -> None:
        self.length = 0
        self.lock = asyncio.Lock()
