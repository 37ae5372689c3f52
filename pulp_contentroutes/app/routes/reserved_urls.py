"""The URLs that no route may take: those of Pulp, of this plugin and of every other one."""

import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Final

from django.apps import apps
from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver
from pulpcore.plugin import PulpPluginAppConfig

from pulp_contentroutes.paths import ROOT

#: The begin of a pattern of Django's or aiohttp's, up to its first dynamic part.
_LITERAL: Final = re.compile(r"(?:[^\\^$.|?*+()\[\]{}<>]|\\[-./])*")
_OUR_MODULE: Final = "pulp_contentroutes.app.content"


def conflict_of(stem: str, *, has_host: bool) -> str | None:
    """Return the reserved prefix that a mount is below, or above; None without a conflict.

    A mount of one host may be above reserved prefixes: they remain on that host.
    """
    for prefix in sorted(_of_content_app()):
        if stem.startswith(prefix) or (not has_host and prefix.startswith(stem)):
            return prefix
    if not has_host:
        for prefix in sorted(_of_api()):
            if stem.startswith(prefix) or prefix.startswith(stem):
                return prefix
    return None


@cache
def _of_content_app() -> frozenset[str]:
    """Return the prefixes of all routes of the content app."""
    # Not before Django is set up, which this import asks for.
    from pulpcore.plugin.content import app as content_app

    for config in apps.get_app_configs():
        module = f"{config.name}.content"
        # Ours starts the fast path.
        if not isinstance(config, PulpPluginAppConfig) or module == _OUR_MODULE:
            continue
        try:
            import_module(module)
        except ModuleNotFoundError:
            continue
    found = {_literal(resource.canonical) for resource in content_app.router.resources()}
    return frozenset({settings.CONTENT_PATH_PREFIX, ROOT, *found} - {"/", ""})


@cache
def _of_api() -> frozenset[str]:
    """Return the prefixes of all URLs of the API."""
    return frozenset(set(_prefixes(get_resolver(), "/")) - {"/"})


def _prefixes(resolver: URLResolver, above: str) -> Iterator[str]:
    for pattern in resolver.url_patterns:
        prefix = above + _literal(str(pattern.pattern).removeprefix("^"))
        if isinstance(pattern, URLPattern) or prefix != above:
            yield prefix
        else:
            yield from _prefixes(pattern, above)


def _literal(pattern: str) -> str:
    found = _LITERAL.match(pattern)
    return found.group().replace("\\", "") if found else ""
