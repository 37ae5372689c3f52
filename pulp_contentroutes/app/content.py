"""Imported by pulpcore's content app in every worker, before its router and middlewares freeze.

pulpcore ignores a ModuleNotFoundError from here, even one that a missing library causes: the routes
would just not exist. So a failed import is said aloud; the content app goes on with Pulp's own.
"""

import logging

from aiohttp import web
from django.conf import settings
from pulpcore.plugin.content import app

from pulp_contentroutes.paths import CONTENT_PREFIX

log = logging.getLogger(__name__)


def add_content_route() -> None:
    """Put the content route onto Pulp's content app.

    The dynamic segments must be called `pulp_domain` and `path`: Pulp's middleware reads them.
    """
    from pulp_contentroutes.app.content_handler import ContentRouteHandler
    from pulp_contentroutes.serving.refusals import refuse_unservable_paths

    handler = ContentRouteHandler()
    prefix = CONTENT_PREFIX + ("{pulp_domain}/" if settings.DOMAIN_ENABLED else "")
    app.add_routes(
        [
            web.get(prefix.removesuffix("/"), handler.list_content_route),
            web.get(prefix, handler.list_content_route),
            web.get(prefix + "{path:.+}", handler.serve_content_route),
        ]
    )
    app.middlewares.insert(
        0, refuse_unservable_paths(CONTENT_PREFIX, settings.CONTENTROUTES_MAX_PATH_BYTES)
    )


try:
    import asyncpg  # noqa: F401  a worker without the database driver is as broken as one without us

    add_content_route()
except ImportError:
    log.critical(
        "pulp_contentroutes serves nothing under %s: it could not be imported. Reinstall it with "
        "its dependencies (pip install pulp-contentroutes) and restart pulp-content; "
        "'pulpcore-manager check --deploy' names what is missing.",
        CONTENT_PREFIX,
        exc_info=True,
    )
