"""The statements of the fast path, on pulpcore's real tables."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest

from pulp_contentroutes.app.edge.connection import database
from pulp_contentroutes.serving.database import access_sql, schema, sql
from pulp_contentroutes.serving.database.pool import Database

T = TypeVar("T")


def ask(question: Callable[[Database], Awaitable[T]]) -> T:
    """Query Pulp's database through a connection like those of the fast path."""

    async def connect_and_ask() -> T:
        opened = database()
        try:
            return await question(opened)
        finally:
            opened.close()

    return asyncio.run(connect_and_ask())


async def explain(opened: Database, statement: str) -> str:
    """Return the generic query plan of a prepared statement."""
    connection = await opened.connect()
    try:
        await connection.execute(f"PREPARE question AS {statement}")
        values = ", ".join(["NULL"] * len(set(re.findall(r"\$\d", statement))))
        rows = await connection.fetch(f"EXPLAIN (COSTS OFF) EXECUTE question ({values})")
    finally:
        connection.terminate()
    return "\n".join(row[0] for row in rows)


STATEMENTS = (
    *sql.statements({schema.SUPERSEDED}),
    *access_sql.STATEMENTS,
    *access_sql.USER_STATEMENTS,
)
NAMES = {
    value: name for name, value in (vars(sql) | vars(access_sql)).items() if isinstance(value, str)
}


@pytest.mark.parametrize("statement", STATEMENTS, ids=[NAMES[each] for each in STATEMENTS])
def test_no_statement_reads_a_whole_table(statement: str) -> None:
    """Query plans are made while the tables are nearly empty, and kept when they have grown."""
    plan = ask(lambda opened: explain(opened, statement))
    assert "Index" in plan
    for kind in ("Seq Scan", "Bitmap", "Hash Join", "Merge Join", "Materialize"):
        assert kind not in plan, plan


MADE = """
SELECT tgname::text AS name, tgrelid::regclass::text AS table,
       pg_get_functiondef(tgfoid) AS function
  FROM pg_trigger WHERE tgname LIKE 'contentroutes%'
UNION ALL
SELECT c.relname, i.indrelid::regclass::text, NULL
  FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid
 WHERE c.relname LIKE 'contentroutes%' AND i.indrelid::regclass::text LIKE 'core_%'
"""
#: Tables whose triggers are checked when a guard is loaded, not at the start.
GUARDS = re.compile(r"(content|cert)guard$")


def test_every_trigger_and_index_that_migrations_make_is_looked_for() -> None:
    """If one is missing, snapshots and permissions stay in memory for ever."""
    rows: Any = ask(lambda opened: opened.fetch(MADE))
    at_start = {row["name"] for row in rows if not GUARDS.search(row["table"])}
    at_start |= {row["name"] for row in rows if row["table"] == "core_contentguard"}
    made = schema.OPTIONAL_OBJECTS[schema.SUPERSEDED]
    assert at_start == {*schema.REQUIRED_OBJECTS, *schema.USER_OBJECTS, *made}
    functions = " ".join(row["function"] for row in rows if row["function"])
    assert set(re.findall(r"pg_notify\('(\w+)'", functions)) == {schema.CHANNEL}
