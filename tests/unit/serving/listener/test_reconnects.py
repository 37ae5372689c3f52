"""A lost connection ends the trust at once, and is replaced."""

import asyncio

import pytest

from pulp_contentroutes.serving.notifications import listener as module
from tests.unit.serving.listener.conftest import FakeServer, Listen, lose, until


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
