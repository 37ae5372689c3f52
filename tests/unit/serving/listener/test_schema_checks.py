"""The fast path is on only while triggers and columns are as migrated."""

from typing import Any

import pytest

from pulp_contentroutes.serving.database import schema
from pulp_contentroutes.serving.errors import SchemaMismatch
from pulp_contentroutes.serving.notifications import listener as module
from tests.unit.serving.listener.conftest import FakeServer, Listen, lose, until


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


async def test_the_state_is_older_than_the_look_at_the_schema_and_trust_younger_than_all(
    server: FakeServer, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or triggers disabled between the two, and rows written then, would remain unnoticed."""
    monkeypatch.setattr(module, "HEARTBEAT_SECONDS", 3600)
    memory = listen()
    monkeypatch.setattr(memory, "resume", lambda: server.steps.append("resume"))
    await until(lambda: "resume" in server.steps)
    assert server.steps == ["state read", "schema looked at", "fingerprint", "resume"]
