"""Our triggers announce every change, and never break a write by Pulp."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.apps import apps
from django.db import connection

from pulp_contentroutes.app.optional_triggers import watch
from pulp_contentroutes.serving.database import schema
from tests.django.in_process import COMMITTING, committing_connection

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
    migrated()
    assert run(TRIGGERS) == []
    with connection.schema_editor() as editor:
        migration.announce(apps, editor)
    migrated()
    assert run(TRIGGERS) == made


def migrated(using: str = "default") -> None:
    """Do what `migrate` does after its work."""
    watch(apps.get_app_config("contentroutes"), using)


DEB_TRIGGERS = sorted(schema.OPTIONAL_OBJECTS[schema.DEB_DISTRIBUTED])
DEB_TABLE = f"""
CREATE TABLE {schema.DEB_DISTRIBUTED} (
  pulp_id uuid, distribution_id uuid, publication_id uuid, expires_at timestamptz,
  pulp_created timestamptz)
"""


def names_of_triggers(table: str) -> list[str]:
    return [name for name, found, *_ in run(TRIGGERS) if found == table]


def test_a_table_of_a_plugin_that_comes_later_is_watched_from_then_on() -> None:
    made = run(TRIGGERS)
    run(DEB_TABLE)
    migrated()
    assert names_of_triggers(schema.DEB_DISTRIBUTED) == DEB_TRIGGERS
    watched = run(TRIGGERS)
    migrated()
    assert run(TRIGGERS) == watched
    run(f"DROP TRIGGER {DEB_TRIGGERS[0]} ON {schema.DEB_DISTRIBUTED}")
    migrated()
    assert names_of_triggers(schema.DEB_DISTRIBUTED) == DEB_TRIGGERS
    run(f"DROP TABLE {schema.DEB_DISTRIBUTED}")
    migrated()
    assert run(TRIGGERS) == made


@pytest.fixture
def committing() -> Iterator[Callable[..., list[str]]]:
    """Yield a function that commits each statement, and returns the keys that are announced."""
    tables = f"DROP TABLE IF EXISTS {schema.DEB_DISTRIBUTED} CASCADE"
    functions = "; ".join(f"DROP FUNCTION IF EXISTS {name} CASCADE" for name in DEB_TRIGGERS)
    with (
        session(autocommit=True) as listening,
        committing_connection() as own,
        own.cursor() as cursor,
    ):
        listening.execute(f"LISTEN {schema.CHANNEL}".encode())

        def commit(statement: str, *values: Any) -> list[str]:
            cursor.execute(statement, values)
            # Earlier announcements come first.
            cursor.execute("SELECT pg_notify(%s, 'the end')", [schema.CHANNEL])
            heard: list[str] = []
            for each in listening.notifies(timeout=10):
                if each.payload == "the end":
                    break
                heard += each.payload.split(",")
            return sorted(heard)

        yield commit
        cursor.execute(f"{tables}; {functions}; DELETE FROM core_repository")


def test_triggers_of_the_migration_that_are_lost_are_made_again() -> None:
    made = run(TRIGGERS)
    run("DROP FUNCTION contentroutes_core_repository_update CASCADE")
    assert run(TRIGGERS) != made
    migrated()
    assert run(TRIGGERS) == made


def test_a_table_of_another_role_does_not_stop_a_migration() -> None:
    """Or no `migrate` would succeed, though the plugin could only be asked more slowly."""
    made = run(TRIGGERS)
    run("CREATE ROLE other; CREATE ROLE migrating; GRANT pg_read_all_data TO migrating")
    run("GRANT CREATE, USAGE ON SCHEMA public TO migrating")
    run(f"{DEB_TABLE}; ALTER TABLE {schema.DEB_DISTRIBUTED} OWNER TO other")
    run("SET LOCAL ROLE migrating")
    migrated()
    run("RESET ROLE")
    assert run(TRIGGERS) == made


def test_each_change_of_a_plugins_publications_is_announced(
    committing: Callable[..., list[str]],
) -> None:
    table, distribution = schema.DEB_DISTRIBUTED, uuid4()
    committing(DEB_TABLE)
    migrated(COMMITTING)
    assert committing("SELECT") == [schema.CHANGED]
    insert = f"INSERT INTO {table} (distribution_id) VALUES (%s)"
    for statement in (insert, f"UPDATE {table} SET expires_at = now()", f"DELETE FROM {table}"):
        values = [distribution] if statement == insert else []
        assert committing(statement, *values) == [str(distribution)]
    assert committing(f"TRUNCATE {table}") == [schema.EVERYTHING]


def test_a_repository_is_announced_when_its_labels_change(
    committing: Callable[..., list[str]],
) -> None:
    """By labels, users tell pulp_maven how to serve; other fields change with each version."""
    repository = uuid4()
    committing(
        "INSERT INTO core_repository (pulp_id, pulp_created, name, pulp_type, next_version,"
        " user_hidden, pulp_labels, pulp_domain_id)"
        " SELECT %s, now(), 'labelled', 'file.file', 1, false, '', pulp_id FROM core_domain",
        repository,
    )
    assert committing("UPDATE core_repository SET next_version = 2") == []
    assert committing("UPDATE core_repository SET pulp_labels = 'a=>b'") == [str(repository)]
    assert committing("UPDATE core_repository SET pulp_labels = pulp_labels") == []
