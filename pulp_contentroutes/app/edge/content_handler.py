"""Pulp's own content handler, answering under our prefix.

Everything is decided by `pulpcore.content.handler.Handler`; the differences (listings, redirects,
the request that guards see) are listed with their reasons in docs/differences.md.
"""

from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from datetime import datetime
from typing import NoReturn

from aiohttp import web
from asgiref.sync import sync_to_async
from django.conf import settings
from pulpcore.plugin.cache import AsyncContentCache
from pulpcore.plugin.content import Handler
from pulpcore.plugin.models import Distribution, Publication
from pulpcore.plugin.util import get_domain
from yarl import URL

from pulp_contentroutes.app.access.signed_urls import signed_urls
from pulp_contentroutes.app.edge import listings
from pulp_contentroutes.app.edge.canonical_urls import append_slash, canonical_request, own_location
from pulp_contentroutes.paths import CONTENT_PREFIX, with_domain
from pulp_contentroutes.serving.request_state import (
    mark_guarded,
    record_listing,
    recorded_listings,
    routed_of,
)

#: The directory that was rendered last, in the context of one call of the handler.
_listed: ContextVar[listings.Listing] = ContextVar("contentroutes_listed")


class ContentRouteHandler(Handler):
    """The handler of distributions below `CONTENT_PREFIX`; GET and HEAD."""

    async def list_content_route(self, request: web.Request) -> NoReturn:
        """List the distributions of the request's domain."""
        if not request.path.endswith("/"):
            raise web.HTTPMovedPermanently(append_slash(request))
        raise await sync_to_async(_distributions_below)("")

    async def serve_content_route(self, request: web.Request) -> web.StreamResponse:
        """Serve, list or redirect below a distribution.

        A page for one of several distributions is recorded in the state of the request, too.
        """
        routed = routed_of(request)
        has_listings = routed is None or routed.has_listings
        # Pulp's cache knows neither the host, nor that a route has changed.
        stream = self.stream_content if routed is None else self._stream
        try:
            response = await stream(request)
        except web.HTTPMovedPermanently as moved:
            location = own_location(request, URL(moved.location))
            if location is None:
                raise
            raise web.HTTPMovedPermanently(location) from None
        except web.HTTPOk:
            # A list of distributions, or of checkpoints.
            if not has_listings:
                raise web.HTTPNotFound from None
            raise
        is_page = isinstance(response, web.Response) and listings.is_listing(response.body)
        if is_page and not has_listings:
            raise web.HTTPNotFound
        if is_page and routed is not None and len(routed.mounts) > 1:
            record_listing(request, _listed.get())
        return response

    def merge_listings(self, request: web.Request) -> web.Response:
        """Return the page of the directory in all distributions of the route that have it."""
        page = listings.merge(recorded_listings(request)).render(request.path)
        return web.Response(text=page, headers=listings.HEADERS)

    # Handler.stream_content names Handler in its cache callbacks: with Redis, guards would be asked
    # through Handler._permit and would see our prefix instead of the canonical one.
    @AsyncContentCache(
        base_key=lambda request, cache: ContentRouteHandler.find_base_path_cached(request, cache),
        auth=lambda request, cache, key: ContentRouteHandler.auth_cached(request, cache, key),
    )
    async def stream_content(self, request: web.Request) -> web.StreamResponse:
        return await self._stream(request)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        response = await self._match_and_stream(request.match_info["path"], request)
        if isinstance(response, web.Response) and listings.is_listing(response.body):
            response.headers.update(listings.HEADERS)
        return response

    @classmethod
    def _match_distribution(cls, path: str, add_trailing_slash: bool = True) -> Distribution:
        try:
            return super()._match_distribution(path, add_trailing_slash)
        except web.HTTPOk:
            raise _distributions_below(path) from None

    @classmethod
    def _select_checkpoint_publication(cls, distro: Distribution, path: str) -> Publication:
        try:
            return super()._select_checkpoint_publication(distro, path)
        except web.HTTPOk:
            dates = listings.checkpoint_directories(distro.repository)
            page = listings.render(dates, _own_path(f"{distro.base_path}/"), dates)
            raise web.HTTPOk(text=page, headers=listings.HEADERS) from None

    @staticmethod
    def _permit(request: web.Request, distribution: Distribution) -> bool:
        if distribution.content_guard_id is not None:
            mark_guarded(request)
        if signed_urls().admit(request.rel_url):
            # The result says whether there is a guard: Pulp's cache keeps it for the next client.
            return distribution.content_guard is not None
        return Handler._permit(canonical_request(request), distribution)

    @staticmethod
    def render_html(
        directory_list: Iterable[str],
        path: str = "",
        dates: Mapping[str, datetime] | None = None,
        sizes: Mapping[str, int] | None = None,
    ) -> str:
        listing = listings.Listing(frozenset(directory_list), dates or {}, sizes or {})
        _listed.set(listing)
        return listing.render(path)


def _distributions_below(base: str) -> web.HTTPOk:
    """Return the page that lists the distributions whose base path starts with `base`. Blocking."""
    names = listings.distribution_directories(base)
    page = listings.render(names, _own_path(base), is_root=base == "")
    return web.HTTPOk(text=page, headers=listings.HEADERS)


def _own_path(path: str) -> str:
    domain = get_domain().name if settings.DOMAIN_ENABLED else None
    return with_domain(CONTENT_PREFIX, domain) + path
