"""The statements of the fast path on pulpcore's real tables."""

import asyncio
import re
from typing import Any

import pytest

from pulp_contentroutes.serving import sql
from pulp_contentroutes.serving.database import Database
from pulp_contentroutes.standalone.cluster import Cluster
from tests.pulp.standalone import Standalone


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


@pytest.mark.parametrize("statement", sql.STATEMENTS)
def test_no_statement_reads_a_whole_table(plain: Standalone, statement: str) -> None:
    """Its plan is made while the tables are nearly empty, and kept when they have grown."""
    arguments: dict[str, Any] = dict(Cluster(plain.data).database)
    arguments["database"] = arguments.pop("dbname")
    plan = asyncio.run(_plan_of(statement, arguments))
    assert "Index" in plan
    for kind in ("Seq Scan", "Bitmap", "Hash Join", "Merge Join", "Materialize"):
        assert kind not in plan, plan
