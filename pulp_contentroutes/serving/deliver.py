"""Plan and target → response: what comes after the client is admitted."""

from collections.abc import Callable

from aiohttp import web

from pulp_contentroutes.serving.errors import DatabaseUnavailable, FileGone
from pulp_contentroutes.serving.model import Found, Outcome, Plan, Target
from pulp_contentroutes.serving.resolve import Resolver
from pulp_contentroutes.serving.respond import Responder, not_found
from pulp_contentroutes.serving.wire import RenderedResponse

Remember = Callable[[web.Request, Plan, Found, str], None]


class Delivery:
    def __init__(self, resolver: Resolver, responder: Responder) -> None:
        self._resolver = resolver
        self._responder = responder

    async def deliver(
        self, request: web.Request, plan: Plan, target: Target, remember: Remember
    ) -> RenderedResponse | None:
        """Return the response, None where Pulp must answer; tell `remember` of a file.

        Raise FileDamaged or FileUnreadable.
        """
        try:
            is_private = plan.guard_id is not None
            found = await self._resolver.look_up(plan, target)
            if isinstance(found, Found):
                remember(request, plan, found, target.domain)
                return await self._responder.respond(
                    request, found, target.domain, is_private=is_private
                )
            if found is Outcome.MISSING:
                return not_found(request, is_private=is_private)
            return None
        except (DatabaseUnavailable, FileGone):
            return None
