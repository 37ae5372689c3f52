"""The pool: every wait has a limit, and every failure is the same exception."""

import asyncio
from typing import Any

import pytest

from pulp_contentroutes.serving.coherence.memory import Memory
from pulp_contentroutes.serving.database import schema
from pulp_contentroutes.serving.database.pool import Database
from pulp_contentroutes.serving.database.probe import probe
from pulp_contentroutes.serving.errors import DatabaseUnavailable, SchemaMismatch
from pulp_contentroutes.serving.notifications.fingerprints import take_fingerprint
from pulp_contentroutes.serving.notifications.listener import Listener
from tests.postgres.conftest import be_satisfied


async def test_statements_are_planned_once_for_every_value(database: Database) -> None:
    [row] = await database.fetch("SELECT current_setting('plan_cache_mode') AS mode")
    assert row["mode"] == "force_generic_plan"
    for _ in range(3):
        await database.fetch("SELECT $1::int AS n", 1)
    prepared = await database.fetch("SELECT count(*) AS n FROM pg_prepared_statements")
    assert prepared[0]["n"] >= 1


async def test_behind_a_pooler_nothing_is_prepared(postgres: dict[str, Any]) -> None:
    """In pgbouncer's transaction mode the next statement may reach another server."""
    pooled = Database(postgres, is_pooled=True, connections=1, seconds=5)
    for _ in range(3):
        await pooled.fetch("SELECT $1::int AS n", 1)
    statement = "SELECT name FROM pg_prepared_statements WHERE name <> ''"
    assert await pooled.fetch(statement) == []
    pooled.close()


async def test_a_statement_that_takes_too_long_is_given_up(postgres: dict[str, Any]) -> None:
    slow = Database(postgres, is_pooled=False, connections=1, seconds=0.3)
    with pytest.raises(DatabaseUnavailable):
        await slow.fetch("SELECT pg_sleep(30)")
    slow.close()


async def test_nobody_waits_for_ever_for_a_connection(postgres: dict[str, Any]) -> None:
    busy = Database(postgres, is_pooled=False, connections=1, seconds=0.5)
    results = await asyncio.gather(
        *(busy.fetch("SELECT pg_sleep(30)") for _ in range(5)), return_exceptions=True
    )
    assert {type(each) for each in results} == {DatabaseUnavailable}
    busy.close()


async def test_after_a_failure_the_database_is_left_alone_for_a_moment() -> None:
    """A flood of requests must not become a flood of connection attempts."""
    absent = Database({"host": "/nowhere"}, is_pooled=False, connections=2, seconds=5)
    with pytest.raises(DatabaseUnavailable):
        await absent.fetch("SELECT 1")
    with pytest.raises(DatabaseUnavailable, match="a moment ago"):
        await absent.fetch("SELECT 1")
    with pytest.raises(DatabaseUnavailable):
        await absent.connect()
    absent.close()


async def test_a_failure_of_an_attempt_from_before_the_last_answer_stops_no_request(
    postgres: dict[str, Any],
) -> None:
    """Or outdated content would be served for a moment after an outage of PostgreSQL."""
    database = Database(postgres, is_pooled=False, connections=2, seconds=0.5)
    early = asyncio.create_task(database.fetch("SELECT pg_sleep(30)"))
    await asyncio.sleep(0.1)
    await database.fetch("SELECT 1")
    with pytest.raises(DatabaseUnavailable):
        await early
    assert await database.fetch("SELECT 1")
    database.close()


async def test_the_probe_names_what_is_missing(database: Database) -> None:
    connection = await database.connect()
    with pytest.raises(SchemaMismatch, match=r"core_artifact\.file, core_artifact\.pulp_id"):
        await probe(connection)
    connection.terminate()


class ToldMemory(Memory):
    def __init__(self) -> None:
        self.told: list[str] = []

    def invalidate(self, keys: Any) -> None:
        self.told.append("invalidate " + " ".join(keys))

    def reset(self) -> None:
        self.told.append("reset")

    def resume(self) -> None:
        self.told.append("resume")

    def suspend(self) -> None:
        self.told.append("suspend")


async def until(condition: Any) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110  a real server offers no event to wait for
            await asyncio.sleep(0.01)


async def test_without_the_schema_the_fast_path_is_switched_off_and_said_so(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    switched: list[bool] = []
    memory = ToldMemory()
    task = asyncio.create_task(Listener(database, [memory], switched.append).run())
    await until(lambda: switched)
    # Our migrations announce that they have run.
    caplog.clear()
    await database.fetch(schema.NOTIFY, schema.CHANNEL, schema.CHANGED)
    await until(lambda: "The fast path is off" in caplog.text)
    task.cancel()
    assert set(switched) == {False}
    assert set(memory.told) == {"suspend"}


async def test_the_listener_tells_what_is_announced_and_comes_back_when_it_is_cut(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pulp_contentroutes.serving.notifications.listener.probe", be_satisfied)
    memory, switched = ToldMemory(), list[bool]()
    task = asyncio.create_task(Listener(database, [memory], switched.append).run())
    await until(lambda: memory.told == ["resume"])
    notify = f"SELECT pg_notify('{schema.CHANNEL}', $1::text)"
    await database.fetch(notify, "a,b")
    await until(lambda: memory.told[1:] == ["invalidate a b"])
    await database.fetch(notify, schema.EVERYTHING)
    await until(lambda: memory.told[2:] == ["reset"])
    await database.fetch(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'pulp_contentroutes' AND pid <> pg_backend_pid()"
    )
    await until(lambda: memory.told[3:] == ["suspend", "resume"])
    task.cancel()
    assert set(switched) == {True}


async def test_the_look_for_changes_does_not_queue_behind_a_lock(database: Database) -> None:
    """Or a migration would have to wait for one more reader of each worker."""
    await database.fetch("CREATE TABLE core_distribution (pulp_id uuid)")
    locking = await database.connect()
    await locking.execute("BEGIN; LOCK TABLE core_distribution IN ACCESS EXCLUSIVE MODE")
    try:
        with pytest.raises(DatabaseUnavailable, match="lock timeout"):
            await take_fingerprint(database, 30)
    finally:
        locking.terminate()
        await database.fetch("DROP TABLE core_distribution")
