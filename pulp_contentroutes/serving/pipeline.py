"""The two middlewares: the answer of the fast path, or Pulp's own handler.

A request whose answer is proven is answered here. Every other one, also after a fault of ours, is
passed on to the next handler: the worst case is Pulp's speed and Pulp's answer, and a fault never
admits a client.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from pulp_contentroutes.serving.access.admission import Admission
from pulp_contentroutes.serving.answers import Answers
from pulp_contentroutes.serving.errors import FileUnreadable
from pulp_contentroutes.serving.handover import Handover
from pulp_contentroutes.serving.http.pulp_headers import correct_headers
from pulp_contentroutes.serving.http.responder import respond_to_fault, unavailable
from pulp_contentroutes.serving.http.responses import RenderedResponse
from pulp_contentroutes.serving.request_state import (
    RequestState,
    begin_state,
    enter_mount,
    state_of,
)
from pulp_contentroutes.serving.routing.routes import Routes, is_unrouted
from pulp_contentroutes.serving.sources.file_check import check_readable

log = logging.getLogger(__name__)

_FAULT: Final = "The fast path failed; Pulp's own handler answers."
#: The header that says how a request was answered, if CONTENTROUTES_DEBUG_HEADER is on.
_DEBUG_HEADER: Final = "X-Contentroutes"


class Pipeline:
    """The two middlewares around Pulp's own.

    `content_handler` is Pulp's handler for the URLs of content routes; `merge_listings` makes one
    page of those in the state of a request. `mark_request` sets the correlation id of log lines, as
    Pulp's would; `cache_control` is Pulp's field for files.
    """

    def __init__(
        self,
        routes: Routes,
        answers: Answers,
        admission: Admission,
        content_handler: Handler,
        merge_listings: Callable[[web.Request], web.Response],
        mark_request: Callable[[], object],
        *,
        cache_control: str | None = None,
        has_debug_header: bool = False,
    ) -> None:
        self._routes = routes
        self._answers = answers
        self._admission = admission
        self._content_handler = content_handler
        self._merge_listings = merge_listings
        self._mark_request = mark_request
        self._cache_control = cache_control
        self._has_debug_header = has_debug_header
        #: How many requests were left to Pulp's handler, for each reason.
        self.handovers: Counter[Handover] = Counter()

    @property
    def outermost(self) -> Middleware:
        """Return the middleware that comes before all of Pulp's."""

        @web.middleware
        async def contentroutes(request: web.Request, handler: Handler) -> web.StreamResponse:
            state = None
            result: web.StreamResponse | Handover | None
            try:
                result = self._answers.from_memory(request)
                if result is None:
                    state = begin_state(request)
                    request = self._routes.without_dots(request)
                    if is_unrouted(request):
                        result = await self._answers.enter(request, state)
                    if result is None:
                        result = await self._answers.answer(request, state)
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
            routed = None if state is None else state.routed
            if routed is not None:
                handler = self._answer_at_mounts
            is_waiting = state is not None and (
                state.waiting is not None or (routed is not None and not state.is_admitted)
            )
            if state is None or not is_waiting:
                self._admission.end_authentication(request)
                return await handler(request)
            result: web.StreamResponse | Handover
            try:
                result = await self._answers.answer_authenticated(request, state)
            except Exception:
                self._mark_request()
                log.exception(_FAULT)
                result = Handover.FAULT
            if not isinstance(result, Handover):
                state.handover = None
                self._explain(result, "fast; authenticated")
                return result
            state.handover = result
            if routed is not None and not state.is_admitted:
                # Pulp's handler does not know the guard of the route.
                return unavailable(request)
            return await handler(request)

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
        waits_for_route = state.routed is not None and not state.is_admitted
        is_guarded = state.waiting is not None or waits_for_route
        try:
            admitted = await self._admission.begin_authentication(
                request, is_ours=is_ours, is_guarded=is_guarded
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

    async def _answer_at_mounts(self, request: web.Request) -> web.StreamResponse:
        """Answer with Pulp's handler for the first mount that has the content."""
        state = state_of(request)
        assert state is not None
        assert state.routed is not None
        if len(state.routed.mounts) == 1:
            return await self._content_handler(request)
        refused: tuple[int, web.HTTPForbidden] | None = None
        page: web.StreamResponse | None = None
        pages = 0
        for position in range(state.position, len(state.routed.mounts)):
            enter_mount(request, state, position)
            try:
                # In a context of its own: Pulp's handler remembers the distribution in it.
                answer = await asyncio.create_task(self._call_content_handler(request))
            except web.HTTPNotFound:
                continue
            except web.HTTPForbidden as forbidden:
                refused = refused or (position, forbidden)
                continue
            if len(state.listed) == pages:
                return answer
            # A file of a later one comes before the pages of all.
            page, pages = answer if page is None else page, len(state.listed)
        if page is not None:
            return page if pages == 1 else self._merge_listings(request)
        if state.refused is not None:
            return state.refused
        if refused is None:
            raise web.HTTPNotFound
        # The guard of this one tells which credentials it would accept.
        enter_mount(request, state, refused[0])
        raise refused[1]

    async def _call_content_handler(self, request: web.Request) -> web.StreamResponse:
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
