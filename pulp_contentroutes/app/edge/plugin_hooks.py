"""The hooks of plugins' distributions, asked as Pulp's handler asks them."""

import contextvars
import logging
from typing import Final
from uuid import UUID

from aiohttp import web
from asgiref.sync import sync_to_async
from django.db import DatabaseError, InterfaceError, connection
from pulpcore.plugin.models import ContentArtifact, Distribution
from pulpcore.plugin.util import set_domain

from pulp_contentroutes.serving.handover import Handover
from pulp_contentroutes.serving.types.hooks import Verdict

log = logging.getLogger(__name__)

#: The fields that a plugin may set here; any other one may contradict ours, so that Pulp answers.
_ALLOWED: Final = frozenset(
    {"cache-control", "content-disposition", "content-language", "content-type"}
)


class PluginHooks:
    """The `Hooks` of serving.types.hooks."""

    async def ask(self, pulp_type: str, distribution_id: UUID, path: str) -> Verdict | Handover:
        # In Pulp's one thread, as the hooks use its connection; in a context of its own, as the
        # domain that is set there would stay for the next request of the connection.
        context = contextvars.copy_context()
        return await sync_to_async(context.run)(_ask, pulp_type, distribution_id, path)


def _ask(pulp_type: str, distribution_id: UUID, path: str) -> Verdict | Handover:
    """Return the verdict of the hooks; whatever is unexpected is left to Pulp, which asks again."""
    try:
        model = Distribution.get_model_for_pulp_type(pulp_type)
        # With one query: this is most of the cost of a request.
        distribution = model.objects.select_related("pulp_domain").get(pk=distribution_id)
        set_domain(distribution.pulp_domain)
        served = distribution.content_handler(path)
        if not (served is None or isinstance(served, ContentArtifact)):
            return Handover.DISTRIBUTION_HOOK
        directory = path if path == "" or path.endswith("/") else f"{path}/"
        name = f"{path}index.html" if path == directory and served is None else path
        fields = tuple(distribution.content_headers_for(name).items())
        names = distribution.content_handler_list_directory(directory) if served is None else ()
    except (DatabaseError, InterfaceError):
        connection.close_if_unusable_or_obsolete()
        return Handover.DATABASE_UNAVAILABLE
    except web.HTTPException:
        return Handover.DISTRIBUTION_HOOK
    except Exception:
        log.debug("The hooks of the distribution %s failed.", distribution_id, exc_info=True)
        return Handover.DISTRIBUTION_HOOK
    for field, value in fields:
        is_known = field.lower() in _ALLOWED or field.lower().startswith("x-")
        if not is_known or {"\r", "\n", "\0"} & set(f"{field}{value}"):
            return Handover.DISTRIBUTION_HOOK
    return Verdict(None if served is None else served.pk, fields, bool(names))
