"""URLs that aiohttp has no route for → the content route that they belong to."""

from urllib.parse import unquote

from aiohttp import hdrs, web

from pulp_contentroutes.serving.errors import UnservablePath
from pulp_contentroutes.serving.model import Mount, Routed
from pulp_contentroutes.serving.resolve.route_table import RouteTable
from pulp_contentroutes.serving.routing.content_routes import ContentRoute, Redirect, Serve
from pulp_contentroutes.serving.routing.mount_patterns import host_of
from pulp_contentroutes.serving.routing.request_path import decode_path
from pulp_contentroutes.serving.routing.route_tree import Match
from pulp_contentroutes.serving.routing.templates import fill_location


class Router:
    """The routes of `table`, for paths of at most `max_path_bytes`."""

    def __init__(self, table: RouteTable, max_path_bytes: int, *, has_domains: bool) -> None:
        self.table = table
        self._max_path_bytes = max_path_bytes
        self._has_domains = has_domains

    async def find(self, request: web.Request) -> Routed | None:
        """Return what the route of the request says about it, None if it belongs to no route.

        Raise DatabaseUnavailable, or RequestRefused.
        """
        raw_path = request.rel_url.raw_path
        # Surrogates are in no mount; `decode_path` refuses them.
        segments = [
            unquote(each, errors="surrogateescape") if "%" in each else each
            for each in raw_path[1:].split("/")
        ]
        match = await self.table.find(host_of(request.headers.get(hdrs.HOST, "")), segments)
        if match is None:
            return None
        path = decode_path(raw_path, "/", self._max_path_bytes)
        prefix = "".join(f"{segment}/" for segment in match.segments)
        is_mount = len(match.segments) == len(segments)
        below = None if is_mount else path.removeprefix(prefix)
        if not match.route.admits(below or ""):
            raise UnservablePath("The route does not serve this path.")
        return self._describe(match, f"/{prefix}", below, request.rel_url.raw_query_string)

    def _describe(self, match: Match, prefix: str, below: str | None, query: str) -> Routed:
        route, action = match.route, match.route.action
        redirect: tuple[int, str] | None = None
        mounts: tuple[Mount, ...] = ()
        if isinstance(action, Redirect):
            location = fill_location(action.location, match.captured, below or "", query)
            redirect = action.status, location
        else:
            if isinstance(action, Serve):
                paths = action.paths
            else:
                paths = (f"{action.path.render(match.captured)}/",)
            mounts = tuple(Mount(prefix, path, self._domain_of(route)) for path in paths)
        return Routed(
            path=below,
            mounts=mounts,
            redirect=redirect,
            guard_id=route.guard_id,
            fields=route.fields,
            has_listings=route.has_listings,
        )

    def _domain_of(self, route: ContentRoute) -> str | None:
        return route.domain if self._has_domains else None
