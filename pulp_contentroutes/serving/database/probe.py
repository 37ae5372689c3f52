"""The test of the schema: does the database have what our SQL relies on?"""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

import asyncpg

from pulp_contentroutes.serving.database import access_sql, route_sql, schema, sql
from pulp_contentroutes.serving.database.pool import sentence_of
from pulp_contentroutes.serving.errors import SchemaMismatch

log = logging.getLogger(__name__)


async def read_schema_state(connection: Any, has_users: bool = True) -> str:
    """Return a text that differs once triggers or columns that we rely on have changed."""
    tables = [*_required_columns(has_users), *schema.OPTIONAL_COLUMNS]
    return str(await connection.fetchval(schema.STATE, tables))


async def probe(connection: Any, has_users: bool = True) -> frozenset[str]:
    """Return the optional tables that our SQL can use.

    Raise SchemaMismatch unless every other table, column, trigger and index that we use is there.
    A table of a plugin that has changed concerns only that plugin's distributions.
    """
    needed = _required_columns(has_users)
    rows = await connection.fetch(schema.COLUMNS, [*needed, *schema.OPTIONAL_COLUMNS])
    found = {(row["table_name"], row["column_name"]) for row in rows}
    optional = schema.OPTIONAL_COLUMNS.keys() & {table for table, _ in found}
    required = {schema.SUPERSEDED} & optional
    needed |= {table: schema.OPTIONAL_COLUMNS[table] for table in required}
    missing = sorted(f"{table}.{column}" for table, column in _pairs(needed) - found)
    if missing:
        raise SchemaMismatch(f"pulpcore's tables lack {', '.join(missing)}.")
    objects = {*schema.REQUIRED_OBJECTS, *(schema.USER_OBJECTS if has_users else ())}
    objects = objects.union(*(schema.OPTIONAL_OBJECTS[table] for table in required))
    every = objects.union(*(schema.OPTIONAL_OBJECTS[table] for table in optional))
    usable = await _find_usable(connection, objects, every)
    tables = required | {
        table
        for table in optional
        if _pairs({table: schema.OPTIONAL_COLUMNS[table]}) <= found
        and schema.OPTIONAL_OBJECTS[table] <= usable
    }
    for table in sorted(optional - tables):
        log.warning(
            "Changes of %s cannot be followed; its plugin is asked for each request. If the plugin "
            "is new, run 'pulpcore-manager migrate'.",
            table,
        )
    users = access_sql.USER_STATEMENTS if has_users else ()
    known = (*sql.statements(tables), *access_sql.STATEMENTS, *route_sql.STATEMENTS)
    await _prepare(connection, (*known, *users))
    return frozenset(tables)


def _required_columns(has_users: bool) -> dict[str, frozenset[str]]:
    return {**schema.REQUIRED_COLUMNS, **(schema.USER_COLUMNS if has_users else {})}


def _pairs(columns: Mapping[str, frozenset[str]]) -> set[tuple[str, str]]:
    return {(table, column) for table, names in columns.items() for column in names}


async def _find_usable(connection: Any, required: set[str], every: set[str]) -> set[str]:
    """Return the usable ones of the triggers and indexes `every`, if all required ones are."""
    rows = await connection.fetch(schema.OBJECTS, list(every))
    lacking = sorted(required - {row["name"] for row in rows})
    if lacking:
        raise SchemaMismatch(
            f"The database lacks {', '.join(lacking)}: run 'pulpcore-manager migrate'."
        )
    usable = {row["name"] for row in rows if row["is_usable"]}
    unusable = sorted(required - usable)
    if unusable:
        raise SchemaMismatch(
            f"Disabled in the database, or never completed: {', '.join(unusable)}. Enable triggers "
            "(ALTER TABLE … ENABLE ALWAYS TRIGGER …), and build indexes anew (REINDEX INDEX …)."
        )
    return usable


async def _prepare(connection: Any, statements: Iterable[str]) -> None:
    """Let PostgreSQL read every statement, or raise SchemaMismatch."""
    try:
        # An unnamed prepared statement leaves the session waiting for its use, and deaf to
        # notifications, until the transaction ends.
        async with connection.transaction(readonly=True):
            for statement in statements:
                # Behind a pooler, another client may already use any name.
                await connection.prepare(statement, name="")
    except asyncpg.SyntaxOrAccessError as error:
        raise SchemaMismatch(f"PostgreSQL refuses a statement: {sentence_of(error)}") from error
