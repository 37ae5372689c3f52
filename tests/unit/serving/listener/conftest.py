"""A listener on a fake server, and a memory that records the calls it gets."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from pulp_contentroutes.serving.coherence.memory import Memory
from pulp_contentroutes.serving.database import schema
from pulp_contentroutes.serving.errors import DatabaseUnavailable, SchemaMismatch
from pulp_contentroutes.serving.notifications import listener as module
from pulp_contentroutes.serving.notifications.listener import Listener

Told = Callable[[Any, int, str, str], None]
Listen = Callable[[], "ToldMemory"]


class FakeConnection:
    """The connection of the listener: it gets the notifications that a test delivers."""

    def __init__(self) -> None:
        self.told: Told | None = None
        self.lost: list[Callable[[Any], None]] = []
        self.is_over = False

    def add_termination_listener(self, listener: Callable[[Any], None]) -> None:
        self.lost.append(listener)

    async def add_listener(self, channel: str, told: Told) -> None:
        self.told = told

    async def remove_listener(self, channel: str, told: Told) -> None:
        self.told = None

    def is_closed(self) -> bool:
        return self.is_over

    def terminate(self) -> None:
        self.is_over = True

    def deliver(self, payload: str) -> None:
        if self.told:
            self.told(self, 1, schema.CHANNEL, payload)


class FakeServer:
    """A server that delivers notifications, or drops them as a pooler does."""

    def __init__(self) -> None:
        self.has_users = True
        self.is_pooled = False
        self.delivers = True
        self.pool_is_busy = False
        self.connections: list[FakeConnection] = []
        self.fingerprints: list[bytes | DatabaseUnavailable] = []
        #: The state of triggers and columns.
        self.state = "as migrated"
        self.mismatch: SchemaMismatch | None = None
        self.sent = 0
        self.steps: list[str] = []

    async def connect(self) -> FakeConnection:
        self.connections.append(FakeConnection())
        return self.connections[-1]

    async def fetch(self, statement: str, channel: str, payload: str) -> list[Any]:
        if self.pool_is_busy:
            raise DatabaseUnavailable("All wait for a lock.")
        return await self.fetch_alone(statement, channel, payload)

    async def fetch_alone(self, statement: str, channel: str, payload: str) -> list[Any]:
        assert (statement, channel) == (schema.NOTIFY, schema.CHANNEL)
        self.sent += 1
        if self.delivers:
            self.connections[-1].deliver(payload)
        return []

    async def read_state(self, connection: Any, has_users: bool) -> str:
        self.steps.append("state read")
        return self.state

    async def probe(self, connection: Any, has_users: bool) -> frozenset[str]:
        self.steps.append("schema looked at")
        if self.mismatch:
            raise self.mismatch
        return frozenset()

    async def fingerprint(self, database: Any, seconds: float) -> bytes:
        """Return the next fingerprint, and the last one again and again."""
        self.steps.append("fingerprint")
        found = self.fingerprints[0] if len(self.fingerprints) == 1 else self.fingerprints.pop(0)
        if isinstance(found, DatabaseUnavailable):
            raise found
        return found


class ToldMemory(Memory):
    def __init__(self) -> None:
        self.told: list[str] = []

    def invalidate(self, keys: Any) -> None:
        self.told.append("invalidate " + " ".join(sorted(keys)))

    def reset(self) -> None:
        self.told.append("reset")

    def resume(self) -> None:
        self.told.append("resume")

    def suspend(self) -> None:
        self.told.append("suspend")

    def switch(self, is_on: bool) -> None:
        self.told.append("on" if is_on else "off")


SAME = b""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> FakeServer:
    """Return a server; the listener has frequent heartbeats."""
    server = FakeServer()
    server.fingerprints = [SAME]
    monkeypatch.setattr(module, "probe", server.probe)
    monkeypatch.setattr(module, "read_schema_state", server.read_state)
    monkeypatch.setattr(module, "take_fingerprint", server.fingerprint)
    monkeypatch.setattr(module, "HEARTBEAT_SECONDS", 0.01)
    monkeypatch.setattr(module, "_FIRST_RETRY_SECONDS", 0.01)
    return server


@pytest.fixture
def is_impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait briefly for echoes, where they are lost; elsewhere, a busy machine may be slow."""
    monkeypatch.setattr("pulp_contentroutes.serving.notifications.echo.ECHO_SECONDS", 0.05)


@pytest.fixture
async def begin(server: FakeServer) -> AsyncIterator[Callable[[bool], ToldMemory]]:
    """Yield a function that starts a listener and returns its memory, with a switch if wanted."""
    tasks: list[asyncio.Task[None]] = []

    def begin(with_switch: bool) -> ToldMemory:
        memory = ToldMemory()
        switch = memory.switch if with_switch else lambda is_on: None
        listener = Listener(server, [memory], switch)  # type: ignore[arg-type]
        tasks.append(asyncio.create_task(listener.run()))
        return memory

    yield begin
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
def listen(begin: Callable[[bool], ToldMemory]) -> Listen:
    return lambda: begin(False)


@pytest.fixture
def listen_and_switch(begin: Callable[[bool], ToldMemory]) -> Listen:
    return lambda: begin(True)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  the tasks that change it offer no event
            await asyncio.sleep(0.001)


def lose(connection: FakeConnection) -> None:
    connection.terminate()
    for listener in connection.lost:
        listener(connection)
