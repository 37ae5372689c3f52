"""The plugin's route and fast path in pulpcore's content app.

The content app imports this in every worker, before its router and middlewares freeze. pulpcore
ignores a ModuleNotFoundError from here, even one that a missing library causes: the routes would
just not exist. So a failed import is logged; the content app goes on with Pulp's own routes.
"""

import logging
from typing import TYPE_CHECKING

from aiohttp import web
from django.conf import settings
from pulpcore.plugin.content import app

from pulp_contentroutes.app.edge.log_filter import hide_unreadable_requests
from pulp_contentroutes.paths import CONTENT_PREFIX

if TYPE_CHECKING:
    from pulp_contentroutes.app.edge.content_handler import ContentRouteHandler

log = logging.getLogger(__name__)


def add_content_route() -> "ContentRouteHandler":
    """Put the content route onto Pulp's content app; return its handler.

    The dynamic segments must be called `pulp_domain` and `path`: Pulp's middleware reads them.
    """
    from pulp_contentroutes.app.edge.content_handler import ContentRouteHandler

    handler = ContentRouteHandler()
    prefix = CONTENT_PREFIX + ("{pulp_domain}/" if settings.DOMAIN_ENABLED else "")
    app.add_routes(
        [
            web.get(prefix.removesuffix("/"), handler.list_content_route),
            web.get(prefix, handler.list_content_route),
            web.get(prefix + "{path:.+}", handler.serve_content_route),
        ]
    )
    return handler


def add_fast_path(content_handler: "ContentRouteHandler") -> None:
    """Put the fast path onto Pulp's content app."""
    from pulp_contentroutes.app.edge.fast_path import FastPath
    from pulp_contentroutes.serving.errors import UnsupportedSetting

    try:
        fast_path = FastPath(content_handler)
    except UnsupportedSetting as error:
        log.critical("The fast path is off, Pulp's own handler serves: %s", error)
        return
    except Exception:
        # An exception from here would end every content worker.
        log.exception(
            "The fast path is off, Pulp's own handler serves: it could not be set up. "
            "'pulpcore-manager check --deploy --tag contentroutes' names settings that it cannot "
            "work with."
        )
        return
    fast_path.add_to(app)


hide_unreadable_requests()
try:
    add_fast_path(add_content_route())
except ImportError:
    log.critical(
        "pulp_contentroutes serves nothing under %s: it could not be imported. Reinstall it with "
        "its dependencies, as docs/installation.md says, and restart pulp-content; "
        "'pulpcore-manager check --deploy --tag contentroutes' names what is missing.",
        CONTENT_PREFIX,
        exc_info=True,
    )
