"""The connection of a worker that listens to the database, for ever; trust must be proven.

Memory is trusted once a notification of our own has come back (`Echo`), for as long as one comes
back with every heartbeat and our triggers are unchanged. Once the triggers or the schema have
changed, the fast path is off until both were checked again. Changes of rows that no trigger
announces are searched for (`take_fingerprint`).
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from typing import Any, Final

from pulp_contentroutes.serving.coherence.memory import Memory
from pulp_contentroutes.serving.database import schema
from pulp_contentroutes.serving.database.pool import Database, name_failures
from pulp_contentroutes.serving.database.probe import probe, read_schema_state
from pulp_contentroutes.serving.errors import DatabaseUnavailable, NotHeard, SchemaMismatch
from pulp_contentroutes.serving.notifications.echo import Echo
from pulp_contentroutes.serving.notifications.fingerprints import find_changes, take_fingerprint

log = logging.getLogger(__name__)

#: The time between echoes: a connection that hears nothing is noticed within this plus
#: ECHO_SECONDS. Triggers that are dropped or disabled without our announcement are noticed within
#: this, too.
HEARTBEAT_SECONDS: Final = 5.0
#: Changes that no trigger announces are noticed after this many seconds, or after `_SHARE` times
#: the duration of the search for them, if that is longer: it must not cost a database much.
FINGERPRINT_SECONDS: Final = 30
_SHARE: Final = 50
_FINGERPRINT_LIMIT: Final = 30.0
_FIRST_RETRY_SECONDS: Final = 0.1
_LAST_RETRY_SECONDS: Final = 5.0
# The pause while waiting for a migration of pulpcore's, or for another way to PostgreSQL, without
# asking every few seconds; our own migrations announce when they have run.
_SLOW_RETRY_SECONDS: Final = 30


class Listener:
    """The listener of a worker, which tells `memories` about changes.

    It calls `switch(True)` once the schema matches our expectations.
    """

    def __init__(
        self, database: Database, memories: Sequence[Memory], switch: Callable[[bool], None]
    ) -> None:
        self._database = database
        self._memories = memories
        self._switch = switch
        self._echo = Echo(database)
        #: Set once the connection has to be opened anew.
        self._lost = asyncio.Event()
        #: The state of the schema when it last matched our expectations.
        self._servable_state: str | None = None
        #: The last fingerprint, also from a connection before this one: a change that is announced
        #: too often is only compared too often.
        self._fingerprint: bytes | None = None
        self._is_suspended = False
        self._has_warned = False

    async def run(self) -> None:
        """Listen until cancelled, through every loss of the connection."""
        clock = asyncio.get_running_loop().time
        delay = _FIRST_RETRY_SECONDS
        while True:
            started = clock()
            try:
                with name_failures():
                    await self._listen()
                # Nothing is trusted meanwhile, so pause only after a connection that did not last.
                has_lasted = clock() - started >= HEARTBEAT_SECONDS
                delay = 0.0 if has_lasted else _FIRST_RETRY_SECONDS
            except NotHeard as error:
                if not self._has_warned:
                    log.warning("%s Trying again every %d s.", error, _SLOW_RETRY_SECONDS)
                self._has_warned = True
                delay = _SLOW_RETRY_SECONDS
            except DatabaseUnavailable as error:
                log.warning("Not listening to the database: %s", error)
                delay = min(max(delay * 2, _FIRST_RETRY_SECONDS), _LAST_RETRY_SECONDS)
            except Exception:
                log.exception("Not listening to the database.")
                delay = _LAST_RETRY_SECONDS
            finally:
                self._suspend()
            await asyncio.sleep(delay)

    async def _listen(self) -> None:
        """Listen until the connection is lost, or does not prove any more that it hears."""
        connection = await self._database.connect()
        self._lost = lost = asyncio.Event()
        try:
            connection.add_termination_listener(lambda _: self._lose(lost))
            await self._echo.listen(connection, self._hear)
            # Read before the triggers are checked: a change after that is found by comparison.
            state = await read_schema_state(connection, self._database.has_users)
            if state != self._servable_state and not await self._is_servable(connection):
                await _is_set(lost, _SLOW_RETRY_SECONDS)
                return
            self._servable_state = state
            self._switch(True)
            # Taken before anything is remembered, for the same reason.
            if self._fingerprint is None:
                self._fingerprint = await self._take_fingerprint()
            await self._echo.prove(connection)
            if lost.is_set():
                return
            self._resume()
            self._has_warned = False
            log.info("Listening to the database: the fast path is on.")
            comparing = asyncio.create_task(self._compare(lost), name="contentroutes: fingerprints")
            try:
                await self._beat(connection, state)
            finally:
                comparing.cancel()
                await asyncio.gather(comparing, return_exceptions=True)
            if connection.is_closed():
                log.warning("The connection that listens to the database was lost.")
        finally:
            connection.terminate()

    async def _is_servable(self, connection: Any) -> bool:
        """Tell whether the schema is as our SQL expects, and was not changed meanwhile."""
        try:
            self._database.tables = await probe(connection, self._database.has_users)
        except SchemaMismatch as mismatch:
            self._switch(False)
            log.critical(
                "The fast path is off, Pulp's own handler serves: %s Looking again after a "
                "migration of ours, or in %d s.",
                mismatch,
                _SLOW_RETRY_SECONDS,
            )
            return False
        return not self._lost.is_set()

    async def _beat(self, connection: Any, state: str) -> None:
        """Return when the connection is lost, hears nothing any more, or `state` has changed."""
        while not await _is_set(self._lost, HEARTBEAT_SECONDS) and not self._lost.is_set():
            is_heard = await self._echo.comes_back()
            if connection.is_closed():
                return
            if not is_heard:
                log.warning("The connection that listens to the database hears nothing any more.")
                return
            if state != await read_schema_state(connection, self._database.has_users):
                log.warning(
                    "Triggers or columns were changed: all memory is compared with the database."
                )
                self._doubt()

    async def _compare(self, lost: asyncio.Event) -> None:
        """Look for changes without a notification until the connection is lost."""
        clock = asyncio.get_running_loop().time
        pause = float(FINGERPRINT_SECONDS)
        try:
            while not await _is_set(lost, pause):
                started = clock()
                after = await self._take_fingerprint()
                pause = max(FINGERPRINT_SECONDS, _SHARE * (clock() - started))
                # If the connection was lost meanwhile, nothing must be trusted.
                if after is None or lost.is_set():
                    continue
                before, self._fingerprint = self._fingerprint, after
                if before is None:
                    self._resume()
                elif before != after:
                    # Among them are announced changes, too: their snapshots are made once more.
                    self._announce(await asyncio.to_thread(find_changes, before, after))
        except Exception:
            log.exception("Changes that no trigger announces are not looked for.")
            self._fingerprint = None
            lost.set()

    async def _take_fingerprint(self) -> bytes | None:
        try:
            return await take_fingerprint(self._database, _FINGERPRINT_LIMIT)
        except DatabaseUnavailable as error:
            log.warning("Changes that no trigger announces cannot be looked for: %s", error)
            return None

    def _hear(self, payload: str) -> None:
        if payload == schema.CHANGED:
            log.info("A migration has changed the schema: it is looked at again.")
            self._doubt()
        elif payload == schema.EVERYTHING:
            self._tell(lambda memory: memory.reset())
        else:
            self._announce(payload.split(","))

    def _lose(self, lost: asyncio.Event) -> None:
        """Trust nothing from the moment at which the connection of `lost` ends.

        This holds whatever the listener is waiting for: an echo could not be heard any more.
        """
        lost.set()
        if lost is self._lost:
            self._suspend()
            self._echo.lose()

    def _doubt(self) -> None:
        """Leave every request to Pulp until the schema was checked again."""
        self._servable_state = None
        self._switch(False)
        self._suspend()
        self._lost.set()

    def _announce(self, keys: Collection[str]) -> None:
        self._tell(lambda memory: memory.invalidate(keys))

    def _resume(self) -> None:
        self._is_suspended = False
        self._tell(lambda memory: memory.resume())

    def _suspend(self) -> None:
        if self._is_suspended:
            return
        self._is_suspended = True
        self._tell(lambda memory: memory.suspend())

    def _tell(self, action: Callable[[Memory], None]) -> None:
        """Tell every memory; one that fails keeps nothing, once the others have been told."""
        failed = []
        for memory in self._memories:
            try:
                action(memory)
            except Exception:
                log.exception("Of a change not everything was dropped: nothing is kept.")
                failed.append(memory)
        for memory in failed:
            memory.reset()


async def _is_set(event: asyncio.Event, seconds: float) -> bool:
    """Wait for the event; tell whether it happened in time."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
