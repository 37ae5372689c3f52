"""URL → target: the prefixes below which we answer, as data, and the meaning of their paths.

Routes here are those of aiohttp's router; content routes have URLs that it has no route for.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

from aiohttp import hdrs, web
from yarl import URL

from pulp_contentroutes.serving.errors import NulInPath, RequestRefused
from pulp_contentroutes.serving.handover import Handover
from pulp_contentroutes.serving.model import Target
from pulp_contentroutes.serving.request_state import routed_of
from pulp_contentroutes.serving.routing.request_path import decode_path, without_dot_segments
from pulp_contentroutes.serving.types.rule import RouteRule

#: The domain that is used if domains are not enabled (pulpcore.app.models.Domain).
DEFAULT_DOMAIN: Final = "default"


#: The result of aiohttp's `AbstractResource.resolve`.
_Resolved = tuple[web.UrlMappingMatchInfo | None, set[str]]
#: The part of a request that decides how it is routed.
RouteKey = str


@dataclass(frozen=True, slots=True)
class Route:
    """Content of any distribution below `prefix`: `[<domain>/]<base path>/<relative path>`."""

    prefix: str
    has_domain: bool
    #: Whether unservable paths are refused: below our own prefix. Below Pulp's, Pulp answers those
    #: that it can answer.
    is_strict: bool

    @property
    def pattern(self) -> str:
        """Return the pattern of Pulp's own route, by which aiohttp has found its handler."""
        return f"{self.prefix}{'{pulp_domain}/' if self.has_domain else ''}{{path}}"


@dataclass(frozen=True, slots=True)
class PluginRoute:
    """A plugin's own route, whose handler a rule knows."""

    rule: RouteRule
    has_domain: bool

    @property
    def pattern(self) -> str:
        return f"{self.rule.prefix}{'{pulp_domain}/' if self.has_domain else ''}{self.rule.pattern}"


