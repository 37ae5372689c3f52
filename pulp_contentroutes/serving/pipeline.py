"""The two middlewares: route → resolve → authorize → respond, or Pulp's own handler.

What is proven is answered here. Everything else, and every fault of ours, goes on to the next
handler: the worst case is Pulp's speed and Pulp's answer, never an admission.
"""

import logging
from collections.abc import Callable
from typing import Any, Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from pulp_contentroutes.serving.admission import Admission
from pulp_contentroutes.serving.authorize import Decision
from pulp_contentroutes.serving.cache import BoundedCache
from pulp_contentroutes.serving.deliver import Delivery
from pulp_contentroutes.serving.errors import (
    DatabaseUnavailable,
    FileDamaged,
    FileFault,
    FileUnreadable,
    GuardGone,
    RequestRefused,
)
from pulp_contentroutes.serving.file_check import check_readable
from pulp_contentroutes.serving.handed_over import correct_headers, is_guarded, mark_guarded
from pulp_contentroutes.serving.model import Found, Outcome, Plan, Target
from pulp_contentroutes.serving.resolve import Resolver
from pulp_contentroutes.serving.respond import Responder, not_found
from pulp_contentroutes.serving.routes import Routes
from pulp_contentroutes.serving.wire import RenderedResponse, text_response

log = logging.getLogger(__name__)

#: How many requests are remembered as they were sent, and in how many bytes.
_REMEMBERED: Final = 20_000
_REMEMBERED_BYTES: Final = 8 * 1024 * 1024
_OVERHEAD: Final = 300

_METHODS: Final = frozenset({hdrs.METH_GET, hdrs.METH_HEAD})
_NO_STORE: Final = (("Cache-Control", "no-store"),)
_REFUSED: Final = (*_NO_STORE, ("X-Content-Type-Options", "nosniff"))

#: Of a request whose guard waits for Pulp's authentication: its plan and target. aiohttp has typed
#: keys since 3.14, and warns of others.
_WAITING: Final[Any] = getattr(web, "RequestKey", lambda name, _: name)("contentroutes", tuple)


