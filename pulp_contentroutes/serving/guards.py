"""Content guards in memory: kept until the database announces a change of theirs.

While changes are not heard of, each request asks the database whether its guard is still what it
was: one short statement, where making a guard takes Pulp two, and a turn of a thread.
"""

import enum
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from aiohttp import web

from pulp_contentroutes.serving.cache import BoundedCache
from pulp_contentroutes.serving.credentials import Accepted
from pulp_contentroutes.serving.rows import ids_among
from pulp_contentroutes.serving.singleflight import SingleFlight

_GUARDS: Final = 4000
#: The number of no time of trust: a guard of it is compared before it is used.
_NEVER: Final = 0


class Asks(enum.Enum):
    """What a guard asks to decide."""

    #: The request alone, in no time.
    REQUEST = enum.auto()
    #: The request alone, but certificates or filters take their time: in a thread.
    REQUEST_SLOWLY = enum.auto()
    #: The permission of a token's user.
    TOKEN = enum.auto()
    #: A user, or nobody knows what.
    PULP = enum.auto()


@dataclass(frozen=True, slots=True, eq=False)
class Guard:
    """A content guard as it stood in the database."""

    asks: Asks
    #: Any unexpected exception counts as a refusal. Only guards that ask Pulp may raise, and only
    #: DatabaseUnavailable.
    permits: Callable[[web.Request], bool]
    #: Tells whether it still stands so, or raises DatabaseUnavailable. None where nobody announces
    #: what the guard is made of: it is never kept.
    is_unchanged: Callable[[], Awaitable[bool]] | None = None


class Guards(Protocol):
    async def load(self, guard_id: UUID) -> Guard | None:
        """Return the guard, None if it is gone; or raise DatabaseUnavailable."""

    async def permits(self, guard: Guard, request: web.Request) -> bool:
        """Ask a guard that asks Pulp (`Asks.PULP`); or raise DatabaseUnavailable."""

    async def accepted_credentials(self, guard_id: UUID) -> Accepted:
        """Return the credentials that can satisfy the guard; or raise DatabaseUnavailable."""

    async def asked_by_pulp(self, request: web.Request) -> UUID | None:
        """Return the guard that Pulp's handler has asked; or raise DatabaseUnavailable."""


class KnownGuards:
    """Finds guards; trusts its memory only while it hears of changes."""

    def __init__(self, guards: Guards) -> None:
        self._guards = guards
        #: Each with the number of the time of trust in which it was last known to be true.
        self._kept: BoundedCache[UUID, tuple[Guard, int]] = BoundedCache(_GUARDS)
        self._flights: SingleFlight[UUID, Guard | None] = SingleFlight()
        self._generation = 0
        #: Counts the times of trust.
        self._time = _NEVER
        self._is_trusted = False

    # What the listener tells.

    def announced(self, keys: Iterable[str]) -> None:
        self._doubt_loads()
        for guard_id in ids_among(keys):
            self._kept.discard(guard_id)

    def forget(self) -> None:
        self._doubt_loads()
        self._kept.clear()

    def trust(self) -> None:
        self._doubt_loads()
        self._time += 1
        self._is_trusted = True

    def distrust(self) -> None:
        self._is_trusted = False

    def _doubt_loads(self) -> None:
        self._generation += 1
        self._flights.forget()

    # What requests ask.

    def known(self, guard_id: UUID) -> Guard | None:
        """Return the guard if it is in memory, and still true."""
        kept = self._kept.get(guard_id) if self._is_trusted else None
        return kept[0] if kept is not None and kept[1] == self._time else None

    async def find(self, guard_id: UUID) -> Guard | None:
        """Return the guard, None if it is gone; or raise DatabaseUnavailable."""
        if not self._is_trusted:
            # Nobody joins a load: it may have begun before a change that nobody has heard of.
            return await self._load(guard_id)
        known = self.known(guard_id)
        return known or await self._flights.run(guard_id, lambda: self._load(guard_id))

    async def _load(self, guard_id: UUID) -> Guard | None:
        generation = self._generation
        guard = await self._kept_unchanged(guard_id) or await self._guards.load(guard_id)
        if guard is not None and guard.is_unchanged is not None:
            is_lasting = generation == self._generation and self._is_trusted
            self._kept.put(guard_id, (guard, self._time if is_lasting else _NEVER))
        return guard

    async def _kept_unchanged(self, guard_id: UUID) -> Guard | None:
        kept = self._kept.get(guard_id)
        if kept is None:
            return None
        guard, _ = kept
        if guard.is_unchanged is not None and await guard.is_unchanged():
            return guard
        self._kept.discard(guard_id, kept)
        return None
