"""The outermost middleware: refuse what no content can be called, before a database is asked."""

from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from pulp_contentroutes.serving.errors import RequestRefused
from pulp_contentroutes.serving.request_path import check

_HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def refuse_unservable_paths(prefix: str, max_bytes: int) -> Middleware:
    """Return a middleware that answers unservable paths below `prefix` and passes on the rest.

    It must stand before Pulp's `authenticate`, which looks the domain segment of the path up in the
    database and answers 500 where that segment holds a NUL.
    """

    @web.middleware
    async def refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith(prefix):
            try:
                check(request.rel_url.raw_path, prefix, max_bytes)
            except RequestRefused as refused:
                return web.Response(
                    status=refused.status, text=f"{refused.status}: {refused}\n", headers=_HEADERS
                )
        return await handler(request)

    return refusals
