"""What the fast path relies on when it asks a database: the real one and the fake."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from pulp_contentroutes.serving import sql
from pulp_contentroutes.serving.database import Database
from pulp_contentroutes.serving.errors import DatabaseUnavailable
from pulp_contentroutes.serving.rows import Queries
from tests.fakes import FakeDatabase
from tests.postgres.conftest import postgres  # noqa: F401  a fixture

SCHEMA = """
DROP TABLE IF EXISTS core_domain, core_distribution;
CREATE TABLE core_domain (pulp_id uuid, name text);
CREATE TABLE core_distribution (base_path text, pulp_domain_id uuid);
INSERT INTO core_domain VALUES ('00000000-0000-0000-0000-000000000001', 'default');
INSERT INTO core_distribution VALUES ('deep/down', '00000000-0000-0000-0000-000000000001');
"""

Make = Callable[[bool], Awaitable[Queries]]


@pytest.fixture(params=["fake", "real"])
def real_arguments(request: pytest.FixtureRequest) -> dict[str, Any] | None:
    return request.getfixturevalue("postgres") if request.param == "real" else None


@pytest.fixture
async def make(real_arguments: dict[str, Any] | None) -> AsyncIterator[Make]:
    """Make a database that has one distribution `deep/down`, or is down."""
    opened: list[Database] = []

    async def real(is_down: bool) -> Queries:
        arguments = dict(real_arguments or {})
        if is_down:
            arguments["host"] = "/nowhere"
        database = Database(arguments, is_pooled=False, connections=1, seconds=5)
        opened.append(database)
        if not is_down:
            connection = await database.connect()
            await connection.execute(SCHEMA)
            connection.terminate()
        return database

    async def fake(is_down: bool) -> Queries:
        database = FakeDatabase()
        database.add_distribution("deep/down")
        database.is_down = is_down
        return database

    yield real if real_arguments else fake
    for database in opened:
        database.close()


@pytest.mark.parametrize(
    ("path", "expected"), [("deep/", True), ("deeper/", False), ("deep/down/", False)]
)
async def test_a_row_is_a_mapping_of_its_columns(make: Make, path: str, expected: bool) -> None:
    rows = await (await make(False)).fetch(sql.HAS_DISTRIBUTION_BELOW, "default", path)
    assert [row["exists"] for row in rows] == [expected]


async def test_a_database_that_is_down_has_one_error(make: Make) -> None:
    database = await make(True)
    for _ in range(2):
        with pytest.raises(DatabaseUnavailable):
            await database.fetch(sql.HAS_DISTRIBUTION_BELOW, "default", "deep/")
