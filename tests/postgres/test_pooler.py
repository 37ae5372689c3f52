"""pgbouncer between the content app and PostgreSQL, with and without the setting for it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from pulp_contentroutes.serving.database import schema
from pulp_contentroutes.serving.database.pool import _SERVER_SETTINGS, Database
from pulp_contentroutes.serving.notifications import echo, listener
from pulp_contentroutes.serving.notifications.listener import Listener
from tests.harness.pgbouncer import requires_pgbouncer, run_pgbouncer
from tests.postgres.conftest import be_satisfied
from tests.postgres.test_database import ToldMemory, until

pytestmark = requires_pgbouncer
#: Few server connections for many clients, so that each statement gets another session.
POOL = {"default_pool_size": "2", "max_client_conn": "100"}
#: The list of an administrator who has seen each error "unsupported startup parameter".
IGNORED = {
    "ignore_startup_parameters": ",".join(
        ("extra_float_digits", "statement_timeout", *_SERVER_SETTINGS)
    )
}


@pytest.fixture(scope="module")
def transactions(postgres: dict[str, Any]) -> Iterator[Path]:
    with run_pgbouncer(postgres["host"], "transaction", **POOL, **IGNORED) as folder:
        yield folder


@pytest.fixture(scope="module")
def strict_transactions(postgres: dict[str, Any]) -> Iterator[Path]:
    """Run pgbouncer as it is installed: it refuses settings that it does not know."""
    with run_pgbouncer(postgres["host"], "transaction", **POOL) as folder:
        yield folder


@pytest.fixture(scope="module")
def sessions(postgres: dict[str, Any]) -> Iterator[Path]:
    with run_pgbouncer(postgres["host"], "session", **IGNORED) as folder:
        yield folder


@pytest.fixture(autouse=True)
def is_impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "probe", be_satisfied)
    monkeypatch.setattr(echo, "ECHO_SECONDS", 1)


def behind(postgres: dict[str, Any], pooler: Path, is_told: bool = False) -> Database:
    return Database({**postgres, "host": str(pooler)}, is_told, connections=2, seconds=5)


@asynccontextmanager
async def listening(database: Database) -> AsyncIterator[tuple[ToldMemory, list[bool]]]:
    memory, switched = ToldMemory(), list[bool]()
    task = asyncio.create_task(Listener(database, [memory], switched.append).run())
    try:
        yield memory, switched
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        database.close()


@pytest.mark.parametrize("is_told", [False, True])
@pytest.mark.parametrize("pooler", ["transactions", "strict_transactions"])
async def test_nothing_is_trusted_where_nothing_is_heard(
    request: pytest.FixtureRequest,
    postgres: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
    pooler: str,
    is_told: bool,
) -> None:
    """Or withdrawn content would be served for ever, and every guard be out of date."""
    database = behind(postgres, request.getfixturevalue(pooler), is_told)
    async with listening(database) as (memory, switched):
        await until(lambda: "Changes are not heard of" in caplog.text)
        await until(lambda: memory.told)
        assert (memory.told, switched) == (["suspend"], [True])
        # Our LISTEN is not left in a session, so its next client gets no notifications.
        for _ in range(4):
            assert await database.fetch("SELECT pg_listening_channels()") == []


async def test_changes_are_heard_of_in_session_mode(
    postgres: dict[str, Any], sessions: Path
) -> None:
    async with listening(behind(postgres, sessions)) as (memory, _):
        await until(lambda: memory.told == ["resume"])
        notifying = Database(postgres, False, connections=1, seconds=5)
        await notifying.fetch(schema.NOTIFY, schema.CHANNEL, "a,b")
        await until(lambda: memory.told[1:] == ["invalidate a b"])
        notifying.close()


@pytest.mark.parametrize("pooler", ["transactions", "strict_transactions"])
async def test_statements_of_many_workers_do_not_meet(
    request: pytest.FixtureRequest, postgres: dict[str, Any], pooler: str
) -> None:
    """A statement prepared by one worker would have the name of another worker's statement."""
    workers = [behind(postgres, request.getfixturevalue(pooler)) for _ in range(6)]

    async def ask(number: int, worker: Database) -> None:
        # As the listener does before the first query.
        (await worker.connect()).terminate()
        for each in range(30):
            [row] = await worker.fetch(f"SELECT $1::int + {number} AS sum", each)
            assert row["sum"] == each + number

    await asyncio.gather(*(ask(*pair) for pair in enumerate(workers)))
    assert {worker.is_pooled for worker in workers} == {True}
    for worker in workers:
        worker.close()
