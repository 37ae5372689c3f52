"""The statements of the fast path on pulpcore's real tables."""

import asyncio
import re
from typing import Any

import pytest

from pulp_contentroutes.serving import schema, sql
from pulp_contentroutes.serving.database import Database
from pulp_contentroutes.standalone.cluster import Cluster
from tests.pulp.standalone import Standalone


@pytest.fixture(scope="module")
def arguments(plain: Standalone) -> dict[str, Any]:
    found: dict[str, Any] = dict(Cluster(plain.data).database)
    found["database"] = found.pop("dbname")
    return found


async def _fetch(arguments: dict[str, Any], statement: str, *values: Any) -> list[Any]:
    database = Database(arguments, is_pooled=False, connections=1, seconds=10)
    try:
        return list(await database.fetch(statement, *values))
    finally:
        database.close()


async def _plan_of(statement: str, arguments: dict[str, Any]) -> str:
    database = Database(arguments, is_pooled=False, connections=1, seconds=10)
    connection = await database.connect()
    try:
        await connection.execute(f"PREPARE question AS {statement}")
        values = ", ".join(["NULL"] * len(set(re.findall(r"\$\d", statement))))
        rows = await connection.fetch(f"EXPLAIN (COSTS OFF) EXECUTE question ({values})")
    finally:
        connection.terminate()
    return "\n".join(row[0] for row in rows)


@pytest.mark.parametrize("statement", [*sql.STATEMENTS, *sql.USER_STATEMENTS])
def test_no_statement_reads_a_whole_table(arguments: dict[str, Any], statement: str) -> None:
    """Its plan is made while the tables are nearly empty, and kept when they have grown."""
    plan = asyncio.run(_plan_of(statement, arguments))
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
#: What is looked for when a guard is loaded, not at the start.
GUARDS = re.compile(r"(content|cert)guard$")


def test_every_trigger_and_index_that_migrations_make_is_looked_for(
    arguments: dict[str, Any],
) -> None:
    """One that is missing would leave plans and permissions in memory for ever."""
    rows = asyncio.run(_fetch(arguments, MADE))
    at_start = {row["name"] for row in rows if not GUARDS.search(row["table"])}
    at_start |= {row["name"] for row in rows if row["table"] == "core_contentguard"}
    assert at_start == {*schema.REQUIRED_OBJECTS, *schema.USER_OBJECTS}
    functions = " ".join(row["function"] for row in rows if row["function"])
    assert set(re.findall(r"pg_notify\('(\w+)'", functions)) == {schema.CHANNEL}


@pytest.mark.parametrize(
    "table",
    [
        "core_headercontentguard",
        "core_envvarheadercontentguard",
        "core_contentredirectcontentguard",
        "certguard_x509certguard",
        "certguard_rhsmcertguard",
        "contentroutes_tokencontentguard",
    ],
)
def test_changes_of_the_guards_that_are_kept_are_announced(
    arguments: dict[str, Any], table: str
) -> None:
    assert asyncio.run(_fetch(arguments, sql.IS_WATCHED, table))
    assert not asyncio.run(_fetch(arguments, sql.IS_WATCHED, "core_rbaccontentguard"))
