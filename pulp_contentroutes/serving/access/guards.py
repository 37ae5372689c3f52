"""Content guards in memory: kept until the database announces that they have changed.

While changes are not heard of, each request asks the database whether its guard is unchanged: one
short statement, whereas making a guard takes Pulp two statements and a turn of a thread.
"""

import enum
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from aiohttp import web

from pulp_contentroutes.serving.access.credentials import Accepted
from pulp_contentroutes.serving.coherence.coherent_cache import CoherentCache, Kept
from pulp_contentroutes.serving.coherence.memory import Memory

_GUARDS: Final = 4000


class GuardNeeds(enum.Enum):
    """The facts that a guard needs to decide."""

    #: The request alone, and the decision takes no time.
    REQUEST = enum.auto()
    #: The request alone, but certificates or filters take time: decided in a thread.
    REQUEST_SLOWLY = enum.auto()
    #: The URL of the request alone: a long one is decided on in a thread.
    URL = enum.auto()
    #: The permission of a token's user.
    TOKEN = enum.auto()
    #: A user, or something unknown.
    PULP = enum.auto()


@dataclass(slots=True, eq=False)
class Guard(Kept):
    """A content guard as it was in the database."""

    needs: GuardNeeds
    #: Raises DatabaseUnavailable if the guard queries the database in vain; any other fault counts
    #: as a refusal.
    permits: Callable[[web.Request], bool]
    #: Tells whether it is still the same there, or raises DatabaseUnavailable. None if changes of
    #: the rows that the guard is made of are not announced: it is never kept.
    is_unchanged: Callable[[], Awaitable[bool]] | None = None


class Guards(Protocol):
    async def load(self, guard_id: UUID) -> Guard | None:
        """Return the guard, None if it is gone; or raise DatabaseUnavailable."""

    async def permits(self, guard: Guard, request: web.Request) -> bool:
        """Ask a guard in Pulp's thread, where it may query the database.

        Raise DatabaseUnavailable.
        """

    async def accepted_credentials(self, guard_id: UUID) -> Accepted:
        """Return the credentials that can satisfy the guard; or raise DatabaseUnavailable."""

    async def asked_by_pulp(self, request: web.Request) -> UUID | None:
        """Return the guard that Pulp's handler has asked; or raise DatabaseUnavailable."""


class KnownGuards(Memory):
    """The guards that are known, trusted in memory only while changes are heard of."""

    def __init__(self, guards: Guards) -> None:
        self._guards = guards
        self._kept: CoherentCache[UUID, Guard] = CoherentCache(
            _GUARDS, keys_of=lambda guard_id, _: (str(guard_id),), keeps_doubted=True
        )

    # Called by the listener.

    def invalidate(self, keys: Iterable[str]) -> None:
        self._kept.invalidate(keys)

    def reset(self) -> None:
        self._kept.reset()

    def resume(self) -> None:
        self._kept.resume()

    def suspend(self) -> None:
        self._kept.suspend()

    # Called for requests.

    def get_nowait(self, guard_id: UUID) -> Guard | None:
        """Return the guard if it is in memory, and still true."""
        return self._kept.get_nowait(guard_id)

    async def find(self, guard_id: UUID) -> Guard | None:
        """Return the guard, None if it is gone; or raise DatabaseUnavailable."""
        known = self._kept.get_nowait(guard_id)
        return known or await self._kept.run(guard_id, lambda: self._load(guard_id))

    async def _load(self, guard_id: UUID) -> Guard | None:
        generation = self._kept.generation
        guard = self._kept.get(guard_id)
        is_unchanged = guard.is_unchanged if guard is not None and guard.is_kept else None
        # A guard that is only doubted is not made anew if the database says that it is unchanged.
        if is_unchanged is None or not await is_unchanged():
            guard = await self._guards.load(guard_id)
        if guard is None:
            self._kept.discard(guard_id)
        elif guard.is_unchanged is not None:
            self._kept.keep(guard_id, guard, generation)
        return guard
