"""Django's database settings as arguments of asyncpg, which speaks to the same database."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db import connections

from pulp_contentroutes.serving.database import Database

#: The user model whose tables our SQL knows.
_USERS = "auth.User"
#: libpq's name, as Django has it → asyncpg's.
_ARGUMENTS = {
    "dbname": "database",
    "host": "host",
    "port": "port",
    "user": "user",
    "password": "password",
    "passfile": "passfile",
    "service": "service",
    "servicefile": "servicefile",
    "target_session_attrs": "target_session_attrs",
    "krbsrvname": "krbsrvname",
}
#: What asyncpg takes in a URL only.
_IN_URL = (
    "sslmode",
    "sslcert",
    "sslkey",
    "sslrootcert",
    "sslcrl",
    "sslpassword",
    "ssl_min_protocol_version",
    "ssl_max_protocol_version",
)


def database() -> Database:
    """Return Pulp's database, as the fast path connects to it."""
    configured = settings.DATABASES["default"]
    return Database(
        asyncpg_arguments(
            connections["default"].get_connection_params(),
            configured.get("OPTIONS", {}).get("assume_role"),
        ),
        is_pooled=configured.get("DISABLE_SERVER_SIDE_CURSORS", False),
        connections=settings.CONTENTROUTES_DATABASE_CONNECTIONS,
        seconds=settings.CONTENTROUTES_DATABASE_TIMEOUT,
        has_users=settings.AUTH_USER_MODEL == _USERS,
    )


def asyncpg_arguments(
    parameters: Mapping[str, Any], assume_role: str | None = None
) -> dict[str, Any]:
    """Return what `asyncpg.connect` needs for a database that Django reaches with `parameters`.

    `parameters` are psycopg's (`connections[…].get_connection_params()`). Waits and limits are
    ours; what only psycopg knows (cursors, the probes of libpq) is left out.
    """
    arguments = {
        ours: parameters[theirs] for theirs, ours in _ARGUMENTS.items() if parameters.get(theirs)
    }
    in_url = {name: parameters[name] for name in _IN_URL if parameters.get(name)}
    if in_url:
        arguments["dsn"] = f"postgresql:///?{urlencode(in_url)}"
    server_settings = {}
    if parameters.get("options"):
        # "-c search_path=…" as libpq sends it, at the start of the session.
        server_settings["options"] = parameters["options"]
    if assume_role:
        server_settings["role"] = assume_role
    if server_settings:
        arguments["server_settings"] = server_settings
    return arguments