class Routes:
    """The routes of one content app."""

    #: Returns a value that is equal for requests that are routed the same way, and for no others.
    #: Each request pays for it, so it is no function of Python.
    key: Final[Callable[[web.Request], RouteKey]] = attrgetter("raw_path")

    def __init__(
        self,
        routes: Sequence[Route],
        max_path_bytes: int,
        plugin_routes: Sequence[PluginRoute] = (),
    ) -> None:
        self._routes = tuple((route, route.prefix, route.pattern) for route in routes)
        self._plugin_routes = tuple((route, route.pattern) for route in plugin_routes)
        self._patterns = {each.pattern for each in routes}
        self._patterns.update(each.pattern for each in plugin_routes)
        self._max_path_bytes = max_path_bytes

    def target(self, request: web.Request) -> Target | Handover:
        """Return the request's target, or a Handover if it is not ours; or raise RequestRefused."""
        raw_path = request.rel_url.raw_path
        for route, prefix, pattern in self._routes:
            if request.path.startswith(prefix):
                return self._target(request, raw_path, route, pattern)
        for plugin_route, pattern in self._plugin_routes:
            if _is_routed_to(request, pattern):
                rule, domain = plugin_route.rule, DEFAULT_DOMAIN
                rest = raw_path.removeprefix(rule.prefix)
                if plugin_route.has_domain:
                    domain, _, rest = rest.partition("/")
                found = rule.url.fullmatch(rest)
                # A domain that needs percent-encoding, or is no text, is left to Pulp.
                if found is None or not re.fullmatch(r"[\w.-]+", domain, re.ASCII):
                    return Handover.PLUGIN_ROUTE
                return Target(domain, f"{found['base_path']}/{found['path']}", rule)
        return Handover.OTHER_HANDLER

    def without_dots(self, request: web.Request) -> web.Request:
        """Return the request without "." segments below our prefixes, unchanged if it has none.

        Guards, signatures, redirects and Pulp's handler then see the URL of the same resource.
        """
        raw_path = request.rel_url.raw_path
        # Most paths contain neither of these: two searches cost a tenth of `without_dot_segments`.
        if "/." not in raw_path and "/%2" not in raw_path:
            return request
        path = without_dot_segments(raw_path)
        # Two slashes at the begin would make a host of what follows.
        if path == raw_path or path.startswith("//"):
            return request
        query = request.rel_url.raw_query_string
        url = URL(f"{path}?{query}" if query else path, encoded=True)
        for route, prefix, pattern in self._routes:
            rest = url.path.removeprefix(prefix)
            if rest and rest != url.path and _is_routed_to(request, pattern):
                # With the match that aiohttp's router would find.
                changed = request.clone(rel_url=url)
                domain, _, path = rest.partition("/") if route.has_domain else ("", "", rest)
                changed.match_info["path"] = path
                if route.has_domain:
                    changed.match_info["pulp_domain"] = domain
                return changed
        return request.clone(rel_url=url) if is_unrouted(request) else request

    def lead_to(self, request: web.Request) -> bool:
        """Tell whether the request's handler is that of one of the routes, whatever its path."""
        resource = request.match_info.route.resource
        is_routed = resource is not None and resource.canonical in self._patterns
        return is_routed or routed_of(request) is not None

    def _target(
        self, request: web.Request, raw_path: str, route: Route, pattern: str
    ) -> Target | Handover:
        # Below Pulp's prefix a path of any length is looked up, by one statement: left to Pulp, it
        # would keep Pulp's one thread busy.
        max_path_bytes = self._max_path_bytes if route.is_strict else None
        try:
            rest = decode_path(raw_path, route.prefix, max_path_bytes)
        except NulInPath:
            raise
        except RequestRefused:
            if route.is_strict:
                raise
            return Handover.ODD_PATH
        if not _is_routed_to(request, pattern):
            return Handover.OTHER_HANDLER
        domain, slash, path = (
            rest.partition("/") if route.has_domain else (DEFAULT_DOMAIN, "/", rest)
        )
        # aiohttp takes `dom%2Fbase` for one segment, and finds no such domain.
        if route.has_domain and request.match_info.get("pulp_domain") != domain:
            return Handover.ODD_PATH
        return Target(domain, path) if slash and path else Handover.LIST_OF_DISTRIBUTIONS


class OtherUrls(web.DynamicResource):
    """The resource of URLs that may be those of content routes, and that no other resource has.

    aiohttp answers them without it, too, but builds all middlewares anew for each request: a
    quarter of the time of a file from memory. `may_match` tells about a path; for others, and other
    methods than GET and HEAD, it is as if the resource were not there.
    """

    def __init__(self, may_match: Callable[[str], bool]) -> None:
        super().__init__("/{path:.*}")
        self._may_match = may_match
        for method in (hdrs.METH_GET, hdrs.METH_HEAD):
            self.add_route(method, self.answer_other_url)

    async def resolve(self, request: web.Request) -> _Resolved:
        if not self._may_match(request.rel_url.path_safe):
            return None, set()
        match, _ = await super().resolve(request)
        return match, set()

    async def answer_other_url(self, request: web.Request) -> web.StreamResponse:
        """Answer what belongs to no content route as aiohttp does. Metrics show this name."""
        raise web.HTTPNotFound


def is_unrouted(request: web.Request) -> bool:
    """Tell whether the URL has no other route, so that it can be that of a content route."""
    match = request.match_info
    resource = match.route.resource
    # Each request asks this: most have a resource of another kind.
    if resource is not None:
        return type(resource) is OtherUrls
    return isinstance(match.http_exception, web.HTTPNotFound)


def _is_routed_to(request: web.Request, pattern: str) -> bool:
    """Tell whether the handler is the one of `pattern`: another plugin may own a deeper prefix."""
    resource = request.match_info.route.resource
    return resource is not None and resource.canonical == pattern
