"""Memory is trusted only while the listener proves that it hears announcements."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

import pytest

from pulp_contentroutes.serving.coherence.memory import Memory
from pulp_contentroutes.serving.database import schema
from pulp_contentroutes.serving.errors import DatabaseUnavailable, SchemaMismatch
from pulp_contentroutes.serving.model import BASE_PATHS
from pulp_contentroutes.serving.notifications import listener as module
from pulp_contentroutes.serving.notifications.fingerprints import find_changes
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

    async def probe(self, connection: Any, has_users: bool) -> None:
        self.steps.append("schema looked at")
        if self.mismatch:
            raise self.mismatch

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
ID = UUID("01a21b29-a0df-7a60-8f57-281603f9bbe6")
OTHER = ID.bytes + bytes(8) + bytes(24)


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


@pytest.mark.usefixtures("is_impatient")
async def test_nothing_is_trusted_before_an_echo_was_heard(
    server: FakeServer, listen: Listen
) -> None:
    server.delivers = False
    memory = listen()
    await until(lambda: len(server.connections) > 1)
    assert set(memory.told) == {"suspend"}
    server.delivers = True
    await until(lambda: "resume" in memory.told)


@pytest.mark.usefixtures("is_impatient")
async def test_a_notification_of_everything_proves_nothing(
    server: FakeServer, listen: Listen
) -> None:
    server.delivers = False
    memory = listen()
    await until(lambda: server.sent)
    server.connections[-1].deliver(schema.EVERYTHING)
    await until(lambda: "suspend" in memory.told)
    assert "resume" not in memory.told


@pytest.mark.usefixtures("is_impatient")
async def test_trust_ends_when_nothing_is_heard_any_more(
    server: FakeServer, listen: Listen
) -> None:
    """The connection itself may still work, as behind a pooler that was added since."""
    memory = listen()
    await until(lambda: "resume" in memory.told)
    server.delivers = False
    connections = len(server.connections)
    await until(lambda: len(server.connections) > connections)
    assert memory.told[-1] == "suspend"


async def test_a_connection_that_is_lost_while_an_echo_is_waited_for_is_lost_at_once(
    server: FakeServer, listen: Listen, caplog: pytest.LogCaptureFixture
) -> None:
    """Or outdated content would be served until the wait for the echo ends, five seconds later."""
    memory = listen()
    await until(lambda: "resume" in memory.told)
    server.delivers = False
    sent = server.sent
    await until(lambda: server.sent > sent)
    server.delivers = True
    lose(server.connections[0])
    # At this very moment, whatever the listener is waiting for.
    assert memory.told == ["resume", "suspend"]
    async with asyncio.timeout(2):
        await until(lambda: memory.told == ["resume", "suspend", "resume"])
    assert "hears nothing any more" not in caplog.text


async def test_an_old_connection_that_ends_late_costs_no_trust(
    server: FakeServer, listen: Listen
) -> None:
    memory = listen()
    await until(lambda: "resume" in memory.told)
    lose(server.connections[0])
    await until(lambda: memory.told == ["resume", "suspend", "resume"])
    lose(server.connections[0])
    assert memory.told == ["resume", "suspend", "resume"]


async def test_a_fingerprint_of_a_lost_connection_earns_no_trust(
    server: FakeServer, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one failed; after the second one, all memory would be compared again."""
    monkeypatch.setattr(module, "FINGERPRINT_SECONDS", 0.001)
    monkeypatch.setattr(module, "HEARTBEAT_SECONDS", 3600)
    monkeypatch.setattr(module, "_FIRST_RETRY_SECONDS", 3600)
    gate = asyncio.Event()

    async def slow(database: Any, seconds: float) -> bytes:
        if not server.steps.count("fingerprint"):
            server.steps.append("fingerprint")
            raise DatabaseUnavailable("slow")
        server.steps.append("fingerprint")
        await gate.wait()
        return SAME

    monkeypatch.setattr(module, "take_fingerprint", slow)
    memory = listen()
    await until(lambda: server.steps.count("fingerprint") == 2)
    lose(server.connections[0])
    gate.set()
    await asyncio.sleep(0.05)
    assert memory.told == ["resume", "suspend"]


