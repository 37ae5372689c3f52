"""Guard and client → admitted, refused with an answer, or for Pulp to authenticate first."""

from http import HTTPStatus
from typing import Final
from uuid import UUID

from aiohttp import hdrs, web

from pulp_contentroutes.serving.authorize import Authorizer, Decision
from pulp_contentroutes.serving.client_address import ClientAddresses
from pulp_contentroutes.serving.credentials import Password, Token, credentials_of
from pulp_contentroutes.serving.refusals import refusal
from pulp_contentroutes.serving.signed_urls import SignedUrls
from pulp_contentroutes.serving.throttle import FailedLogins
from pulp_contentroutes.serving.wire import RenderedResponse

#: Where Pulp's middleware `authenticate` puts the user.
_USER: Final = "user"


class Admission:
    """Applies the decisions of `authorizer`; `is_hidden`: as if what is refused did not exist."""

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
        self._is_hidden = is_hidden

    def is_certain(self, guard_id: UUID, request: web.Request) -> bool:
        """Tell whether the client is admitted, by what is in memory."""
        return self._authorizer.admits_now(guard_id, request) or self._has_signed_url(request)

    async def check(self, guard_id: UUID, request: web.Request) -> RenderedResponse | Decision:
        """Return ADMITTED, UNDECIDED, or the answer of a refusal; or raise DatabaseUnavailable."""
        if self._has_signed_url(request):
            return Decision.ADMITTED
        decision = await self._authorizer.decide(guard_id, request)
        match decision:
            case Decision.ADMITTED:
                return decision
            case Decision.UNDECIDED:
                # Before Pulp spends half a second on one more password. Tokens cost nothing.
                if isinstance(_credentials(request), Password) and self._has_failed(request):
                    return self._refusal(HTTPStatus.TOO_MANY_REQUESTS, request)
                return decision
            case Decision.TOO_LARGE:
                return self._refusal(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, request)
            case Decision.FORBIDDEN:
                return self._refusal(HTTPStatus.FORBIDDEN, request)
            case Decision.UNAUTHENTICATED:
                return self._unauthenticated(request)

    async def check_with_user(
        self, guard_id: UUID, request: web.Request
    ) -> RenderedResponse | None:
        """Return None if a client is admitted that Pulp has authenticated, or the refusal.

        Raise DatabaseUnavailable, or GuardGone.
        """
        # Pulp treats whoever sends a wrong password as anonymous.
        if not _is_known(request) and isinstance(_credentials(request), Password | Token):
            return self._unauthenticated(request)
        if await self._authorizer.permits_with_user(guard_id, request):
            return None
        return self.refused_by_pulp(request)

    def refused_by_pulp(self, request: web.Request) -> RenderedResponse:
        """Return the answer to a request that a guard has refused after Pulp's authentication."""
        if _is_known(request):
            return self._refusal(HTTPStatus.FORBIDDEN, request)
        return self._unauthenticated(request)

    def _unauthenticated(self, request: web.Request) -> RenderedResponse:
        if _credentials(request) is not None:
            self._failed.note(self._addresses.of(request))
        return self._refusal(HTTPStatus.UNAUTHORIZED, request)

    def _has_signed_url(self, request: web.Request) -> bool:
        return self._signed_urls.admit(request.rel_url)

    def _has_failed(self, request: web.Request) -> bool:
        return self._failed.are_too_many(self._addresses.of(request))

    def _refusal(self, status: HTTPStatus, request: web.Request) -> RenderedResponse:
        return refusal(status, request, is_hidden=self._is_hidden)


def _is_known(request: web.Request) -> bool:
    """Tell whether Pulp has authenticated a user."""
    return bool(getattr(request.get(_USER), "is_authenticated", False))


def _credentials(request: web.Request) -> object:
    return credentials_of(request.headers.get(hdrs.AUTHORIZATION))
