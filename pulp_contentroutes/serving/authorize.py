"""May this client have it? Asked before anything about a distribution's content is looked up.

Guards that need no user of Pulp, and token guards, are decided here; before the others Pulp
authenticates. A guard is kept in memory until the database announces a change; what it says never.
"""

import asyncio
import enum
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from aiohttp import hdrs, web

from pulp_contentroutes.serving.cache import BoundedCache
from pulp_contentroutes.serving.credentials import (
    MAX_LENGTH,
    Accepted,
    Malformed,
    Token,
    credentials_of,
)
from pulp_contentroutes.serving.errors import GuardGone
from pulp_contentroutes.serving.rows import ids_among
from pulp_contentroutes.serving.singleflight import SingleFlight
from pulp_contentroutes.serving.tokens import Tokens

_GUARDS: Final = 4000


class Decision(enum.Enum):
    ADMITTED = enum.auto()
    #: Wrong credentials, or none where some could satisfy the guard: the client may try again.
    UNAUTHENTICATED = enum.auto()
    #: The same, where only a token could satisfy the guard.
    NEEDS_TOKEN = enum.auto()
    #: A user who is known and may not, or a guard that no credentials can satisfy.
    FORBIDDEN = enum.auto()
    #: Credentials longer than anybody has.
    TOO_LARGE = enum.auto()
    #: Only Pulp can tell.
    UNDECIDED = enum.auto()


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


_IN_NO_TIME: Final = frozenset({Asks.REQUEST, Asks.TOKEN})
_IN_ORM_THREAD: Final = frozenset({Asks.TOKEN, Asks.PULP})


@dataclass(frozen=True, slots=True, eq=False)
class Guard:
    """A content guard as it stands in the database."""

    asks: Asks
    #: What is unexpected is a refusal; only those that ask Pulp raise, DatabaseUnavailable.
    permits: Callable[[web.Request], bool]


class Guards(Protocol):
    async def load(self, guard_id: UUID) -> Guard | None:
        """Return the guard, None if it is gone; or raise DatabaseUnavailable."""

    async def permits(self, guard: Guard, request: web.Request) -> bool:
        """Ask a guard that asks Pulp (`Asks.PULP`); or raise DatabaseUnavailable."""

    async def accepted_credentials(self, guard_id: UUID) -> Accepted:
        """Return the credentials that can satisfy the guard; or raise DatabaseUnavailable."""

    async def asked_by_pulp(self, request: web.Request) -> UUID | None:
        """Return the guard that Pulp's handler has asked; or raise DatabaseUnavailable."""


