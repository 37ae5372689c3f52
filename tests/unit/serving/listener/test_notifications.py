"""Every memory gets the keys of each notification, or drops everything."""

import asyncio

import pytest

from pulp_contentroutes.serving.database import schema
from pulp_contentroutes.serving.notifications.listener import Listener
from tests.unit.serving.listener.conftest import FakeServer, Listen, ToldMemory, until


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
