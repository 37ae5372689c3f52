"""The two middlewares: route → snapshot → authorize → look up → respond, or Pulp's own handler.

A request whose answer is proven is answered here. Every other one, also after a fault of ours, is
passed on to the next handler: the worst case is Pulp's speed and Pulp's answer, and a fault never
admits a client.
"""

import logging
from collections import Counter
from collections.abc import Callable
from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from pulp_contentroutes.serving.access.admission import Admission
from pulp_contentroutes.serving.errors import (
    DatabaseUnavailable,
    FileDamaged,
    FileGone,
    FileUnreadable,
    GuardGone,
    RequestRefused,
)
from pulp_contentroutes.serving.handover import Handover
from pulp_contentroutes.serving.http.headers import NO_STORE
from pulp_contentroutes.serving.http.pulp_headers import correct_headers
from pulp_contentroutes.serving.http.responder import Responder, not_found, respond_to_fault
from pulp_contentroutes.serving.http.responses import RenderedResponse, text_response
from pulp_contentroutes.serving.model import Missing, Snapshot, Target
from pulp_contentroutes.serving.request_memory import Remembered, RequestMemory
from pulp_contentroutes.serving.request_state import RequestState, begin_state, state_of
from pulp_contentroutes.serving.resolve.resolver import Resolver
from pulp_contentroutes.serving.routing.routes import Routes
from pulp_contentroutes.serving.sources.file_check import check_readable

log = logging.getLogger(__name__)

_METHODS: Final = frozenset({hdrs.METH_GET, hdrs.METH_HEAD})
_REFUSED: Final = (NO_STORE, ("X-Content-Type-Options", "nosniff"))
_FAULT: Final = "The fast path failed; Pulp's own handler answers."
#: The header that says how a request was answered, if CONTENTROUTES_DEBUG_HEADER is on.
_DEBUG_HEADER: Final = "X-Contentroutes"