class Authorizer:
    """Without `tokens`, Pulp authenticates who has one."""

    def __init__(self, guards: Guards, tokens: Tokens | None) -> None:
        self._guards = guards
        self._tokens = tokens
        self._known: BoundedCache[UUID, Guard] = BoundedCache(_GUARDS)
        self._flights: SingleFlight[UUID, Guard | None] = SingleFlight()
        self._generation = 0
        self._is_trusted = False

    # What the listener tells.

    def announced(self, keys: Iterable[str]) -> None:
        self._generation += 1
        self._flights.forget()
        for guard_id in ids_among(keys):
            self._known.discard(guard_id)

    def trust(self) -> None:
        self._generation += 1
        self._flights.forget()
        self._known.clear()
        self._is_trusted = True

    def distrust(self) -> None:
        self._is_trusted = False

    # What requests ask.

    def admits_now(self, guard_id: UUID, request: web.Request) -> bool:
        """Tell whether what is in memory is enough to admit the client."""
        guard = self._known.get(guard_id) if self._is_trusted else None
        if guard is None or guard.asks not in _IN_NO_TIME:
            return False
        credentials = credentials_of(request.headers.get(hdrs.AUTHORIZATION))
        if credentials is None:
            return guard.asks is Asks.REQUEST and guard.permits(request)
        if self._tokens is None or not isinstance(credentials, Token):
            return False
        grant = self._tokens.known(credentials.digest, _needed(guard_id, guard))
        if grant is None or guard.asks is Asks.TOKEN:
            return grant is not None and grant.may_download
        return guard.permits(request)

    async def decide(self, guard_id: UUID, request: web.Request) -> Decision:
        """Decide as far as it is possible without Pulp; or raise DatabaseUnavailable."""
        authorization = request.headers.get(hdrs.AUTHORIZATION)
        if authorization is not None and len(authorization) > MAX_LENGTH:
            return Decision.TOO_LARGE
        guard = await self._guard(guard_id)
        if guard is None:
            return Decision.UNDECIDED
        credentials = credentials_of(authorization)
        if isinstance(credentials, Token):
            return await self._decide_for(credentials, guard_id, guard, request)
        if guard.asks is Asks.TOKEN:
            # A password is not checked: that would cost half a second, and satisfies no such guard.
            return Decision.NEEDS_TOKEN
        if isinstance(credentials, Malformed):
            return Decision.UNAUTHENTICATED
        if credentials is not None or guard.asks is Asks.PULP:
            # Whoever has sent a password is to hear that it is wrong, whatever the guard asks.
            return Decision.UNDECIDED
        # Certificates and headers are no credentials that a client could be asked for.
        return Decision.ADMITTED if await _permits(guard, request) else Decision.FORBIDDEN

    async def _decide_for(
        self, token: Token, guard_id: UUID, guard: Guard, request: web.Request
    ) -> Decision:
        if self._tokens is None:
            return Decision.UNDECIDED
        grant = await self._tokens.find(token.digest, _needed(guard_id, guard))
        if grant is None:
            is_needed = guard.asks is Asks.TOKEN
            return Decision.NEEDS_TOKEN if is_needed else Decision.UNAUTHENTICATED
        if guard.asks is Asks.PULP:
            return Decision.UNDECIDED
        if guard.asks is Asks.TOKEN:
            is_admitted = grant.may_download
        else:
            is_admitted = await _permits(guard, request)
        return Decision.ADMITTED if is_admitted else Decision.FORBIDDEN

    async def permits_with_user(self, guard_id: UUID, request: web.Request) -> bool:
        """Ask a guard about a request that Pulp has authenticated.

        Raise DatabaseUnavailable, or GuardGone.
        """
        guard = await self._guard(guard_id)
        if guard is None:
            raise GuardGone(f"The guard {guard_id} is gone.")
        if guard.asks in _IN_ORM_THREAD:
            return await self._guards.permits(guard, request)
        return await _permits(guard, request)

    async def accepted_credentials(self, guard_id: UUID) -> Accepted:
        """Return the credentials to ask a client for; or raise DatabaseUnavailable."""
        return await self._guards.accepted_credentials(guard_id)

    async def asked_by_pulp(self, request: web.Request) -> UUID | None:
        """Return the guard that Pulp's handler has asked; or raise DatabaseUnavailable."""
        return await self._guards.asked_by_pulp(request)

    async def _guard(self, guard_id: UUID) -> Guard | None:
        if not self._is_trusted:
            return await self._guards.load(guard_id)
        known = self._known.get(guard_id)
        return known or await self._flights.run(guard_id, lambda: self._load(guard_id))

    async def _load(self, guard_id: UUID) -> Guard | None:
        generation = self._generation
        guard = await self._guards.load(guard_id)
        is_lasting = generation == self._generation and self._is_trusted
        # Nobody announces what a guard of Pulp's asks beside its own row.
        if guard is not None and guard.asks is not Asks.PULP and is_lasting:
            self._known.put(guard_id, guard)
        return guard


def _needed(guard_id: UUID, guard: Guard) -> UUID | None:
    """Return the guard whose permission the user of a token needs, None if none."""
    return guard_id if guard.asks is Asks.TOKEN else None


async def _permits(guard: Guard, request: web.Request) -> bool:
    if guard.asks is Asks.REQUEST_SLOWLY:
        return await asyncio.to_thread(guard.permits, request)
    return guard.permits(request)
