"""May this client have it? Asked before anything about a distribution's content is looked up.

Guards that need no user of Pulp, and token guards, are decided here; before the others Pulp
authenticates. What a guard says is never kept.
"""

import asyncio
import enum
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from aiohttp import hdrs, web

from pulp_contentroutes.serving.credentials import (
    MAX_LENGTH,
    Accepted,
    Malformed,
    Token,
    credentials_of,
)
from pulp_contentroutes.serving.errors import GuardGone
from pulp_contentroutes.serving.guards import Asks, Guard, Guards, KnownGuards
from pulp_contentroutes.serving.tokens import Tokens


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


_IN_NO_TIME: Final = frozenset({Asks.REQUEST, Asks.TOKEN})
_IN_ORM_THREAD: Final = frozenset({Asks.TOKEN, Asks.PULP})


class Authorizer:
    """Without `tokens`, Pulp authenticates who has one."""

    def __init__(self, guards: Guards, tokens: Tokens | None) -> None:
        self._guards = guards
        self._tokens = tokens
        self._known = KnownGuards(guards)

    # What the listener tells.

    def announced(self, keys: Iterable[str]) -> None:
        self._known.announced(keys)

    def forget(self) -> None:
        self._known.forget()

    def trust(self) -> None:
        self._known.trust()

    def distrust(self) -> None:
        self._known.distrust()

    # What requests ask.

    def admits_now(self, guard_id: UUID, request: web.Request) -> bool:
        """Tell whether what is in memory is enough to admit the client."""
        guard = self._known.known(guard_id)
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
        guard = await self._known.find(guard_id)
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
        guard = await self._known.find(guard_id)
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


def _needed(guard_id: UUID, guard: Guard) -> UUID | None:
    """Return the guard whose permission the user of a token needs, None if none."""
    return guard_id if guard.asks is Asks.TOKEN else None


async def _permits(guard: Guard, request: web.Request) -> bool:
    if guard.asks is Asks.REQUEST_SLOWLY:
        return await asyncio.to_thread(guard.permits, request)
    return guard.permits(request)
