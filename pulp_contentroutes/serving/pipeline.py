"""The outermost middleware: route → resolve → authorize → respond, or Pulp's own handler.

What is proven is answered here. Everything else, and every fault of ours, goes on to the next
handler: the worst case is Pulp's speed and Pulp's answer, never an admission.
"""

import logging
from collections.abc import Callable
from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from pulp_contentroutes.serving.authorize import is_open_to_all
from pulp_contentroutes.serving.cache import BoundedCache
from pulp_contentroutes.serving.errors import (
    DatabaseUnavailable,
    FileDamaged,
    FileGone,
    RequestRefused,
)
from pulp_contentroutes.serving.model import Found, Outcome, Plan
from pulp_contentroutes.serving.resolve import Resolver
from pulp_contentroutes.serving.respond import Responder, not_found
from pulp_contentroutes.serving.routes import Routes
from pulp_contentroutes.serving.wire import text_response

log = logging.getLogger(__name__)

#: How many requests are remembered as they were sent, and in how many bytes.
_REMEMBERED: Final = 20_000
_REMEMBERED_BYTES: Final = 8 * 1024 * 1024
_OVERHEAD: Final = 300

_METHODS: Final = frozenset({hdrs.METH_GET, hdrs.METH_HEAD})
_REFUSED: Final = (("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"))


class Pipeline:
    """`mark_request` gives log lines their correlation id, as Pulp's middleware would."""

    def __init__(
        self,
        routes: Routes,
        resolver: Resolver,
        responder: Responder,
        mark_request: Callable[[], None],
    ) -> None:
        self._routes = routes
        self._resolver = resolver
        self._responder = responder
        self._mark_request = mark_request
        #: What a request asked for, as it was sent: route, resolve and authorize in one look-up,
        #: for as long as plan and file are current.
        self._remembered: BoundedCache[str, tuple[Plan, Found, str]] = BoundedCache(
            _REMEMBERED, _REMEMBERED_BYTES, lambda raw_path, _: _OVERHEAD + len(raw_path)
        )
        #: Off until the database has been seen to be what our SQL expects.
        self.is_on = False

    @property
    def middleware(self) -> Middleware:
        @web.middleware
        async def contentroutes(request: web.Request, handler: Handler) -> web.StreamResponse:
            try:
                response = self._from_memory(request)
                if response is None:
                    response = await self._answer(request)
            except Exception:
                self._mark_request()
                log.exception("The fast path failed; Pulp's own handler answers.")
                response = None
            return await handler(request) if response is None else response

        return contentroutes

    def _from_memory(self, request: web.Request) -> web.StreamResponse | None:
        """Return the whole of a small file that was asked for in the same words before."""
        remembered = self._remembered.get(request.raw_path)
        if remembered is None or not self._resolver.plans.is_trusted:
            return None
        plan, found, domain = remembered
        if not (plan.is_current and found.file.is_current):
            return None
        if request.protocol.access_logger is not None:
            self._mark_request()
        return self._responder.respond_at_once(request, found, domain)

    async def _answer(self, request: web.Request) -> web.StreamResponse | None:
        try:
            target = self._routes.target(request)
        except RequestRefused as refused:
            text = f"{refused.status}: {refused}\n"
            return text_response(refused.status, text, _REFUSED, has_body=_has_body(request))
        if target is None or not self.is_on or request.method not in _METHODS:
            return None
        if request.protocol.access_logger is not None:
            self._mark_request()
        try:
            plan = await self._resolver.plan(target)
            if not isinstance(plan, Plan):
                return not_found(request) if plan is Outcome.MISSING else None
            if not plan.is_ours or not is_open_to_all(plan):
                return None
            found = await self._resolver.look_up(plan, target)
            if isinstance(found, Found):
                if found.expires is None and "?" not in request.raw_path:
                    self._remembered.put(request.raw_path, (plan, found, target.domain))
                return await self._responder.respond(request, found, target.domain)
            return not_found(request) if found is Outcome.MISSING else None
        except (DatabaseUnavailable, FileGone):
            return None
        except FileDamaged as damaged:
            self._mark_request()
            log.error("Refused to send a damaged file: %s", damaged)
            return text_response(500, "500: Internal Server Error", has_body=_has_body(request))


def _has_body(request: web.Request) -> bool:
    return request.method != hdrs.METH_HEAD
