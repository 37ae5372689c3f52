"""One connection per worker listens to the database, for ever; trust lasts as long as it does."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Protocol

from pulp_contentroutes.serving import schema
from pulp_contentroutes.serving.database import Database, failures_named, probe
from pulp_contentroutes.serving.errors import DatabaseUnavailable, SchemaMismatch

log = logging.getLogger(__name__)

#: A connection that was cut without a word is noticed within twice this, in seconds.
HEARTBEAT_SECONDS: Final = 5
_FIRST_RETRY_SECONDS: Final = 0.1
_LAST_RETRY_SECONDS: Final = 5.0
# A migration is waited for, without asking every few seconds.
_SCHEMA_RETRY_SECONDS: Final = 30


class Memory(Protocol):
    """What is kept in memory, and must be told."""

    def announced(self, keys: Iterable[str]) -> None: ...
    def trust(self) -> None: ...
    def distrust(self) -> None: ...


class Listener:
    """Tells `memories` what changes; calls `switch(True)` once the schema is what we expect."""

    def __init__(
        self, database: Database, memories: Sequence[Memory], switch: Callable[[bool], None]
    ) -> None:
        self._database = database
        self._memories = memories
        self._switch = switch

    async def run(self) -> None:
        """Listen until cancelled, through every loss of the connection."""
        delay = _FIRST_RETRY_SECONDS
        while True:
            try:
                with failures_named():
                    await self._listen()
                delay = _FIRST_RETRY_SECONDS
            except SchemaMismatch as mismatch:
                self._switch(False)
                log.critical(
                    "The fast path is off, Pulp's own handler serves: %s Looking again in %d s.",
                    mismatch,
                    _SCHEMA_RETRY_SECONDS,
                )
                delay = _SCHEMA_RETRY_SECONDS
            except DatabaseUnavailable as error:
                log.warning("Not listening to the database: %s", error)
                delay = min(delay * 2, _LAST_RETRY_SECONDS)
            except Exception:
                log.exception("Not listening to the database.")
                delay = _LAST_RETRY_SECONDS
            finally:
                for memory in self._memories:
                    memory.distrust()
            await asyncio.sleep(delay)

    async def _listen(self) -> None:
        """Listen until the connection is lost."""
        connection = await self._database.connect()
        lost = asyncio.Event()
        try:
            connection.add_termination_listener(lambda _: lost.set())
            if not self._database.is_pooled:
                await connection.add_listener(schema.CHANNEL, self._notified)
            await probe(connection, self._database.has_users)
            self._switch(True)
            # Behind a pooler nothing is heard: each request asks the database for its plan.
            if not self._database.is_pooled:
                self._trust()
            log.info("Listening to the database: the fast path is on.")
            await _beat(connection, lost)
            log.warning("The connection that listens to the database was lost.")
        finally:
            connection.terminate()

    def _notified(self, connection: Any, process: int, channel: str, payload: str) -> None:
        if payload == schema.EVERYTHING:
            self._trust()
        else:
            keys = payload.split(",")
            for memory in self._memories:
                memory.announced(keys)

    def _trust(self) -> None:
        for memory in self._memories:
            memory.trust()


async def _beat(connection: Any, lost: asyncio.Event) -> None:
    """Return when the connection is lost or does not answer any more."""
    while not lost.is_set():
        try:
            async with asyncio.timeout(HEARTBEAT_SECONDS):
                await lost.wait()
        except TimeoutError:
            try:
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await connection.execute("SELECT 1")
            except Exception as error:  # noqa: BLE001  whatever it is, the connection is of no use
                log.warning("The listening connection does not answer: %r", error)
                return