async def test_a_connection_that_has_lasted_is_made_anew_at_once(
    server: FakeServer, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until then every request queries the database."""
    monkeypatch.setattr(module, "_FIRST_RETRY_SECONDS", 3600)
    memory = listen()
    await until(lambda: server.sent > 3)
    lose(server.connections[0])
    await until(lambda: memory.told == ["resume", "suspend", "resume"])


async def test_a_connection_that_does_not_last_is_not_made_anew_at_once(
    server: FakeServer, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_FIRST_RETRY_SECONDS", 3600)
    monkeypatch.setattr(module, "HEARTBEAT_SECONDS", 3600)
    memory = listen()
    await until(lambda: memory.told == ["resume"])
    lose(server.connections[0])
    await until(lambda: memory.told == ["resume", "suspend"])
    await asyncio.sleep(0.05)
    assert len(server.connections) == 1


@pytest.mark.parametrize("is_same", [True, False])
async def test_a_schema_that_is_the_same_is_not_looked_at_once_more(
    server: FakeServer, listen: Listen, monkeypatch: pytest.MonkeyPatch, is_same: bool
) -> None:
    """Until the worker trusts its memory again, every request queries the database."""
    monkeypatch.setattr(module, "HEARTBEAT_SECONDS", 3600)
    memory = listen()
    await until(lambda: memory.told == ["resume"])
    server.steps.clear()
    if not is_same:
        server.state = "migrated meanwhile"
    lose(server.connections[0])
    await until(lambda: memory.told == ["resume", "suspend", "resume"])
    assert server.steps == ["state read", *([] if is_same else ["schema looked at"])]


async def test_what_nobody_announced_before_a_cut_is_told_after_it(
    server: FakeServer, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each fingerprint is compared with the previous one, whichever connection took it."""
    monkeypatch.setattr(module, "FINGERPRINT_SECONDS", 0.05)
    monkeypatch.setattr(module, "_SHARE", 0)
    server.fingerprints = [SAME, OTHER]
    memory = listen()
    await until(lambda: memory.told == ["resume"])
    lose(server.connections[0])
    told = f"invalidate {ID} {BASE_PATHS}"
    await until(lambda: memory.told == ["resume", "suspend", "resume", told])


async def test_echoes_are_no_changes(server: FakeServer, listen: Listen) -> None:
    """Or values that are loaded during any worker's heartbeat would never be remembered."""
    memory = listen()
    await until(lambda: memory.told == ["resume"])
    before = server.sent
    server.connections[-1].deliver(f"{schema.ECHO}of another worker")
    server.connections[-1].deliver("a,b")
    await until(lambda: server.sent > before + 2)
    assert memory.told == ["resume", "invalidate a b"]


async def test_everything_is_forgotten_when_anything_may_have_changed(
    server: FakeServer, listen: Listen
) -> None:
    memory = listen()
    await until(lambda: memory.told == ["resume"])
    server.connections[-1].deliver(schema.EVERYTHING)
    assert memory.told == ["resume", "reset"]


async def test_a_busy_pool_is_no_proof_of_deafness(server: FakeServer, listen: Listen) -> None:
    """Or a locked table would make all memory useless."""
    server.pool_is_busy = True
    memory = listen()
    await until(lambda: server.sent > 3)
    assert memory.told == ["resume"]


async def test_a_change_that_nobody_announced_is_told(
    server: FakeServer, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FINGERPRINT_SECONDS", 0.001)
    monkeypatch.setattr(module, "_SHARE", 0)
    server.fingerprints = [SAME, SAME, OTHER]
    memory = listen()
    await until(lambda: memory.told == ["resume", f"invalidate {ID} {BASE_PATHS}"])


async def test_everything_is_off_in_the_moment_in_which_a_migration_is_announced(
    server: FakeServer, listen_and_switch: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or a guard that is set after the triggers are gone would never be asked."""
    monkeypatch.setattr(module, "HEARTBEAT_SECONDS", 3600)
    memory = listen_and_switch()
    await until(lambda: memory.told == ["on", "resume"])
    server.mismatch = SchemaMismatch("Triggers are gone.")
    server.connections[-1].deliver(schema.CHANGED)
    assert memory.told == ["on", "resume", "off", "suspend"]
    looks = server.steps.count("schema looked at")
    await until(lambda: server.steps.count("schema looked at") > looks)
    assert "on" not in memory.told[2:]


async def test_the_fast_path_is_on_again_as_soon_as_a_migration_has_mended_the_schema(
    server: FakeServer, listen_and_switch: Listen
) -> None:
    """And not half a minute later."""
    server.mismatch = SchemaMismatch("The migration has not run.")
    memory = listen_and_switch()
    await until(lambda: memory.told == ["off"])
    server.mismatch = None
    server.connections[-1].deliver(schema.CHANGED)
    await until(lambda: memory.told[-2:] == ["on", "resume"])


@pytest.mark.parametrize("step", ["state read", "schema looked at", "fingerprint"])
async def test_a_migration_in_the_middle_of_the_look_at_the_schema_is_not_missed(
    server: FakeServer,
    listen_and_switch: Listen,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    monkeypatch.setattr(module, "HEARTBEAT_SECONDS", 3600)
    functions = {"state read": "read_state", "schema looked at": "probe"}
    name = functions.get(step, step)
    original = getattr(server, name)

    async def interrupted(*arguments: Any) -> Any:
        result = await original(*arguments)
        if len(server.connections) == 1:
            server.mismatch = SchemaMismatch("Triggers are gone.")
            server.connections[-1].deliver(schema.CHANGED)
        return result

    patched = {"read_state": "read_schema_state", "fingerprint": "take_fingerprint"}
    monkeypatch.setattr(module, patched.get(name, name), interrupted)
    memory = listen_and_switch()
    await until(lambda: len(server.connections) == 2 and memory.told[-1] == "off")
    assert "resume" not in memory.told


async def test_triggers_that_change_without_a_word_turn_everything_off_with_the_next_heartbeat(
    server: FakeServer, listen_and_switch: Listen, caplog: pytest.LogCaptureFixture
) -> None:
    """Although they are as before when they are checked: meanwhile no change was announced."""
    memory = listen_and_switch()
    await until(lambda: memory.told == ["on", "resume"])
    server.state = "disabled, and enabled again"
    await until(lambda: memory.told[-2:] == ["on", "resume"] and len(memory.told) > 2)
    assert memory.told[2:4] == ["off", "suspend"]
    assert "Triggers or columns were changed" in caplog.text


async def test_without_a_first_fingerprint_the_second_one_doubts_the_memory(
    server: FakeServer, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or a change between the two would never be found."""
    monkeypatch.setattr(module, "FINGERPRINT_SECONDS", 0.001)
    server.fingerprints = [DatabaseUnavailable("slow"), SAME]
    memory = listen()
    await until(lambda: memory.told == ["resume", "resume"])


async def test_the_state_is_older_than_the_look_at_the_schema_and_trust_younger_than_all(
    server: FakeServer, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or triggers disabled between the two, and rows written then, would remain unnoticed."""
    monkeypatch.setattr(module, "HEARTBEAT_SECONDS", 3600)
    memory = listen()
    monkeypatch.setattr(memory, "resume", lambda: server.steps.append("resume"))
    await until(lambda: "resume" in server.steps)
    assert server.steps == ["state read", "schema looked at", "fingerprint", "resume"]


async def test_a_fault_of_the_comparison_is_told_and_begins_anew(
    server: FakeServer,
    listen: Listen,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(module, "FINGERPRINT_SECONDS", 0.001)
    server.fingerprints = [SAME, b"short", SAME]
    memory = listen()
    await until(lambda: memory.told[1:3] == ["suspend", "resume"])
    assert "Changes that no trigger announces are not looked for." in caplog.text


def entry(key: bytes, hash_: int) -> bytes:
    return key + hash_.to_bytes(8, "big")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([], [], set()),
        ([(ID.bytes, 1)], [(ID.bytes, 1)], set()),
        ([(ID.bytes, 1)], [(ID.bytes, 2)], {str(ID)}),
        ([], [(ID.bytes, 1)], {str(ID)}),
        ([(ID.bytes, 1)], [], {str(ID)}),
        ([(bytes(16), 1)], [(bytes(16), 2)], {BASE_PATHS}),
    ],
    ids=["nothing", "the same", "changed", "made", "deleted", "base paths"],
)
def test_keys_whose_rows_differ_are_found(
    before: list[tuple[bytes, int]], after: list[tuple[bytes, int]], expected: set[str]
) -> None:
    one, two = (b"".join(entry(*pair) for pair in pairs) for pairs in (before, after))
    assert set(find_changes(one, two)) == expected


async def test_a_memory_that_fails_forgets_everything_and_the_others_are_told(
    server: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A value that it has not dropped would stay in it for as long as the connection lives."""
    memory, other = ToldMemory(), ToldMemory()
    memory.invalidate = lambda keys: {}["a fault"]  # type: ignore[index, method-assign]
    memory.suspend = lambda: {}["a fault"]  # type: ignore[index, method-assign]
    listener = Listener(server, [memory, other], lambda is_on: None)  # type: ignore[arg-type]
    task = asyncio.create_task(listener.run())
    await until(lambda: memory.told == ["resume"])
    server.connections[-1].deliver("a,b")
    assert (memory.told, other.told) == (["resume", "reset"], ["resume", "invalidate a b"])
    assert "not everything was dropped" in caplog.text
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (memory.told[2:], other.told[2:]) == (["reset"], ["suspend"])
