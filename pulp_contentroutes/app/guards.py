"""Content guards of every plugin, for the fast path: what each asks, and how to ask it."""

import asyncio
import contextlib
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from aiohttp import web
from asgiref.sync import sync_to_async
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from pulpcore.plugin.content import Handler
from pulpcore.plugin.models import ContentGuard

from pulp_contentroutes.app.challenge import accepted_credentials
from pulp_contentroutes.app.locations import canonical_request
from pulp_contentroutes.paths import CONTENT_PREFIX
from pulp_contentroutes.serving import sql
from pulp_contentroutes.serving.authorize import Asks, Guard
from pulp_contentroutes.serving.credentials import Accepted
from pulp_contentroutes.serving.errors import DatabaseUnavailable
from pulp_contentroutes.serving.rows import Queries

log = logging.getLogger(__name__)

#: Loads guards, with a connection of its own: Pulp's one thread may be busy with passwords, and
#: without the listener every request of guarded content waits for its guard.
_THREAD: Final = ThreadPoolExecutor(1, thread_name_prefix="contentroutes guards")

#: What they ask, by `pulp_type`; read in pulpcore 3.123. Every other type asks Pulp.
_ASKS: Final = {
    # It normalises a URL whose host, of any length, the client has chosen.
    "core.content_redirect": Asks.REQUEST_SLOWLY,
    "core.envvar_header": Asks.REQUEST,
    "core.header": Asks.REQUEST,
    "certguard.rhsm": Asks.REQUEST_SLOWLY,
    "certguard.x509": Asks.REQUEST_SLOWLY,
    "contentroutes.token": Asks.TOKEN,
}


class PulpGuards:
    """Implements `serving.authorize.Guards`; `seconds` limits the loading of a guard."""

    def __init__(self, database: Queries, seconds: float) -> None:
        self._database = database
        self._seconds = seconds

    async def load(self, guard_id):
        load_guard = sync_to_async(_load_guard, thread_sensitive=False, executor=_THREAD)
        try:
            async with asyncio.timeout(self._seconds):
                instance = await load_guard(guard_id)
        except TimeoutError:
            raise DatabaseUnavailable(f"No answer within {self._seconds} s.") from None
        if instance is None:
            return None
        asks = _asked_by(instance)
        if asks is not Asks.PULP and not await self._is_watched(instance):
            asks = Asks.PULP
        return Guard(asks, _permitting(instance))

    async def permits(self, guard, request):
        return await sync_to_async(guard.permits)(request)

    async def accepted_credentials(self, guard_id):
        return await sync_to_async(_accepted_credentials)(guard_id)

    async def asked_by_pulp(self, request):
        # Pulp's middleware has set the domain, in this task.
        return await sync_to_async(_guard_at)(request.match_info.get("path", ""))

    async def _is_watched(self, instance):
        """Tell whether our triggers announce changes of the guard's own table."""
        table = type(instance)._meta.db_table
        return bool(await self._database.fetch(sql.IS_WATCHED, table))


def _load_guard(guard_id):
    """Return the guard as what it is. Blocking."""
    with _database_errors():
        try:
            return _fetch_guard(guard_id)
        except (OperationalError, InterfaceError):
            # PostgreSQL may have been started anew since the last one.
            connection.close()
            return _fetch_guard(guard_id)


def _fetch_guard(guard_id):
    guard = ContentGuard.objects.filter(pk=guard_id).first()
    return guard and guard.cast()


def _accepted_credentials(guard_id):
    with _database_errors():
        guard = ContentGuard.objects.filter(pk=guard_id).first()
        return Accepted.NONE if guard is None else accepted_credentials(guard)


def _guard_at(path):
    """Return the id of the guard that Pulp's handler asks about a path, None without. Blocking."""
    with _database_errors():
        try:
            return Handler._match_distribution(path).content_guard_id
        except web.HTTPException:
            # A listing, a redirect, or nothing: no distribution any more.
            return None


@contextlib.contextmanager
def _database_errors():
    """Raise those of Django as DatabaseUnavailable."""
    try:
        yield
    except (DatabaseError, InterfaceError) as error:
        connection.close_if_unusable_or_obsolete()
        raise DatabaseUnavailable(str(error)) from error


def _asked_by(instance):
    asks = _ASKS.get(instance.pulp_type, Asks.PULP)
    if asks is Asks.REQUEST and getattr(instance, "jq_filter", None):
        return Asks.REQUEST_SLOWLY
    return asks


def _permitting(instance):
    """Return what tells whether the guard permits a request."""

    def permits(request):
        try:
            is_ours = request.path.startswith(CONTENT_PREFIX)
            instance.permit(canonical_request(request) if is_ours else request)
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
