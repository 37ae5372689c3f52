"""Content guards of every plugin, for the fast path: the inputs of each, and how to ask it."""

import asyncio
import functools
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, TypeVar
from uuid import UUID

from aiohttp import hdrs, web
from asgiref.sync import sync_to_async
from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from pulpcore.plugin.content import Handler
from pulpcore.plugin.models import ContentGuard, ContentRedirectContentGuard

from pulp_contentroutes.app.access.accepted_credentials import accepted_credentials
from pulp_contentroutes.app.edge.canonical_urls import canonical_request
from pulp_contentroutes.app.edge.orm_errors import database_errors
from pulp_contentroutes.app.edge.source_code import source_fingerprint
from pulp_contentroutes.paths import CONTENT_PREFIX
from pulp_contentroutes.serving.access.credentials import Accepted
from pulp_contentroutes.serving.access.guards import Guard, GuardNeeds
from pulp_contentroutes.serving.access.redirect_guard import FINGERPRINT, is_certain_to_admit
from pulp_contentroutes.serving.database import access_sql
from pulp_contentroutes.serving.database.rows import Queries
from pulp_contentroutes.serving.errors import DatabaseUnavailable
from pulp_contentroutes.serving.request_state import mount_of

R = TypeVar("R")

log = logging.getLogger(__name__)

#: Loads guards, with a connection of its own: Pulp's one thread may be busy with passwords, and
#: without the listener every request for guarded content waits for its guard.
_THREAD: Final = ThreadPoolExecutor(1, thread_name_prefix="contentroutes guards")

#: The inputs of guards, by `pulp_type`, up to pulpcore 3.123. Every other type asks Pulp, and so
#: does one without a trigger: docs/development.md says how a type is added.
_NEEDS: Final = {
    # This guard normalises a URL whose host the client chooses, at any length.
    "core.content_redirect": GuardNeeds.URL,
    "core.envvar_header": GuardNeeds.REQUEST,
    "core.header": GuardNeeds.REQUEST,
    "certguard.rhsm": GuardNeeds.REQUEST_SLOWLY,
    "certguard.x509": GuardNeeds.REQUEST_SLOWLY,
    "contentroutes.token": GuardNeeds.TOKEN,
}


class PulpGuards:
    """The `Guards` of serving.access.guards; `seconds` limits the loading of a guard."""

    def __init__(self, database: Queries, seconds: float) -> None:
        self._database = database
        self._seconds = seconds

    async def load(self, guard_id: UUID) -> Guard | None:
        try:
            async with asyncio.timeout(self._seconds):
                return await self._load(guard_id)
        except TimeoutError:
            raise DatabaseUnavailable(f"No answer within {self._seconds} s.") from None

    async def _load(self, guard_id: UUID) -> Guard | None:
        master = await _in_thread(ContentGuard.objects.filter(pk=guard_id).first)
        if master is None:
            return None
        statement = _state_statement(master.pulp_type)
        # Read before the fields of the guard: the next comparison finds changes made meanwhile.
        state = await self._state(statement, guard_id) if statement else None
        try:
            instance, permits = await _in_thread(partial(_cast, master))
        except ObjectDoesNotExist:
            return None
        if statement is None or state is None or not state["is_watched"]:
            return Guard(GuardNeeds.PULP, permits)

        async def is_unchanged() -> bool:
            return await self._state(statement, guard_id) == state

        needs = _NEEDS.get(instance.pulp_type, GuardNeeds.PULP)
        if needs is GuardNeeds.REQUEST and getattr(instance, "jq_filter", None):
            needs = GuardNeeds.REQUEST_SLOWLY
        return Guard(needs, permits, is_unchanged)

    async def _state(self, statement: str, guard_id: UUID) -> dict[str, Any] | None:
        rows = await self._database.fetch(statement, guard_id)
        return dict(rows[0]) if rows else None

    async def permits(self, guard: Guard, request: web.Request) -> bool:
        return await sync_to_async(guard.permits)(request)

    async def accepted_credentials(self, guard_id: UUID) -> Accepted:
        return await sync_to_async(_accepted_credentials)(guard_id)

    async def asked_by_pulp(self, request: web.Request) -> UUID | None:
        # Pulp's middleware has set the domain, in this task.
        match = sync_to_async(database_errors()(Handler._match_distribution))
        try:
            distribution = await match(request.match_info.get("path", ""))
        except web.HTTPException:
            # A listing, a redirect, or nothing: there is no distribution any more.
            return None
        return distribution.content_guard_id


async def _in_thread(function: Callable[[], R]) -> R:
    """Run a function that queries the ORM, and once more if the connection was lost."""

    def ask() -> R:
        with database_errors():
            try:
                return function()
            except (OperationalError, InterfaceError):
                # PostgreSQL may have been restarted since the last query.
                connection.close()
                return function()

    return await sync_to_async(ask, thread_sensitive=False, executor=_THREAD)()


@functools.cache
def _state_statement(pulp_type: str) -> str | None:
    """Return the SQL that detects changes of guards of this type, None if only Pulp knows."""
    if pulp_type not in _NEEDS:
        return None
    fields = ContentGuard.get_model_for_pulp_type(pulp_type)._meta
    quote = connection.ops.quote_name
    return access_sql.GUARD_STATE.format(table=quote(fields.db_table), key=quote(fields.pk.column))


def _accepted_credentials(guard_id: UUID) -> Accepted:
    with database_errors():
        guard = ContentGuard.objects.filter(pk=guard_id).first()
        return Accepted.NONE if guard is None else accepted_credentials(guard)


def _cast(master: ContentGuard) -> tuple[ContentGuard, Callable[[web.Request], bool]]:
    """Return the guard as its own type, and how to ask it. Blocking: also reads source code."""
    instance = master.cast()
    return instance, _permitting(instance)


def _permitting(instance: ContentGuard) -> Callable[[web.Request], bool]:
    """Return the function that tells whether the guard permits a request."""

    is_certain = _certainty(instance)

    def permits(request: web.Request) -> bool:
        try:
            if request.path.startswith(CONTENT_PREFIX) or mount_of(request) is not None:
                request = canonical_request(request)
            if is_certain is None or not is_certain(request):
                instance.permit(request)
        except PermissionError:
            return False
        except (DatabaseError, InterfaceError) as error:
            connection.close_if_unusable_or_obsolete()
            raise DatabaseUnavailable(str(error)) from error
        except Exception:
            log.exception("The guard %s failed, which is a refusal.", instance.pk)
            return False
        return True

    return permits


def _certainty(instance: ContentGuard) -> Callable[[web.Request], bool] | None:
    """Return the function that may tell without asking the guard that it admits a request."""
    if not isinstance(instance, ContentRedirectContentGuard) or not _is_redirect_guard_known():
        return None
    secret = bytes(instance.shared_secret)
    return lambda request: is_certain_to_admit(
        secret, request.headers.get(hdrs.HOST, ""), request.raw_path, time.time()
    )


@functools.cache
def _is_redirect_guard_known() -> bool:
    """Tell whether pulpcore's redirect guard is the one that `is_certain_to_admit` describes."""
    found = [getattr(ContentRedirectContentGuard, name) for name in ("permit", "_get_digest")]
    try:
        is_known = source_fingerprint(found) == FINGERPRINT
    except OSError:
        is_known = False
    if not is_known:
        log.warning("Signed URLs are checked slowly: pulpcore's redirect guard has changed.")
    return is_known
