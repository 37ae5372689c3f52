"""The fast path, configured by Pulp's settings: built, started and ended with the content app."""

import logging
from collections.abc import AsyncIterator
from dataclasses import fields
from functools import lru_cache

from aiohttp import web
from django.conf import settings
from django_guid import set_guid
from django_guid.utils import generate_guid
from pulpcore.metrics import artifacts_size_counter
from pulpcore.plugin.content import Handler
from pulpcore.plugin.models import Domain
from pulpcore.plugin.util import set_domain

from pulp_contentroutes.app.access.signed_urls import signed_urls
from pulp_contentroutes.app.edge.connection import database
from pulp_contentroutes.app.edge.content_handler import ContentRouteHandler
from pulp_contentroutes.app.edge.distribution_types import distribution_types, route_rules
from pulp_contentroutes.app.edge.metrics import observe
from pulp_contentroutes.app.edge.plugin_hooks import PluginHooks
from pulp_contentroutes.app.edge.pulp_guards import PulpGuards
from pulp_contentroutes.app.edge.storages import PulpStorages
from pulp_contentroutes.app.settings_table import PREFIX
from pulp_contentroutes.paths import CONTENT_PREFIX
from pulp_contentroutes.serving.access.admission import Admission
from pulp_contentroutes.serving.access.authorizer import Authorizer
from pulp_contentroutes.serving.access.client_address import ClientAddresses
from pulp_contentroutes.serving.access.throttle import FailedLogins
from pulp_contentroutes.serving.access.tokens import WRITE_SECONDS, Tokens
from pulp_contentroutes.serving.answers import Answers
from pulp_contentroutes.serving.background import Background
from pulp_contentroutes.serving.http.responder import CountBytes, Responder
from pulp_contentroutes.serving.notifications.listener import Listener
from pulp_contentroutes.serving.options import Options
from pulp_contentroutes.serving.pipeline import Pipeline
from pulp_contentroutes.serving.resolve.checkpoints import Checkpoints
from pulp_contentroutes.serving.resolve.path_lookup import PathLookup
from pulp_contentroutes.serving.resolve.resolver import Resolver
from pulp_contentroutes.serving.resolve.route_table import RouteTable
from pulp_contentroutes.serving.resolve.snapshots import Snapshots
from pulp_contentroutes.serving.router import Router
from pulp_contentroutes.serving.routing.routes import OtherUrls, PluginRoute, Route, Routes
from pulp_contentroutes.serving.sources.files import LOOK_SECONDS, Files

log = logging.getLogger(__name__)