class Pipeline:
    """`mark_request` gives log lines their correlation id, as Pulp's middleware would."""

    def __init__(
        self,
        routes: Routes,
        resolver: Resolver,
        admission: Admission,
        responder: Responder,
        mark_request: Callable[[], None],
    ) -> None:
        self._routes = routes
        self._resolver = resolver
        self._admission = admission
        self._responder = responder
        self._delivery = Delivery(resolver, responder)
        self._mark_request = mark_request
        #: What a request asked for, as it was sent: route and resolve in one look-up, for as long
        #: as plan and file are current.
        self._remembered: BoundedCache[str, tuple[Plan, Found, str]] = BoundedCache(
            _REMEMBERED, _REMEMBERED_BYTES, lambda raw_path, _: _OVERHEAD + len(raw_path)
        )
        #: Off until the database has been seen to be what our SQL expects.
        self.is_on = False

    @property
    def outermost(self) -> Middleware:
        """Return the middleware that comes before all of Pulp's."""

        @web.middleware
        async def contentroutes(request: web.Request, handler: Handler) -> web.StreamResponse:
            asked = request
            try:
                response = self._from_memory(request)
                if response is None:
                    request = self._routes.normalize(request)
                    response = await self._answer(request)
            except Exception:
                self._mark_request()
                log.exception("The fast path failed; Pulp's own handler answers.")
                response = None
            if response is not None:
                return response
            try:
                response = await self._hand_over(request, handler)
            finally:
                # The answer is prepared with the request as it came.
                if is_guarded(request):
                    mark_guarded(asked)
            return await self._readable(request, response)

        return contentroutes

    @property
    def innermost(self) -> Middleware:
        """Return the middleware that comes after Pulp's authentication."""

        @web.middleware
        async def contentroutes(request: web.Request, handler: Handler) -> web.StreamResponse:
            response = None
            if _WAITING not in request:
                self._admission.end_authentication(request)
            else:
                try:
                    response = await self._answer_known(request)
                except Exception:
                    log.exception("The fast path failed; Pulp's own handler answers.")
            return await handler(request) if response is None else response

        return contentroutes

    async def correct_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        """Change the headers of an answer of Pulp's handler (aiohttp's `on_response_prepare`)."""
        if self._routes.lead_to(request):
            correct_headers(request, response)

    async def _hand_over(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let Pulp authenticate and answer the request."""
        admitted = await self._admission.begin_authentication(
            request, is_ours=self._routes.lead_to(request), is_guarded=_WAITING in request
        )
        if not isinstance(admitted, web.Request):
            return admitted
        try:
            return await handler(admitted)
        except web.HTTPForbidden as forbidden:
            # A guard's: nothing else in Pulp's handler raises it.
            if not self._routes.lead_to(request):
                raise
            return await self._refused_by_pulp(request, forbidden)
        finally:
            self._admission.end_authentication(request)
            # Without its password the request is another one.
            if is_guarded(admitted):
                mark_guarded(request)

    async def _refused_by_pulp(
        self, request: web.Request, forbidden: web.HTTPForbidden
    ) -> web.StreamResponse:
        try:
            return await self._admission.refused_by_pulp(request)
        except Exception:
            log.exception("It is not known which guard has refused; Pulp's own answer is sent.")
            raise forbidden from None

    def _from_memory(self, request: web.Request) -> web.StreamResponse | None:
        """Return the whole of a small file that was asked for in the same words before."""
        remembered = self._remembered.get(request.raw_path)
        if remembered is None or not self._resolver.plans.is_trusted:
            return None
        plan, found, domain = remembered
        if not (plan.is_current and found.is_current and found.file.is_current):
            return None
        if plan.guard_id and not self._admission.is_certain(plan.guard_id, request):
            return None
        if request.protocol.access_logger is not None:
            self._mark_request()
        is_private = plan.guard_id is not None
        return self._responder.respond_at_once(request, found, domain, is_private=is_private)

    async def _answer(self, request: web.Request) -> web.StreamResponse | None:
        if request.method not in _METHODS:
            return None
        try:
            target = self._routes.target(request)
        except RequestRefused as refused:
            text = f"{refused.status}: {refused}\n"
            has_body = request.method != hdrs.METH_HEAD
            return text_response(refused.status, text, _REFUSED, has_body=has_body)
        if target is None or not self.is_on:
            return None
        if request.protocol.access_logger is not None:
            self._mark_request()
        try:
            plan = await self._resolver.plan(target)
            if not isinstance(plan, Plan):
                return not_found(request) if plan is Outcome.MISSING else None
            if plan.guard_id:
                mark_guarded(request)
                verdict = await self._admission.check(plan.guard_id, request)
                if verdict is Decision.UNDECIDED:
                    request[_WAITING] = (plan, target)
                    return None
                if not isinstance(verdict, Decision):
                    return verdict
        except DatabaseUnavailable:
            return None
        return await self._deliver(request, plan, target)

    async def _answer_known(self, request: web.Request) -> web.StreamResponse | None:
        """Answer a client that Pulp has authenticated, or has found to be anonymous."""
        plan, target = request[_WAITING]
        try:
            refusal = await self._admission.check_with_user(plan.guard_id, request)
        except (DatabaseUnavailable, GuardGone):
            return None
        return await self._deliver(request, plan, target) if refusal is None else refusal

    async def _deliver(
        self, request: web.Request, plan: Plan, target: Target
    ) -> web.StreamResponse | None:
        if not plan.is_ours:
            return None
        try:
            return await self._delivery.deliver(request, plan, target, self._remember)
        except (FileDamaged, FileUnreadable) as fault:
            if _WAITING not in request:
                # Otherwise Pulp has done that.
                self._mark_request()
            return _respond_to_fault(request, fault)

    async def _readable(
        self, request: web.Request, response: web.StreamResponse
    ) -> web.StreamResponse:
        """Return Pulp's response, a 500 instead of one with a file that cannot be read."""
        if isinstance(response, web.FileResponse) and self._routes.lead_to(request):
            try:
                await check_readable(response)
            except FileUnreadable as fault:
                return _respond_to_fault(request, fault)
        return response

    def _remember(self, request: web.Request, plan: Plan, found: Found, domain: str) -> None:
        if found.expires is None and "?" not in request.raw_path:
            self._remembered.put(request.raw_path, (plan, found, domain))


def _respond_to_fault(request: web.Request, fault: FileFault) -> RenderedResponse:
    """Return a 500: a fault of our disk must not look as if there were no such file."""
    log.error("Answered 500 for a file that cannot be sent: %s", fault)
    has_body = request.method != hdrs.METH_HEAD
    return text_response(500, "500: Internal Server Error", _NO_STORE, has_body=has_body)
