"""The statements of the fast path, on pulpcore's real tables."""

import asyncio
import hashlib
import io
import re
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import uuid4

import pytest
from django.apps import apps
from django.core.files import File
from django.db import connection
from pulpcore.plugin.models import PublishedMetadata
from pulpcore.plugin.util import get_domain

from pulp_contentroutes.app.edge.connection import database
from pulp_contentroutes.serving.database import access_sql, schema, sql
from pulp_contentroutes.serving.database.pool import Database

T = TypeVar("T")

FilePublication = apps.get_model("file", "FilePublication")
FileRepository = apps.get_model("file", "FileRepository")


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


# The publications that pulp_deb serves first, in its table as its migrations make it.

DEB_TABLE = f"""
CREATE TEMPORARY TABLE {schema.DEB_DISTRIBUTED} (
  pulp_id uuid, distribution_id uuid, publication_id uuid, expires_at timestamptz,
  pulp_created timestamptz)
"""
#: Publications from the oldest to the newest: seconds until each expires, and the paths that it
#: has; the first path of each is in no other one.
PUBLICATIONS: tuple[tuple[float | None, str], ...] = (
    (None, "forever both"),
    (-1, "expired"),
    (60, "soon both"),
    (None, "newest"),
)


@pytest.fixture
def deb(db: None) -> tuple[Any, Any]:
    """Return the id of a distribution with PUBLICATIONS, and its version."""
    repository = FileRepository.objects.create(name="deb", pulp_domain=get_domain())
    version = repository.versions.first()
    distribution = uuid4()
    with connection.cursor() as cursor:
        cursor.execute(DEB_TABLE)
        for number, (seconds, paths) in enumerate(PUBLICATIONS):
            publication = FilePublication.objects.create(repository_version=version, complete=True)
            for path in paths.split():
                PublishedMetadata.create_from_file(
                    file=File(io.BytesIO(f"{number} {path}".encode()), name=path),
                    publication=publication,
                    relative_path=path,
                )
            cursor.execute(
                f"INSERT INTO {schema.DEB_DISTRIBUTED} VALUES (gen_random_uuid(), %s, %s,"
                " now() + %s * interval '1 second', now() + %s * interval '1 second')",
                [distribution, publication.pk, seconds, number],
            )
    return distribution, version


@pytest.mark.parametrize(
    ("path", "number"),
    [("forever", 0), ("expired", None), ("soon", 2), ("newest", 3), ("both", 2), ("nothing", None)],
)
def test_the_newest_publication_that_has_the_path_and_is_served_wins(
    deb: tuple[Any, Any], path: str, number: int | None
) -> None:
    distribution, version = deb
    statement = sql.LOOK_UP_PUBLISHED[schema.DEB_DISTRIBUTED]
    values = [distribution, path, version.repository_id, version.number]
    with connection.cursor() as cursor:
        # In this transaction, where the rows are.
        cursor.execute(f"PREPARE question AS {statement}", None)
        cursor.execute("EXECUTE question (%s, %s, %s, %s)", values)
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        cursor.execute("DEALLOCATE question")
    if number is None:
        assert rows == []
        return
    [row] = rows
    assert row["sha256"] == hashlib.sha256(f"{number} {path}".encode()).hexdigest()
    assert (row["expires_at"] is None) == (PUBLICATIONS[number][0] is None)
    # Metadata is as old as its publication.
    assert row["entered"] == FilePublication.objects.order_by("pulp_created")[number].pulp_created
