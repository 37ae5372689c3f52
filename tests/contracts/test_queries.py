"""The contract of database queries, which holds for the real database and for the fake."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from pulp_contentroutes.serving.database import sql
from pulp_contentroutes.serving.database.pool import Database
from pulp_contentroutes.serving.database.rows import Queries
from pulp_contentroutes.serving.errors import DatabaseUnavailable
from pulp_contentroutes.serving.resolve.snapshots import base_path_lengths
from tests.fakes import FakeDatabase
from tests.postgres.conftest import postgres  # noqa: F401  a fixture
from tests.rows import NO_DISTRIBUTION

# The columns that the statement reads, as pulpcore's migrations make them.
SCHEMA = """
DROP TABLE IF EXISTS core_domain, core_distribution, core_publication, core_repositoryversion,
  core_distributedpublication, core_repository;
DROP EXTENSION IF EXISTS hstore;
CREATE EXTENSION hstore;
CREATE TABLE core_repository (pulp_id uuid, pulp_labels hstore);
CREATE TABLE core_domain (
  pulp_id uuid, name text, pulp_last_updated timestamptz, storage_class text,
  storage_settings jsonb);
CREATE TABLE core_distribution (
  pulp_id uuid, pulp_type text, base_path text, checkpoint boolean, publication_id uuid,
  repository_version_id uuid, repository_id uuid, remote_id uuid, content_guard_id uuid,
  pulp_domain_id uuid);
CREATE TABLE core_publication (
  pulp_id uuid, complete boolean, pass_through boolean, pulp_created timestamptz,
  repository_version_id uuid);
CREATE TABLE core_repositoryversion (
  pulp_id uuid, repository_id uuid, number integer, complete boolean, pulp_created timestamptz);
CREATE TABLE core_distributedpublication (
  distribution_id uuid, publication_id uuid, expires_at timestamptz);
INSERT INTO core_domain VALUES ('00000000-0000-0000-0000-000000000001', 'default', now(), '', '{}');
INSERT INTO core_distribution (pulp_id, pulp_type, base_path, checkpoint, pulp_domain_id)
  VALUES ('00000000-0000-0000-0000-000000000002', 'file.file', 'deep/down', false,
          '00000000-0000-0000-0000-000000000001');
"""

Make = Callable[[bool], Awaitable[Queries]]


@pytest.fixture(params=["fake", "real"])
def real_arguments(request: pytest.FixtureRequest) -> dict[str, Any] | None:
    return request.getfixturevalue("postgres") if request.param == "real" else None


@pytest.fixture
async def make(real_arguments: dict[str, Any] | None) -> AsyncIterator[Make]:
    """Yield a maker of databases: with one distribution, `deep/down`, or unreachable."""
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


def question(path: str) -> tuple[str, str, list[int], list[str], str, bool]:
    lengths = list(base_path_lengths(path))
    return sql.SNAPSHOT, "default", lengths, ["file.file"], f"{path}/", False


async def test_a_row_is_a_mapping_of_its_columns(make: Make) -> None:
    [row] = await (await make(False)).fetch(*question("deep/down/x"))
    assert set(row.keys()) == set(NO_DISTRIBUTION)
    assert (row["base_path"], row["checkpoint"], row["publishes"]) == ("deep/down", False, True)
    assert not row["is_above_another"]


@pytest.mark.parametrize(
    ("path", "base_path"),
    [
        pytest.param("deep/down/" + "x/" * 2000 + "y", "deep/down", id="below a distribution"),
        pytest.param("x/" * 2000 + "y", None, id="elsewhere"),
        pytest.param("d\u00e9\U0001f600ep/down/" + "\u00e9/" * 50, None, id="not ASCII"),
    ],
)
async def test_a_base_path_is_found_however_many_segments_follow(
    make: Make, path: str, base_path: str | None
) -> None:
    [row] = await (await make(False)).fetch(*question(path))
    assert row["base_path"] == base_path


@pytest.mark.parametrize(("path", "expected"), [("deep", True), ("deeper", False), ("x/y", False)])
async def test_without_a_distribution_a_row_says_whether_one_is_below(
    make: Make, path: str, expected: bool
) -> None:
    [row] = await (await make(False)).fetch(*question(path))
    assert {**row} == {**NO_DISTRIBUTION, "is_above_another": expected}


async def test_a_database_that_is_down_has_one_error(make: Make) -> None:
    database = await make(True)
    for _ in range(2):
        with pytest.raises(DatabaseUnavailable):
            await database.fetch(*question("deep/down"))
