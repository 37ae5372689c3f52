"""How the fast path asks Pulp for content guards."""

import asyncio
import threading
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async

from pulp_contentroutes.app.guards import _THREAD, PulpGuards
from pulp_contentroutes.serving.errors import DatabaseUnavailable
from tests.fakes import FakeDatabase


def test_a_guard_is_loaded_while_pulps_thread_is_busy() -> None:
    """A password keeps it busy for half a second; clients of other guards must not wait for it."""
    password_checked = threading.Event()

    async def load() -> object:
        busy = asyncio.create_task(sync_to_async(password_checked.wait)(60))
        await asyncio.sleep(0)
        try:
            async with asyncio.timeout(30):
                return await PulpGuards(FakeDatabase(), 30).load(uuid4())
        finally:
            password_checked.set()
            await busy

    assert asyncio.run(load()) is None


def test_a_guard_that_is_not_loaded_in_time_is_unavailable() -> None:
    """Or clients would wait for as long as PostgreSQL does not answer."""
    answered = threading.Event()
    _THREAD.submit(answered.wait, 60)
    try:
        with pytest.raises(DatabaseUnavailable):
            asyncio.run(PulpGuards(FakeDatabase(), 0.05).load(uuid4()))
    finally:
        answered.set()
