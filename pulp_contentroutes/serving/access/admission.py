"""Guard and client → admitted, refused with an answer, or left to Pulp to authenticate first."""

from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from aiohttp import hdrs, web
from multidict import CIMultiDict

from pulp_contentroutes.serving.access.authorizer import Authorizer, Decision
from pulp_contentroutes.serving.access.challenge import refusal
from pulp_contentroutes.serving.access.client_address import ClientAddresses
from pulp_contentroutes.serving.access.credentials import (
    Accepted,
    Malformed,
    Password,
    Token,
    credentials_of,
)
from pulp_contentroutes.serving.access.signed_urls import SignedUrls
from pulp_contentroutes.serving.access.throttle import FailedLogins, PasswordChecks
from pulp_contentroutes.serving.errors import DatabaseUnavailable
from pulp_contentroutes.serving.handover import Handover
from pulp_contentroutes.serving.http.responses import RenderedResponse

#: The key under which Pulp's middleware `authenticate` stores the user.
_USER: Final = "user"
#: The turn of a request whose password Pulp checks. aiohttp has typed keys since 3.14.
_TURN: Final[Any] = getattr(web, "RequestKey", lambda name, _: name)("contentroutes_turn", object)
#: Whether the failure of the request's credentials was counted.
_NOTED: Final[Any] = getattr(web, "RequestKey", lambda name, _: name)("contentroutes_noted", bool)


