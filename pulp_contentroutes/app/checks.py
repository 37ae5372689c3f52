"""Deploy checks, one id per fault, listed in docs/checks.md.

`pulpcore-manager check --deploy --tag contentroutes` runs them alone.
"""

import asyncio
from importlib import import_module
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import Error, Warning, register

from pulp_contentroutes.paths import CONTENT_PREFIX, GALAXY_PREFIX
from pulp_contentroutes.serving.errors import FastPathError, NotHeard, UnsupportedSetting

#: The least value of each bound; a float where fractions make sense.
LEAST = {
    "CONTENTROUTES_CACHED_DISTRIBUTIONS": 0,
    "CONTENTROUTES_CACHED_PATHS": 0,
    "CONTENTROUTES_CACHED_PATH_BYTES": 0,
    "CONTENTROUTES_COLLECTION_MAX_BYTES": 1,
    "CONTENTROUTES_COLLECTION_MAX_MEMBERS": 1,
    "CONTENTROUTES_COLLECTION_MAX_UNPACKED_BYTES": 1,
    "CONTENTROUTES_DATABASE_CONNECTIONS": 1,
    "CONTENTROUTES_DATABASE_TIMEOUT": 0.1,
    "CONTENTROUTES_FAILED_LOGINS": 0,
    "CONTENTROUTES_MAX_PATH_BYTES": 1,
    "CONTENTROUTES_MAX_RANGES": 0,
    "CONTENTROUTES_OPEN_FILES": 0,
    "CONTENTROUTES_STALE_IF_ERROR": 0.0,
}

#: What app/content.py needs and pulpcore would not report when it is missing.
REQUIRED_MODULES = ("asyncpg", "aiohttp", "yarl")

_register = register("contentroutes", deploy=True)
# Of a setting, in a message.
_LONGEST_VALUE = 200


@_register
def check_required_modules(app_configs, **kwargs):
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
def check_prefixes(app_configs, **kwargs):
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
def check_numbers(app_configs, **kwargs):
    """E003: a bound that is no number, or none that can be worked with."""
    for name, least in LEAST.items():
        value = getattr(settings, name)
        kinds = int if isinstance(least, int) else (int, float)
        if isinstance(value, bool) or not isinstance(value, kinds) or value < least:
            kind = "a whole number" if kinds is int else "a number of seconds"
            yield Error(
                f"The setting {name} is {value!r}, not {kind} of at least {least}.",
                hint="Remove it to get the default.",
                id="contentroutes.E003",
            )


@_register
def check_database(app_configs, **kwargs):
    """E004: the content workers would find the fast path's SQL impossible, and switch it off."""
    problem = _problem()
    # The other two are those of `check_connection`.
    if problem and not isinstance(problem, (UnsupportedSetting, NotHeard)):
        yield Error(
            f"The fast path is off, Pulp's own handler serves: {problem}",
            hint="Run 'pulpcore-manager migrate', with a pulpcore that this version supports.",
            id="contentroutes.E004",
        )


@_register
def check_trusted_proxies(app_configs, **kwargs):
    """E005: a reverse proxy that is named by what is no address."""
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
def check_connection(app_configs, **kwargs):
    """E006, W007: the way to the database is one on which the fast path is off, or slow."""
    problem = _problem()
    if isinstance(problem, UnsupportedSetting):
        yield Error(
            f"The fast path is off, Pulp's own handler serves: {problem}",
            hint="Change the setting, or set CONTENTROUTES_FAST_PATH = False.",
            id="contentroutes.E006",
        )
    elif isinstance(problem, NotHeard):
        yield Warning(str(problem), id="contentroutes.W007")


@_register
def check_content_origin(app_configs, **kwargs):
    """W008: clients of the Galaxy API would download without TLS though they have come by it.

    A check cannot know how clients come: without TLS the warning is to be silenced.
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


def _is_safe(origin):
    """Tell whether it is a URL with https, or one that only clients on this machine can use."""
    try:
        url = urlsplit(origin)
        host = url.hostname or ""
        is_safe = url.scheme == "https" or host == "localhost"
        return is_safe or ip_address(host).is_loopback
    except ValueError:
        return False


def _problem():
    """Return the FastPathError that hinders the content workers, None without one. Blocking."""
    if not settings.CONTENTROUTES_FAST_PATH:
        return None
    try:
        asyncio.run(_listen())
    except FastPathError as error:
        return error
    except ImportError:
        pass  # E001 says so.
    return None


async def _listen():
    """Do what a content worker does before it trusts its memory; or raise FastPathError."""
    from pulp_contentroutes.app.connection import database
    from pulp_contentroutes.serving.database import failures_named, probe
    from pulp_contentroutes.serving.echo import Echo

    with failures_named():
        pulps = database()
        echo = Echo(pulps)
        connection = await pulps.connect()
        try:
            await echo.listen(connection)
            await probe(connection, pulps.has_users)
            await echo.prove(connection)
        finally:
            connection.terminate()
            pulps.close()
