"""A notification of our own that must come back: the proof that changes are heard of.

PostgreSQL delivers the notifications of all sessions in the order of their commits. A session
that hears one that was sent after a change has heard of the change before.
"""

import asyncio
import secrets
from collections.abc import Callable
from typing import Any, Final

from pulp_contentroutes.serving.database import schema
from pulp_contentroutes.serving.database.pool import Database
from pulp_contentroutes.serving.errors import DatabaseUnavailable, NotHeard

#: The notification must come back within this many seconds, or nothing is proven.
ECHO_SECONDS: Final = 5.0
#: The share of that time that is spent waiting for one of the pool's connections.
_POOLS_SHARE: Final = 0.5


class Echo:
    """A notification sent on another connection than the listening one, as Pulp's changes are.

    A pooler of connections (pgbouncer in transaction mode) accepts LISTEN and delivers nothing.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._awaited = ""
        #: Set when the echo was heard, and when it cannot be heard any more.
        self._ended = asyncio.Event()
        self._is_lost = False
        self._told: Callable[[str], None] = lambda payload: None

    async def listen(self, connection: Any, told: Callable[[str], None] | None = None) -> None:
        """Listen on the connection, and call `told` with each notification that is not an echo."""
        self._told = told or self._told
        await connection.add_listener(schema.CHANNEL, self._hear)

    async def prove(self, connection: Any) -> None:
        """Return once an echo was heard; or raise NotHeard, or DatabaseUnavailable."""
        if await self.comes_back():
            return
        if self._is_lost:
            raise DatabaseUnavailable("The connection that listens to it was lost.")
        if not self._database.is_pooled:
            raise DatabaseUnavailable(
                f"A notification did not come back from it within {ECHO_SECONDS:g} s."
            )
        # Other clients get this session of PostgreSQL next, and did not ask for notifications.
        async with asyncio.timeout(ECHO_SECONDS):
            await connection.remove_listener(schema.CHANNEL, self._hear)
        raise NotHeard(
            "Changes are not heard of: a pooler of connections, such as pgbouncer in transaction "
            f"mode, lets no notification through within {ECHO_SECONDS:g} s. The fast path asks the "
            "database at each request. Let Pulp's DATABASES name PostgreSQL itself, or a pooler in "
            "session mode."
        )

    async def comes_back(self) -> bool:
        """Send a notification and tell whether it was heard in time; False once `lose` was called.

        Raise DatabaseUnavailable if it could not be sent.
        """
        self._ended.clear()
        self._is_lost = False
        self._awaited = f"{schema.ECHO}{secrets.token_hex(16)}"
        try:
            async with asyncio.timeout(ECHO_SECONDS):
                await self._send()
                await self._ended.wait()
        except TimeoutError:
            return False
        return not self._is_lost

    def lose(self) -> None:
        """Stop waiting: the connection that would hear the echo is lost."""
        self._is_lost = True
        self._ended.set()

    async def _send(self) -> None:
        values = (schema.CHANNEL, self._awaited)
        try:
            async with asyncio.timeout(ECHO_SECONDS * _POOLS_SHARE):
                await self._database.fetch(schema.NOTIFY, *values)
        except (DatabaseUnavailable, TimeoutError):
            # The whole pool may be waiting for a lock, which has nothing to do with notifications.
            await self._database.fetch_alone(schema.NOTIFY, *values)

    def _hear(self, connection: Any, process: int, channel: str, payload: str) -> None:
        if payload == self._awaited:
            self._ended.set()
        elif not payload.startswith(schema.ECHO):
            self._told(payload)