class Pipeline:
    """The two middlewares.

    `content_handler` is Pulp's handler for the URLs of mounts, `cache_control` its field for files.
    `mark_request` sets the correlation id of log lines, as Pulp's would.
    """

    def __init__(
        self,
        routes: Routes,
        resolver: Resolver,
        admission: Admission,
        responder: Responder,
        content_handler: Handler,
        mark_request: Callable[[], object],
        *,
        cache_control: str | None = None,
        has_debug_header: bool = False,
    ) -> None:
        self._routes = routes
        self._resolver = resolver
        self._admission = admission
        self._responder = responder
        self._content_handler = content_handler
        self._mark_request = mark_request
        self._cache_control = cache_control
        self._has_debug_header = has_debug_header
        self._memory = RequestMemory(routes, resolver.snapshots)
        #: How many requests were left to Pulp's handler, for each reason.
        self.handovers: Counter[Handover] = Counter()
        #: Off until the database was found to match our SQL's expectations.
        self.is_on = False

    @property
    def outermost(self) -> Middleware:
        """Return the middleware that comes before all of Pulp's."""

        @web.middleware
        async def contentroutes(request: web.Request, handler: Handler) -> web.StreamResponse:
            state = None
            result: web.StreamResponse | Handover | None
            try:
                result = self._from_memory(request)
                if result is None:
                    state = begin_state(request)
                    request = self._routes.enter(request, state)
                    result = await self._answer(request, state)
            except Exception:
                self._mark_request()
                log.exception(_FAULT)
                result = Handover.FAULT
            if not isinstance(result, Handover):
                if self._has_debug_header:
                    self._explain(result, "fast; looked-up" if state else "fast; memory")
                return result
            state = state or begin_state(request)
            state.handover = result
            try:
                answer = await self._hand_over(request, handler, state)
            finally:
                # Most of Pulp's answers are raised as exceptions.
                if state.handover is not None:
                    self.handovers[state.handover] += 1
            return await self._readable(request, answer)

        return contentroutes

    @property
    def innermost(self) -> Middleware:
        """Return the middleware that comes after Pulp's authentication."""

        @web.middleware
        async def contentroutes(request: web.Request, handler: Handler) -> web.StreamResponse:
            state = state_of(request)
            if state is not None and state.mount is not None:
                handler = self._answer_at_mount
            if state is None or state.waiting is None:
                self._admission.end_authentication(request)
                return await handler(request)
            snapshot, target = state.waiting
            result: web.StreamResponse | Handover | None
            try:
                assert snapshot.guard_id
                result = await self._admission.check_with_user(snapshot.guard_id, request)
                if result is None:
                    result = await self._deliver(request, snapshot, target)
            except DatabaseUnavailable:
                result = Handover.DATABASE_UNAVAILABLE
            except GuardGone:
                result = Handover.GUARD_GONE
            except Exception:
                self._mark_request()
                log.exception(_FAULT)
                result = Handover.FAULT
            if isinstance(result, Handover):
                state.handover = result
                return await handler(request)
            state.handover = None
            self._explain(result, "fast; authenticated")
            return result

        return contentroutes

    async def correct_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        """Change the headers of an answer of Pulp's handler (aiohttp's `on_response_prepare`)."""
        if not self._routes.lead_to(request):
            return
        state = state_of(request)
        correct_headers(state, response, self._cache_control)
        if state is not None and state.handover is not None:
            self._explain(response, state.handover)

    def _explain(self, response: web.StreamResponse, how: str | Handover) -> None:
        """Add the header that says how a response came about, if it is enabled."""
        if not self._has_debug_header:
            return
        text = f"handed-over; {how.reason}" if isinstance(how, Handover) else how
        if isinstance(response, RenderedResponse):
            response.append_field(_DEBUG_HEADER, text)
        else:
            response.headers[_DEBUG_HEADER] = text

    async def _hand_over(
        self, request: web.Request, handler: Handler, state: RequestState
    ) -> web.StreamResponse:
        """Let Pulp authenticate and answer the request."""
        is_ours = self._routes.lead_to(request)
        try:
            admitted = await self._admission.begin_authentication(
                request, is_ours=is_ours, is_guarded=state.waiting is not None
            )
        except Exception:
            self._mark_request()
            log.exception(_FAULT)
            admitted = request
        if not isinstance(admitted, web.Request):
            state.handover = None
            self._explain(admitted, "fast; refused")
            return admitted
        try:
            return await handler(admitted)
        except web.HTTPForbidden as forbidden:
            # A guard has raised it: nothing else in Pulp's handler does.
            if not is_ours:
                raise
            try:
                refusal = await self._admission.refused_by_pulp(request)
            except Exception:
                log.exception("It is not known which guard has refused; Pulp's own answer is sent.")
                raise forbidden from None
            if state.handover is not None:
                self._explain(refusal, state.handover)
            return refusal
        finally:
            self._admission.end_authentication(request)

    def _from_memory(self, request: web.Request) -> web.StreamResponse | None:
        """Return the whole of a small file that was requested with exactly this URL before."""
        remembered = self._memory.find(request)
        if remembered is None:
            return None
        snapshot, found, domain = remembered
        if snapshot.guard_id and not self._admission.is_certain(snapshot.guard_id, request):
            return None
        if request.protocol.access_logger is not None:
            self._mark_request()
        is_private = snapshot.guard_id is not None
        return self._responder.respond_at_once(request, found, domain, is_private=is_private)

    async def _answer(
        self, request: web.Request, state: RequestState
    ) -> web.StreamResponse | Handover:
        if request.method not in _METHODS:
            return Handover.METHOD
        try:
            target = self._routes.target(request, state.mount)
        except RequestRefused as refused:
            text = f"{refused.status}: {refused}\n"
            has_body = request.method != hdrs.METH_HEAD
            return text_response(refused.status, text, _REFUSED, has_body=has_body)
        if isinstance(target, Handover):
            return target
        if not self.is_on:
            return Handover.OFF
        if request.protocol.access_logger is not None:
            self._mark_request()
        try:
            snapshot = await self._resolver.snapshot(target)
            if isinstance(snapshot, Handover):
                return snapshot
            if isinstance(snapshot, Missing):
                return not_found(request)
            if snapshot.guard_id:
                state.is_guarded = True
                verdict = await self._admission.check(snapshot.guard_id, request)
                if isinstance(verdict, Handover):
                    state.waiting = snapshot, target
                if verdict is not None:
                    return verdict
        except DatabaseUnavailable:
            return Handover.DATABASE_UNAVAILABLE
        return await self._deliver(request, snapshot, target)

    async def _deliver(
        self, request: web.Request, snapshot: Snapshot, target: Target
    ) -> RenderedResponse | Handover:
        """Answer a client that may have the content of the distribution."""
        if snapshot.handover is not None:
            return snapshot.handover
        is_private, domain = snapshot.guard_id is not None, target.domain
        try:
            found = await self._resolver.look_up(snapshot, target)
            if isinstance(found, Handover):
                return found
            if isinstance(found, Missing):
                return not_found(request, is_private=is_private)
            self._memory.remember(request, Remembered(snapshot, found, domain))
            return await self._responder.respond(request, found, domain, is_private=is_private)
        except DatabaseUnavailable:
            return Handover.DATABASE_UNAVAILABLE
        except FileGone:
            return Handover.FILE_GONE
        except (FileDamaged, FileUnreadable) as fault:
            state = state_of(request)
            if state is None or state.waiting is None:
                # Otherwise Pulp has marked it already.
                self._mark_request()
            return respond_to_fault(request, fault)

    async def _answer_at_mount(self, request: web.Request) -> web.StreamResponse:
        """Answer with Pulp's handler in place of aiohttp's 404."""
        if request.method not in _METHODS:
            raise web.HTTPMethodNotAllowed(request.method, _METHODS)
        return await self._content_handler(request)

    async def _readable(
        self, request: web.Request, response: web.StreamResponse
    ) -> web.StreamResponse:
        """Return Pulp's response, or a 500 if it is a file that cannot be read."""
        if isinstance(response, web.FileResponse) and self._routes.lead_to(request):
            try:
                await check_readable(response)
            except FileUnreadable as fault:
                return respond_to_fault(request, fault)
        return response
