"""The listener finds changes without a notification by comparing fingerprints."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from pulp_contentroutes.serving.errors import DatabaseUnavailable
from pulp_contentroutes.serving.model import BASE_PATHS, ROUTES
from pulp_contentroutes.serving.notifications import listener as module
from pulp_contentroutes.serving.notifications.fingerprints import find_changes
from tests.unit.serving.listener.conftest import SAME, FakeServer, Listen, lose, until

ID = UUID("01a21b29-a0df-7a60-8f57-281603f9bbe6")
OTHER = ID.bytes + bytes(8) + bytes(24)


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
    told = f"invalidate {ID} {BASE_PATHS} {ROUTES}"
    await until(lambda: memory.told == ["resume", "suspend", "resume", told])


async def test_a_change_that_nobody_announced_is_told(
    server: FakeServer, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FINGERPRINT_SECONDS", 0.001)
    monkeypatch.setattr(module, "_SHARE", 0)
    server.fingerprints = [SAME, SAME, OTHER]
    memory = listen()
    await until(lambda: memory.told == ["resume", f"invalidate {ID} {BASE_PATHS} {ROUTES}"])


async def test_without_a_first_fingerprint_the_second_one_doubts_the_memory(
    server: FakeServer, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or a change between the two would never be found."""
    monkeypatch.setattr(module, "FINGERPRINT_SECONDS", 0.001)
    server.fingerprints = [DatabaseUnavailable("slow"), SAME]
    memory = listen()
    await until(lambda: memory.told == ["resume", "resume"])


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
        ([(bytes(16), 1)], [(bytes(16), 2)], {BASE_PATHS, ROUTES}),
    ],
    ids=["nothing", "the same", "changed", "made", "deleted", "base paths"],
)
def test_keys_whose_rows_differ_are_found(
    before: list[tuple[bytes, int]], after: list[tuple[bytes, int]], expected: set[str]
) -> None:
    one, two = (b"".join(entry(*pair) for pair in pairs) for pairs in (before, after))
    assert set(find_changes(one, two)) == expected
