"""URL → target: which prefixes we answer below, as data, and what their paths mean."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aiohttp import web
from yarl import URL

from pulp_contentroutes.serving.errors import NulInPath, RequestRefused
from pulp_contentroutes.serving.model import Target
from pulp_contentroutes.serving.request_path import decoded, without_dot_segments

#: The domain where domains are not enabled (pulpcore.app.models.Domain).
DEFAULT_DOMAIN: Final = "default"


@dataclass(frozen=True, slots=True)
class Route:
    """Content of any distribution below `prefix`: `[<domain>/]<base path>/<relative path>`."""

    prefix: str
    has_domain: bool
    #: Whether unservable paths are refused: on our own prefix. On Pulp's, Pulp answers those that
    #: it can answer.
    is_strict: bool

    @property
    def pattern(self) -> str:
        """Return the pattern of Pulp's own route, by which aiohttp has found its handler."""
        return f"{self.prefix}{'{pulp_domain}/' if self.has_domain else ''}{{path}}"


class Routes:
    """The routes of one content app."""

    def __init__(self, routes: Sequence[Route], max_path_bytes: int) -> None:
        self._routes = tuple((route, route.prefix, route.pattern) for route in routes)
        self._max_path_bytes = max_path_bytes

    def target(self, request: web.Request) -> Target | None:
        """Return what the request asks for, None if it is not for us; or raise RequestRefused."""
        raw_path = request.rel_url.raw_path
        for route, prefix, pattern in self._routes:
            if request.path.startswith(prefix):
                return self._target(request, raw_path, route, pattern)
        return None

    def normalize(self, request: web.Request) -> web.Request:
        """Return the request without "." segments below our prefixes, itself if it has none.

        So guards, signatures, redirects and Pulp's handler see the URL of the same resource.
        """
        raw_path = request.rel_url.raw_path
        # Most paths have neither, and one search costs a tenth of the pattern.
        if "/." not in raw_path and "/%2" not in raw_path:
            return request
        path = without_dot_segments(raw_path)
        if path == raw_path:
            return request
        query = request.rel_url.raw_query_string
        url = URL(f"{path}?{query}" if query else path, encoded=True)
        for route, prefix, pattern in self._routes:
            rest = url.path.removeprefix(prefix)
            if rest and rest != url.path and _is_routed_to(request, pattern):
                return _with_url(request, url, route, rest)
        return request

    def lead_to(self, request: web.Request) -> bool:
        """Tell whether the request's handler is that of one of the routes, whatever its path."""
        return any(_is_routed_to(request, pattern) for _, _, pattern in self._routes)

    def _target(
        self, request: web.Request, raw_path: str, route: Route, pattern: str
    ) -> Target | None:
        # Whether content of Pulp has such a path is asked with one statement; Pulp's handler would
        # keep its thread busy.
        max_path_bytes = self._max_path_bytes if route.is_strict else None
        try:
            rest = decoded(raw_path, route.prefix, max_path_bytes)
        except NulInPath:
            raise
        except RequestRefused:
            if route.is_strict:
                raise
            return None
        if not _is_routed_to(request, pattern):
            return None
        domain, slash, path = (
            rest.partition("/") if route.has_domain else (DEFAULT_DOMAIN, "/", rest)
        )
        # aiohttp takes `dom%2Fbase` for one segment, and finds no such domain.
        if route.has_domain and request.match_info.get("pulp_domain") != domain:
            return None
        return Target(domain, path) if slash and path else None


def _with_url(request: web.Request, url: URL, route: Route, rest: str) -> web.Request:
    """Return the request for another URL of the same route, with what aiohttp's router finds."""
    changed = request.clone(rel_url=url)
    domain, _, path = rest.partition("/") if route.has_domain else ("", "", rest)
    changed.match_info["path"] = path
    if route.has_domain:
        changed.match_info["pulp_domain"] = domain
    return changed


def _is_routed_to(request: web.Request, pattern: str) -> bool:
    """Tell whether the handler is the one of `pattern`: another plugin may own a deeper prefix."""
    resource = request.match_info.route.resource
    return resource is not None and resource.canonical == pattern
