"""The fast path as this Pulp's settings want it: built, started and ended with the content app."""

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

from pulp_contentroutes.app.connection import database
from pulp_contentroutes.app.distribution_types import distribution_types
from pulp_contentroutes.app.guards import PulpGuards
from pulp_contentroutes.app.metrics import observe
from pulp_contentroutes.app.signed_urls import signed_urls
from pulp_contentroutes.app.storages import PulpStorages
from pulp_contentroutes.paths import CONTENT_PREFIX
from pulp_contentroutes.serving.admission import Admission
from pulp_contentroutes.serving.authorize import Authorizer
from pulp_contentroutes.serving.background import Background
from pulp_contentroutes.serving.client_address import ClientAddresses
from pulp_contentroutes.serving.files import LOOK_SECONDS, Files
from pulp_contentroutes.serving.invalidation import Listener
from pulp_contentroutes.serving.lookups import Lookups
from pulp_contentroutes.serving.options import Options
from pulp_contentroutes.serving.pipeline import Pipeline
from pulp_contentroutes.serving.plans import Plans
from pulp_contentroutes.serving.resolve import Resolver
from pulp_contentroutes.serving.respond import CountBytes, Responder
from pulp_contentroutes.serving.routes import Route, Routes
from pulp_contentroutes.serving.throttle import FailedLogins
from pulp_contentroutes.serving.tokens import WRITE_SECONDS, Tokens

log = logging.getLogger(__name__)


class FastPath:
    """One per content worker."""

    def __init__(self) -> None:
        options = _options()
        self._database = database()
        self._files = Files(options.open_files)
        self._lookups = Lookups(
            self._database,
            self._files.stored_file,
            _content_type,
            options.cached_paths,
            options.cached_path_bytes,
        )
        self._plans = Plans(
            self._database,
            PulpStorages(),
            distribution_types(),
            options.cached_distributions,
            options.stale_if_error,
        )
        resolver = Resolver(self._database, self._plans, self._lookups, self._files)
        self._tokens = Tokens(self._database)
        authorizer = Authorizer(
            PulpGuards(self._database, settings.CONTENTROUTES_DATABASE_TIMEOUT),
            self._tokens if self._database.has_users else None,
        )
        self._pipeline = Pipeline(
            _routes(options),
            resolver,
            Admission(
                authorizer,
                ClientAddresses(options.trusted_proxies),
                FailedLogins(options.failed_logins),
                signed_urls(),
                is_hidden=options.hide_refusals,
            ),
            Responder(self._files, options.max_ranges, _count_bytes()),
            _mark_request,
        )
        memories = (resolver, authorizer, self._tokens)
        self._listener = Listener(self._database, memories, self._switch)

    def add_to(self, app: web.Application) -> None:
        """Put the middlewares before and after Pulp's own, and run with the app."""
        # Outermost: Pulp's `authenticate` costs a query, and answers some unservable paths with a
        # 500. Innermost: what it has found out is for guards that ask for users.
        app.middlewares.insert(0, self._pipeline.outermost)
        app.middlewares.append(self._pipeline.innermost)
        app.on_response_prepare.append(self._pipeline.correct_headers)
        app.cleanup_ctx.append(self.running)

    async def running(self, app: web.Application) -> AsyncIterator[None]:
        """Run from the app's start to its end (`cleanup_ctx`); never raise at the start."""
        is_changed = any(each != self._pipeline.correct_headers for each in app.on_response_prepare)
        if is_changed:
            log.warning("The fast path is off: another plugin changes every response.")
        if is_changed or not settings.CONTENTROUTES_FAST_PATH:
            yield
            return
        background = Background()
        background.run("listener", self._listener.run)
        background.repeat("open files", LOOK_SECONDS, self._files.look_at_open_files)
        background.repeat("uses of tokens", WRITE_SECONDS, self._tokens.write_used)
        observe(background)
        try:
            yield
        finally:
            await background.end()
            await self._tokens.write_used()
            self._switch(False)
            self._files.close()
            self._database.close()

    def _switch(self, is_on: bool) -> None:
        self._pipeline.is_on = is_on


def _options():
    names = (field.name for field in fields(Options))
    return Options(**{name: getattr(settings, f"CONTENTROUTES_{name.upper()}") for name in names})


def _routes(options):
    routes = [Route(CONTENT_PREFIX, settings.DOMAIN_ENABLED, is_strict=True)]
    if settings.CONTENTROUTES_ACCELERATE_CONTENT_PREFIX:
        routes.append(Route(settings.CONTENT_PATH_PREFIX, settings.DOMAIN_ENABLED, is_strict=False))
    return Routes(routes, options.max_path_bytes)


def _content_type(path):
    return Handler.response_headers(path).get("Content-Type")


def _mark_request():
    set_guid(generate_guid())


def _count_bytes() -> CountBytes | None:
    """Return what adds to Pulp's counter of served bytes, None where Pulp counts none."""
    if not (settings.OTEL_ENABLED and settings.DOMAIN_ENABLED):
        return None

    def count(domain: str, number: int) -> None:
        # The counter asks the context for the domain, which Pulp's middleware would have set.
        set_domain(_domain(domain))
        artifacts_size_counter.add(number)

    return count


@lru_cache(maxsize=1024)
def _domain(name):
    return Domain(name=name)
