"""Connections to the instance's database: our own, or one given with --database-url."""

from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pulp_contentroutes.standalone.errors import DatabaseUnreachable


def arguments_of(url: str) -> dict[str, str]:
    """Return the libpq keyword arguments of `--database-url`; raise DatabaseUnreachable if bad."""
    try:
        return {name: str(value) for name, value in conninfo_to_dict(url).items()}
    except psycopg.ProgrammingError:
        # libpq's message may quote the URL, and so the password.
        raise DatabaseUnreachable(
            "--database-url cannot be understood: write "
            "postgresql://USER:PASSWORD@HOST:PORT/DATABASE."
        ) from None


def connect(
    arguments: Mapping[str, str], seconds: int, autocommit: bool = False
) -> psycopg.Connection[Any]:
    """Return a connection, or raise psycopg.Error after `seconds` (libpq takes at least 2)."""
    return psycopg.connect(
        make_conninfo(**arguments), connect_timeout=seconds, autocommit=autocommit
    )


def problem(arguments: Mapping[str, str], seconds: int) -> str | None:
    """Return why the database does not answer, None if it does."""
    try:
        with connect(arguments, seconds) as connection:
            connection.execute("SELECT 1")
    except psycopg.Error as error:
        return " ".join(str(error).split())
    return None
