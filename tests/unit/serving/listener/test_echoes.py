"""Memory is trusted only while the listener hears the echoes of its own notifications."""

import pytest

from pulp_contentroutes.serving.database import schema
from tests.unit.serving.listener.conftest import FakeServer, Listen, until


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


async def test_a_busy_pool_is_no_proof_of_deafness(server: FakeServer, listen: Listen) -> None:
    """Or a locked table would make all memory useless."""
    server.pool_is_busy = True
    memory = listen()
    await until(lambda: server.sent > 3)
    assert memory.told == ["resume"]
