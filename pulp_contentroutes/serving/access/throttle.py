"""Limits on passwords: a check takes Pulp half a second, in its only thread for the database.

Failed log-ins are counted per client address, passwords are checked in turns, and wrong ones take
at most a quarter of a processor.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from pulp_contentroutes.serving.coherence.bounded_cache import BoundedCache

_WINDOW_SECONDS: Final = 60
_ADDRESSES: Final = 10_000
#: More at once would only queue up in Pulp's thread, ahead of requests without a password.
_CHECKS: Final = 1
#: The most passwords that wait, of one address and in all, and the longest time that they wait.
_WAITING_OF_ADDRESS: Final = 100
_WAITING: Final = 1000
_WAIT_SECONDS: Final = 60.0
#: After a wrong password, no stranger's is checked for this many times the duration of its check,
#: and at most for this many seconds: readers without a password need the processor, too.
_RESTS: Final = 3.0
_LONGEST_REST: Final = 3.0
#: The number of addresses that are remembered because their last password was right.
_KNOWN: Final = 10_000


class FailedLogins:
    """The failed log-ins: at most `limit` per address and minute; 0 for no limit.

    A client without an address (None) is not counted: it cannot be told from others.
    """

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        #: Address → the minute, and the number of failures in it.
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
    """The queues for password checks: one at a time per address, and few at a time in all.

    Each result is thus known, and counted, before the next password of the address is tried; and
    an address that sends many passwords delays only itself. Addresses whose last password was right
    do not wait for the passwords of strangers, except for the one that is being checked.
    """

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(_CHECKS)
        #: Also held after a wrong password, until other strangers may send one.
        self._strangers = asyncio.Semaphore(_CHECKS)
        self._known: BoundedCache[str | None, bool] = BoundedCache(_KNOWN)
        #: Address → its turns, in order of arrival.
        self._queues: dict[str | None, _Queue] = {}
        self._waiting = 0

    async def wait(self, address: str | None) -> "Turn | None":
        """Return the turn once it has come; the caller ends it when the password was checked.

        Return None if too many wait already, or if it takes too long.
        """
        length = self._queues[address].length if address in self._queues else 0
        if length >= _WAITING_OF_ADDRESS or self._waiting >= _WAITING:
            return None
        queue = self._queues.setdefault(address, _Queue())
        with contextlib.ExitStack() as gate, contextlib.ExitStack() as held:
            queue.length += 1
            self._waiting += 1
            held.callback(self._leave, address, queue)
            try:
                async with asyncio.timeout(_WAIT_SECONDS):
                    await queue.lock.acquire()
                    held.callback(queue.lock.release)
                    if self._known.get(address) is None:
                        await self._strangers.acquire()
                        gate.callback(self._strangers.release)
                    await self._slots.acquire()
                    held.callback(self._slots.release)
            except TimeoutError:
                return None
            return Turn(held.pop_all(), gate.pop_all(), partial(self._remember, address))

    def _leave(self, address: str | None, queue: "_Queue") -> None:
        queue.length -= 1
        self._waiting -= 1
        if not queue.length:
            del self._queues[address]

    def _remember(self, address: str | None, is_right: bool) -> None:
        if not is_right:
            self._known.discard(address)
        elif address is not None:
            self._known.put(address, True)


class Turn:
    """The right to have one password checked: `held` until then, `gate` until strangers may try."""

    def __init__(
        self,
        held: contextlib.ExitStack,
        gate: contextlib.ExitStack,
        remember: Callable[[bool], None],
    ) -> None:
        self._held = held
        self._gate = gate
        self._remember = remember
        self._begun = asyncio.get_running_loop().time()
        self._is_over = False

    def give_up(self) -> None:
        """End the turn without a check."""
        self._is_over = True
        self._held.close()
        self._gate.close()

    def end(self, *, is_right: bool) -> None:
        """End the turn with the result of the check; further calls do no harm."""
        if self._is_over:
            return
        self._is_over = True
        self._held.close()
        self._remember(is_right)
        if is_right:
            self._gate.close()
        else:
            loop = asyncio.get_running_loop()
            rest = _RESTS * (loop.time() - self._begun)
            loop.call_later(min(rest, _LONGEST_REST), self._gate.close)


class _Queue:
    """The passwords of one address that wait or are being checked."""

    def __init__(self) -> None:
        self.length = 0
        self.lock = asyncio.Lock()