class FastPath:
    """The fast path of one content worker; `content_handler` answers what it leaves to Pulp."""

    def __init__(self, content_handler: ContentRouteHandler) -> None:
        names = (field.name for field in fields(Options))
        options = Options(**{name: getattr(settings, PREFIX + name.upper()) for name in names})
        self._database = database()
        self._files = Files(options.open_files)
        self._tokens = Tokens(self._database)
        self._table = RouteTable(self._database, options.cached_routes, options.stale_if_error)
        lookups, checkpoints = self._make_path_lookup(options), Checkpoints(self._database)
        snapshots = self._make_snapshots(options)
        authorizer = Authorizer(
            PulpGuards(self._database, settings.CONTENTROUTES_DATABASE_TIMEOUT),
            self._tokens if self._database.has_users else None,
        )
        admission, routes = _make_admission(authorizer, options), _routes(options.max_path_bytes)
        self._answers = Answers(
            routes,
            Router(self._table, options.max_path_bytes, has_domains=settings.DOMAIN_ENABLED),
            Resolver(snapshots, lookups, checkpoints, PluginHooks()),
            admission,
            Responder(options.max_ranges, _count_bytes()),
            _mark_request,
        )
        self._pipeline = Pipeline(
            routes,
            self._answers,
            admission,
            content_handler.serve_content_route,
            content_handler.merge_listings,
            _mark_request,
            cache_control=Handler.response_headers("").get("Cache-Control"),
            has_debug_header=options.debug_header,
        )
        guards = authorizer.known_guards
        files, tokens = self._files, self._tokens
        memories = (self._table, snapshots, lookups, checkpoints, files, guards, tokens)
        self._listener = Listener(self._database, memories, self._switch)

    def _make_path_lookup(self, options: Options) -> PathLookup:
        return PathLookup(
            self._database,
            self._files.stored_file,
            lambda path: tuple(Handler.response_headers(path).items()),
            options.cached_paths,
            options.cached_path_bytes,
        )

    def _make_snapshots(self, options: Options) -> Snapshots:
        return Snapshots(
            self._database,
            PulpStorages(),
            distribution_types(),
            options.cached_distributions,
            options.stale_if_error,
        )

    def add_to(self, app: web.Application) -> None:
        """Put the middlewares before and after Pulp's own, and run with the app."""
        # Outermost: Pulp's `authenticate` costs a query, and answers some unservable paths with a
        # 500. Innermost: guards that ask for users need the result of `authenticate`.
        app.middlewares.insert(0, self._pipeline.outermost)
        app.router.register_resource(OtherUrls(self._table.may_match))
        app.middlewares.append(self._pipeline.innermost)
        app.on_response_prepare.append(self._pipeline.correct_headers)
        app.cleanup_ctx.append(self.running)

    async def running(self, app: web.Application) -> AsyncIterator[None]:
        """Run from the app's start to its end (`cleanup_ctx`); never raise at the start."""
        is_changed = any(each != self._pipeline.correct_headers for each in app.on_response_prepare)
        if is_changed:
            log.warning("The fast path is off: another plugin changes every response.")
        if is_changed or not settings.CONTENTROUTES_FAST_PATH:
            # Content routes are found all the same, by a statement for each request.
            try:
                yield
            finally:
                self._database.close()
            return
        background = Background()
        background.run("listener", self._listener.run)
        background.run("content routes", self._table.run)
        background.repeat("open files", LOOK_SECONDS, self._files.evict_deleted)
        background.repeat("uses of tokens", WRITE_SECONDS, self._tokens.flush_usage)
        observe(background, self._pipeline.handovers)
        try:
            yield
        finally:
            await background.end()
            await self._tokens.flush_usage()
            self._switch(False)
            self._files.close()
            self._database.close()

    def _switch(self, is_on: bool) -> None:
        self._answers.is_on = is_on


def _mark_request() -> None:
    """Set the correlation id of log lines, as Pulp's own middleware would."""
    set_guid(generate_guid())


def _make_admission(authorizer: Authorizer, options: Options) -> Admission:
    return Admission(
        authorizer,
        ClientAddresses(options.trusted_proxies),
        FailedLogins(options.failed_logins),
        signed_urls(),
        is_hidden=options.hide_refusals,
    )


def _routes(max_path_bytes: int) -> Routes:
    """Return our route, and where the setting asks for it, Pulp's own and those of plugins."""
    has_domain = settings.DOMAIN_ENABLED
    routes = [Route(CONTENT_PREFIX, has_domain, is_strict=True)]
    plugin_routes: list[PluginRoute] = []
    if settings.CONTENTROUTES_ACCELERATE_CONTENT_PREFIX:
        routes.append(Route(settings.CONTENT_PATH_PREFIX, has_domain, is_strict=False))
        plugin_routes = [PluginRoute(rule, has_domain) for rule in route_rules()]
    return Routes(routes, max_path_bytes, plugin_routes=plugin_routes)


def _count_bytes() -> CountBytes | None:
    """Return the function that adds to Pulp's counter of served bytes, None if Pulp counts none."""
    if not (settings.OTEL_ENABLED and settings.DOMAIN_ENABLED):
        return None
    domain_of = lru_cache(maxsize=1024)(lambda name: Domain(name=name))

    def count(domain: str, number: int) -> None:
        # The counter asks the context for the domain, which Pulp's middleware would have set.
        set_domain(domain_of(domain))
        artifacts_size_counter.add(number)

    return count
