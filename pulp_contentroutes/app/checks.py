"""Deploy checks, one id per fault, listed in docs/checks.md.

`pulpcore-manager check --deploy --tag contentroutes` runs them alone.
"""

import asyncio
from collections.abc import Iterator, Sequence
from importlib import import_module
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from pulp_contentroutes.app.settings_table import SETTINGS
from pulp_contentroutes.paths import CONTENT_PREFIX, GALAXY_PREFIX
from pulp_contentroutes.serving.errors import FastPathError, NotHeard, UnsupportedSetting

#: Modules that app/content.py needs, and that pulpcore would not report as missing.
REQUIRED_MODULES = ("asyncpg", "aiohttp", "yarl")

_register = register("contentroutes", deploy=True)
# The longest value of a setting that a message shows.
_LONGEST_VALUE = 200


@_register
def check_required_modules(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> Iterator[CheckMessage]:
    """E001: the content app would run without our routes, with one log line to say so."""
    for module in REQUIRED_MODULES:
        try:
            import_module(module)
        except ImportError as error:
            yield Error(
                f"The library '{module}' cannot be imported: {error}",
                hint="Install the plugin again in Pulp's environment, with its dependencies.",
                id="contentroutes.E001",
            )


@_register
def check_prefixes(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> Iterator[CheckMessage]:
    """E002: one of Pulp's own URL prefixes lies inside one of ours, or is the same."""
    for name in ("CONTENT_PATH_PREFIX", "API_ROOT"):
        value = getattr(settings, name)
        for prefix in (CONTENT_PREFIX, GALAXY_PREFIX):
            if value.startswith(prefix):
                yield Error(
                    f"The setting {name} is '{value}', below '{prefix}' of pulp_contentroutes: "
                    "one of the two cannot be reached.",
                    hint=f"Choose another {name}.",
                    id="contentroutes.E002",
                )


@_register
def check_numbers(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Iterator[CheckMessage]:
    """E003: a bound that is not a number, or not a usable one."""
    for setting in SETTINGS:
        if setting.least is None:
            continue
        value = getattr(settings, setting.name)
        kinds = int if isinstance(setting.least, int) else (int, float)
        if isinstance(value, bool) or not isinstance(value, kinds) or value < setting.least:
            kind = "a whole number" if kinds is int else "a number"
            of_what = f" of {setting.unit}" if setting.unit else ""
            yield Error(
                f"The setting {setting.name} is {value!r}, not {kind}{of_what} that is at least "
                f"{setting.least}.",
                hint="Remove it to get the default.",
                id="contentroutes.E003",
            )


@_register
def check_database(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> Iterator[CheckMessage]:
    """E004: the fast path's SQL cannot run: the content workers would switch the fast path off."""
    problem, _ = _probe()
    # `check_connection` reports the other two.
    if problem and not isinstance(problem, (UnsupportedSetting, NotHeard)):
        yield Error(
            f"The fast path is off, Pulp's own handler serves: {problem}",
            hint="Run 'pulpcore-manager migrate', with a pulpcore that this version supports.",
            id="contentroutes.E004",
        )


@_register
def check_trusted_proxies(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> Iterator[CheckMessage]:
    """E005: a trusted proxy that is neither an address nor a network."""
    for network in settings.CONTENTROUTES_TRUSTED_PROXIES:
        try:
            ip_network(network, strict=False)
        except ValueError as error:
            yield Error(
                f"The setting CONTENTROUTES_TRUSTED_PROXIES holds {network!r}: {error}",
                hint="Name addresses like 10.0.0.7, or networks like 10.0.0.0/8.",
                id="contentroutes.E005",
            )


@_register
def check_connection(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> Iterator[CheckMessage]:
    """E006, W007: the fast path is off, or slow, over this connection to the database."""
    problem, _ = _probe()
    if isinstance(problem, UnsupportedSetting):
        yield Error(
            f"The fast path is off, Pulp's own handler serves: {problem}",
            hint="Change the setting, or set CONTENTROUTES_FAST_PATH = False.",
            id="contentroutes.E006",
        )
    elif isinstance(problem, NotHeard):
        yield Warning(str(problem), id="contentroutes.W007")


@_register
def check_content_origin(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> Iterator[CheckMessage]:
    """W008: clients that reach the Galaxy API over TLS would download without it.

    A check cannot know how clients connect: if none uses TLS, the warning is to be silenced.
    """
    origin = str(settings.CONTENT_ORIGIN or "")
    if origin and not _is_safe(origin):
        yield Warning(
            f"The setting CONTENT_ORIGIN is {origin[:_LONGEST_VALUE]!r}, not a URL with https: "
            "ansible-galaxy is told to download from there, even where it has come by TLS.",
            hint="Let CONTENT_ORIGIN begin with 'https://', or remove it: then the URLs are those "
            "by which the client has come. If no client uses TLS, set "
            "SILENCED_SYSTEM_CHECKS = ['contentroutes.W008'].",
            id="contentroutes.W008",
        )


@_register
def check_rules(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Iterator[CheckMessage]:
    """W009, W010: a plugin's rule cannot be used, for its code or for a table."""
    from pulp_contentroutes.app.edge.distribution_types import route_states, type_states

    if not settings.CONTENTROUTES_FAST_PATH:
        return
    states = list(type_states())
    warnings = [state.warning for state in states]
    warnings += [state.warning for state in route_states()]
    for warning in filter(None, warnings):
        yield Warning(
            warning,
            hint="Answers are right, and take their time. A newer version of pulp_contentroutes "
            "may know the plugin; 'pulpcore-manager contentroutes-types' shows every type.",
            id="contentroutes.W009",
        )
    problem, tables = _probe()
    for state in states:
        table = state.served and state.served.publications
        if table and problem is None and table not in tables:
            yield Warning(
                f"Distributions of the type {state.pulp_type} are served slowly: changes of "
                f"{table} are not announced.",
                hint="Run 'pulpcore-manager migrate', as the owner of the table.",
                id="contentroutes.W010",
            )


def _is_safe(origin: str) -> bool:
    """Tell whether `origin` has https, or is a URL that only clients on this machine can use."""
    try:
        url = urlsplit(origin)
        host = url.hostname or ""
        is_safe = url.scheme == "https" or host == "localhost"
        return is_safe or ip_address(host).is_loopback
    except ValueError:
        return False


def _probe() -> tuple[FastPathError | None, frozenset[str]]:
    """Return what hinders the content workers, and the optional tables that they use. Blocking."""
    nothing = frozenset[str]()
    if not settings.CONTENTROUTES_FAST_PATH:
        return None, nothing
    try:
        return None, asyncio.run(_listen())
    except FastPathError as error:
        return error, nothing
    except ImportError:
        return None, nothing  # E001 reports it.


async def _listen() -> frozenset[str]:
    """Do as a content worker does before it trusts its memory; or raise FastPathError.

    Return the optional tables that its SQL can use.
    """
    from pulp_contentroutes.app.edge.connection import database
    from pulp_contentroutes.serving.database.pool import name_failures
    from pulp_contentroutes.serving.database.probe import probe
    from pulp_contentroutes.serving.notifications.echo import Echo

    with name_failures():
        pulps = database()
        echo = Echo(pulps)
        connection = await pulps.connect()
        try:
            await echo.listen(connection)
            tables = await probe(connection, pulps.has_users)
            await echo.prove(connection)
            return tables
        finally:
            connection.terminate()
            pulps.close()
