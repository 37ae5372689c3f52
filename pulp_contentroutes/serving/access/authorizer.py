"""The decision whether to admit a client, before anything about the content is looked up.

Guards that need no user of Pulp, and token guards, are decided here; for the others, Pulp
authenticates first. The decision of a guard is never kept.
"""

import asyncio
import enum
from typing import Final
from uuid import UUID

from aiohttp import hdrs, web

from pulp_contentroutes.serving.access.credentials import (
    MAX_LENGTH,
    Accepted,
    Malformed,
    Token,
    credentials_of,
)
from pulp_contentroutes.serving.access.guards import Guard, GuardNeeds, Guards, KnownGuards
from pulp_contentroutes.serving.access.tokens import Tokens
from pulp_contentroutes.serving.errors import GuardGone
from pulp_contentroutes.serving.handover import Handover


class Decision(enum.Enum):
    ADMITTED = enum.auto()
    #: Wrong credentials, or none where some could satisfy the guard: the client may try again.
    UNAUTHENTICATED = enum.auto()
    #: The same, if only a token could satisfy the guard.
    NEEDS_TOKEN = enum.auto()
    #: A known user without the permission, or a guard that no credentials can satisfy.
    FORBIDDEN = enum.auto()
    #: Credentials that are longer than any real ones.
    TOO_LARGE = enum.auto()


#: In characters: to normalise such a URL takes 0.2 ms, less than to wait for a thread.
_SHORT_URL: Final = 512
_IN_ORM_THREAD: Final = frozenset({GuardNeeds.TOKEN, GuardNeeds.PULP})


class Authorizer:
    """The decisions; without `tokens`, Pulp authenticates clients that have a token."""

    def __init__(self, guards: Guards, tokens: Tokens | None) -> None:
        self._guards = guards
        self._tokens = tokens
        self.known_guards = KnownGuards(guards)

    def admits_now(self, guard_id: UUID, request: web.Request, *, knows_url: bool = True) -> bool:
        """Tell whether values in memory are enough to admit the client.

        `knows_url`: whether the URL of the request is one that guards know.
        """
        guard = self.known_guards.get_nowait(guard_id)
        if guard is None or guard.needs is GuardNeeds.PULP or _is_slow(guard, request):
            return False
        if guard.needs is GuardNeeds.URL and not knows_url:
            return False
        credentials = credentials_of(request.headers.get(hdrs.AUTHORIZATION))
        if credentials is None:
            return guard.needs is not GuardNeeds.TOKEN and guard.permits(request)
        if self._tokens is None or not isinstance(credentials, Token):
            return False
        grant = self._tokens.get_nowait(credentials.digest, _guard_of_permission(guard_id, guard))
        if grant is None or guard.needs is GuardNeeds.TOKEN:
            return grant is not None and grant.may_download
        return guard.permits(request)

    async def decide(self, guard_id: UUID, request: web.Request) -> Decision | Handover:
        """Decide as far as it is possible without Pulp; or raise DatabaseUnavailable."""
        authorization = request.headers.get(hdrs.AUTHORIZATION)
        if authorization is not None and len(authorization) > MAX_LENGTH:
            return Decision.TOO_LARGE
        guard = await self.known_guards.find(guard_id)
        if guard is None:
            return Handover.GUARD_GONE
        credentials = credentials_of(authorization)
        if isinstance(credentials, Token):
            return await self._decide_for(credentials, guard_id, guard, request)
        if guard.needs is GuardNeeds.TOKEN:
            # The password is not checked: that would cost half a second, and not satisfy the guard.
            return Decision.NEEDS_TOKEN
        if isinstance(credentials, Malformed):
            return Decision.UNAUTHENTICATED
        if credentials is not None or guard.needs is GuardNeeds.PULP:
            # A client that has sent a wrong password must be told so, whatever the guard asks for.
            return Handover.AUTHENTICATION
        # Certificates and headers are not credentials that a client could be asked for.
        return Decision.ADMITTED if await _permits(guard, request) else Decision.FORBIDDEN

    async def _decide_for(
        self, token: Token, guard_id: UUID, guard: Guard, request: web.Request
    ) -> Decision | Handover:
        if self._tokens is None:
            return Handover.AUTHENTICATION
        grant = await self._tokens.find(token.digest, _guard_of_permission(guard_id, guard))
        if grant is None:
            is_needed = guard.needs is GuardNeeds.TOKEN
            return Decision.NEEDS_TOKEN if is_needed else Decision.UNAUTHENTICATED
        if guard.needs is GuardNeeds.PULP:
            return Handover.AUTHENTICATION
        if guard.needs is GuardNeeds.TOKEN:
            is_admitted = grant.may_download
        else:
            is_admitted = await _permits(guard, request)
        return Decision.ADMITTED if is_admitted else Decision.FORBIDDEN

    async def permits_with_user(self, guard_id: UUID, request: web.Request) -> bool:
        """Ask a guard about a request that Pulp has authenticated.

        Raise DatabaseUnavailable, or GuardGone.
        """
        guard = await self.known_guards.find(guard_id)
        if guard is None:
            raise GuardGone(f"The guard {guard_id} is gone.")
        if guard.needs in _IN_ORM_THREAD:
            return await self._guards.permits(guard, request)
        return await _permits(guard, request)

    async def accepted_credentials(self, guard_id: UUID) -> Accepted:
        """Return the credentials to ask a client for; or raise DatabaseUnavailable."""
        return await self._guards.accepted_credentials(guard_id)

    async def asked_by_pulp(self, request: web.Request) -> UUID | None:
        """Return the guard that Pulp's handler has asked; or raise DatabaseUnavailable."""
        return await self._guards.asked_by_pulp(request)


def _guard_of_permission(guard_id: UUID, guard: Guard) -> UUID | None:
    """Return the guard whose permission the user of a token needs, None if there is none."""
    return guard_id if guard.needs is GuardNeeds.TOKEN else None


def _is_slow(guard: Guard, request: web.Request) -> bool:
    """Tell whether a thread must ask the guard about this request."""
    return guard.needs is GuardNeeds.REQUEST_SLOWLY or (
        guard.needs is GuardNeeds.URL
        and len(request.headers.get(hdrs.HOST, "")) + len(request.raw_path) > _SHORT_URL
    )


async def _permits(guard: Guard, request: web.Request) -> bool:
    if _is_slow(guard, request):
        return await asyncio.to_thread(guard.permits, request)
    return guard.permits(request)