class Admission:
    """The effect of `authorizer`'s decisions; `is_hidden`: refused content seems not to exist."""

    def __init__(
        self,
        authorizer: Authorizer,
        addresses: ClientAddresses,
        failed: FailedLogins,
        signed_urls: SignedUrls,
        *,
        is_hidden: bool,
    ) -> None:
        self._authorizer = authorizer
        self._signed_urls = signed_urls
        self._addresses = addresses
        self._failed = failed
        self._checks = PasswordChecks()
        self._is_hidden = is_hidden

    def is_certain(self, guard_id: UUID, request: web.Request, *, knows_url: bool = True) -> bool:
        """Tell whether values in memory are enough to admit the client.

        `knows_url`: whether the URL of the request is one that guards know.
        """
        admits_now = self._authorizer.admits_now(guard_id, request, knows_url=knows_url)
        return admits_now or self._signed_urls.admit(request.rel_url)

    async def check(
        self, guard_id: UUID, request: web.Request
    ) -> RenderedResponse | Handover | None:
        """Return None if the client is admitted, a refusal, or the reason why Pulp must decide.

        Raise DatabaseUnavailable.
        """
        if self._signed_urls.admit(request.rel_url):
            return None
        # First, as guards are loaded by the thread that passwords keep busy. Tokens cost nothing.
        if self._has_failed(request):
            return self._refusal(HTTPStatus.TOO_MANY_REQUESTS, request)
        decision = await self._authorizer.decide(guard_id, request)
        match decision:
            case Handover():
                return decision
            case Decision.ADMITTED:
                return None
            case Decision.TOO_LARGE:
                return self._refusal(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, request)
            case Decision.FORBIDDEN:
                return self._refusal(HTTPStatus.FORBIDDEN, request)
            case Decision.UNAUTHENTICATED:
                return self._refuse_unauthenticated(request)
            case Decision.NEEDS_TOKEN:
                return self._refuse_unauthenticated(request, Accepted.TOKENS)

    # Requests that Pulp authenticates.

    async def begin_authentication(
        self, request: web.Request, *, is_ours: bool, is_guarded: bool
    ) -> RenderedResponse | web.Request:
        """Wait until it is the turn of the request's password, if it has one.

        Return the request that Pulp may authenticate, or the refusal of a client that has sent too
        many passwords. `is_ours`: it is for content; `is_guarded`: a guard is known to need it.
        """
        if not _has_password(request):
            return request
        turn = await self._checks.wait(self._addresses.of(request))
        is_gone = request.transport is None or request.transport.is_closing()
        # The passwords before it may have failed meanwhile.
        has_failed = is_ours and self._has_failed(request)
        if turn is not None and not is_gone and not has_failed:
            request[_TURN] = turn
            return request
        if turn is not None:
            turn.give_up()
            if not is_guarded:
                # Public content does not need a password, and this one must not be tried.
                headers = CIMultiDict(request.headers)
                del headers[hdrs.AUTHORIZATION]
                return request.clone(headers=headers)
        is_hidden = self._is_hidden and is_guarded
        return refusal(HTTPStatus.TOO_MANY_REQUESTS, request, is_hidden=is_hidden)

    def end_authentication(self, request: web.Request) -> None:
        """Let the next password be checked; further calls do no harm."""
        if _TURN in request:
            request[_TURN].end(is_right=_is_known(request))

    async def check_with_user(
        self, guard_id: UUID, request: web.Request
    ) -> RenderedResponse | None:
        """Return None if a client that Pulp has authenticated is admitted, else the refusal.

        Raise DatabaseUnavailable, or GuardGone.
        """
        # Pulp treats a client that sends a wrong password as anonymous.
        is_wrong = not _is_known(request) and isinstance(_credentials(request), Password | Token)
        wrong = self._refuse_unauthenticated(request) if is_wrong else None
        # Only after the failure is counted.
        self.end_authentication(request)
        if wrong is not None or await self._authorizer.permits_with_user(guard_id, request):
            return wrong
        return await self._refused_by(guard_id, request)

    async def refused_by_pulp(self, request: web.Request) -> RenderedResponse:
        """Return the answer to a request that a guard has refused in Pulp's own handler.

        Raise DatabaseUnavailable.
        """
        if not _is_known(request):
            if self._has_failed(request):
                return self._refusal(HTTPStatus.TOO_MANY_REQUESTS, request)
            if isinstance(_credentials(request), Password | Token | Malformed):
                return self._refuse_unauthenticated(request)
        elif not _has_password(request):
            return self._refusal(HTTPStatus.FORBIDDEN, request)
        try:
            return await self._refused_by(await self._authorizer.asked_by_pulp(request), request)
        except DatabaseUnavailable:
            if not _is_known(request):
                raise
            # Pulp's own answer would name the guards of a composite.
            return self._refusal(HTTPStatus.FORBIDDEN, request)

    async def _refused_by(self, guard_id: UUID | None, request: web.Request) -> RenderedResponse:
        """Return the answer to a client that is anonymous, or that Pulp knows."""
        is_known = _is_known(request)
        accepted = Accepted.NONE
        # Other users are only told that they lack the permission.
        if guard_id is not None and (not is_known or _has_password(request)):
            accepted = await self._authorizer.accepted_credentials(guard_id)
        if is_known or accepted is Accepted.NONE:
            return self._refusal(HTTPStatus.FORBIDDEN, request, accepted)
        return self._refuse_unauthenticated(request, accepted)

    def _refuse_unauthenticated(
        self, request: web.Request, accepted: Accepted = Accepted.PASSWORDS_AND_TOKENS
    ) -> RenderedResponse:
        # Once for a request, however many guards it meets.
        if _credentials(request) is not None and _NOTED not in request:
            request[_NOTED] = True
            self._failed.note(self._addresses.of(request))
        return self._refusal(HTTPStatus.UNAUTHORIZED, request, accepted)

    def _has_failed(self, request: web.Request) -> bool:
        """Tell whether the request's password must not be tried."""
        return _has_password(request) and self._failed.are_too_many(self._addresses.of(request))

    def _refusal(
        self, status: HTTPStatus, request: web.Request, accepted: Accepted = Accepted.NONE
    ) -> RenderedResponse:
        needs_token = accepted is Accepted.TOKENS
        return refusal(status, request, is_hidden=self._is_hidden, needs_token=needs_token)


def _is_known(request: web.Request) -> bool:
    """Tell whether Pulp has authenticated a user."""
    return bool(getattr(request.get(_USER), "is_authenticated", False))


def _has_password(request: web.Request) -> bool:
    return isinstance(_credentials(request), Password)


def _credentials(request: web.Request) -> object:
    return credentials_of(request.headers.get(hdrs.AUTHORIZATION))
