"""Our triggers announce every change, and never break a write by Pulp."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.db import connection

from pulp_contentroutes.serving.database import schema

TRIGGERS = """
SELECT tgname::text, tgrelid::regclass::text, tgenabled::text, pg_get_triggerdef(oid),
       pg_get_functiondef(tgfoid)
  FROM pg_trigger WHERE tgname LIKE 'contentroutes%' ORDER BY tgname
"""
EVENTS = {
    "insert": "INSERT INTO {table} SELECT * FROM {table} WHERE false",
    "update": "UPDATE {table} SET {column} = {column}",
    "delete": "DELETE FROM {table} WHERE false",
    "truncate": "TRUNCATE {table} CASCADE",
}


def run(statement: str) -> list[tuple[Any, ...]]:
    """Run a statement in the test's transaction."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


@contextmanager
def session(**options: Any) -> Iterator[psycopg.Connection[Any]]:
    """Open a separate session, for statements that must be committed."""
    with psycopg.connect(**connection.get_connection_params(), **options) as opened:
        yield opened


def write_to_every_watched_table() -> None:
    """Run each kind of statement that fires our triggers; all of them fire even without a row."""
    watched = run(
        "SELECT DISTINCT c.relname::text, a.attname::text FROM pg_trigger t"
        " JOIN pg_class c ON c.oid = t.tgrelid"
        " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = 1"
        " WHERE t.tgname LIKE 'contentroutes%'"
    )
    assert len(watched) > 15
    for statement in EVENTS.values():
        for table, column in watched:
            run(statement.format(table=f"public.{table}", column=column))


@pytest.fixture
def warnings(db: None) -> Iterator[list[str]]:
    """Yield the list of warnings from PostgreSQL."""
    said: list[str] = []

    def hear(notice: psycopg.errors.Diagnostic) -> None:
        if notice.severity_nonlocalized == "WARNING":
            said.append(str(notice.message_primary))

    connection.ensure_connection()
    connection.connection.add_notice_handler(hear)
    yield said
    connection.connection.remove_notice_handler(hear)


def test_every_write_of_pulps_succeeds_with_an_empty_search_path(
    warnings: list[str],
) -> None:
    """Restoring a dump of pg_dump sets an empty search path."""
    run("SET LOCAL search_path = ''")
    write_to_every_watched_table()
    assert warnings == []


def test_every_write_of_pulps_succeeds_with_a_temporary_table_in_the_way(
    warnings: list[str],
) -> None:
    """A temporary table with the name of a table of Pulp comes first in every search path."""
    run("CREATE TEMPORARY TABLE core_repositoryversion (other int)")
    write_to_every_watched_table()
    assert warnings == []


@pytest.mark.parametrize(
    "harm",
    [
        "ALTER TABLE core_repositoryversion RENAME pulp_id TO other",
        "ALTER TABLE core_repositoryversion RENAME TO other",
    ],
    ids=["a column", "a table"],
)
def test_every_write_of_pulps_succeeds_though_the_schema_is_another(
    harm: str, warnings: list[str]
) -> None:
    """Or an update of pulpcore would stop all publishing until the plugin is updated, too."""
    run(harm)
    run("UPDATE core_publication SET complete = complete")
    [warning] = warnings
    assert warning.startswith(
        "pulp_contentroutes: contentroutes_core_publication_update failed, and announces that"
    )


def test_a_role_that_may_write_to_one_table_alone_can() -> None:
    run("CREATE ROLE writer")
    run("GRANT SELECT, UPDATE ON core_publication TO writer")
    run("SET LOCAL ROLE writer")
    run("UPDATE core_publication SET complete = complete")
    run("RESET ROLE")


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE core_domain SET description = description", None),
        ("TRUNCATE core_headercontentguard", schema.EVERYTHING),
    ],
)
def test_changes_of_a_replica_session_are_announced(statement: str, expected: str | None) -> None:
    """pg_restore and replication disable ordinary triggers in their sessions."""
    with session(autocommit=True) as listening, session() as writing:
        listening.execute(f"LISTEN {schema.CHANNEL}".encode())
        writing.execute("SET session_replication_role = replica")
        writing.execute(statement.encode())
        writing.commit()
        [heard] = listening.notifies(timeout=10, stop_after=1)
    assert heard.payload == (expected or heard.payload) != ""


def test_every_watched_table_has_a_trigger_for_truncate() -> None:
    rows = run(TRIGGERS)
    watched = {table for _, table, *_ in rows}
    assert watched == {table for name, table, *_ in rows if name.endswith("_truncate")}


def test_every_trigger_fires_whoever_writes() -> None:
    assert {enabled for _, _, enabled, *_ in run(TRIGGERS)} == {"A"}


def test_the_migration_of_the_triggers_can_be_taken_back_and_run_again() -> None:
    migration = import_module("pulp_contentroutes.app.migrations.0005_notify_changes")
    made = run(TRIGGERS)
    assert made
    with connection.schema_editor() as editor:
        migration.be_silent(apps, editor)
    assert run(TRIGGERS) == []
    assert run("SELECT FROM pg_proc WHERE proname LIKE 'contentroutes%'") == []
    with connection.schema_editor() as editor:
        migration.announce(apps, editor)
    assert run(TRIGGERS) == made
