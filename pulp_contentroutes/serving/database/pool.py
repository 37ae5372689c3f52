"""A bounded number of asyncpg connections: statements in, rows out, every wait limited."""

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import asyncpg

from pulp_contentroutes.serving.database import schema
from pulp_contentroutes.serving.database.hosts import FAILURES, Hosts
from pulp_contentroutes.serving.errors import DatabaseUnavailable

log = logging.getLogger(__name__)

# After a failure, no request waits for the database for this many seconds.
_REST_SECONDS: Final = 0.5
# A statement takes 3 ms to plan and 0.3 ms to run, so each is planned once, for any value. The plan
# stays in use while a first synchronisation grows a table from ten rows to a million, so it must
# not read whole tables, or all of a repository.
_SERVER_SETTINGS: Final = {
    "application_name": "pulp_contentroutes",
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",
    **dict.fromkeys(
        (
            "enable_bitmapscan",
            "enable_hashjoin",
            "enable_material",
            "enable_memoize",
            "enable_mergejoin",
            "enable_seqscan",
        ),
        "off",
    ),
}


class Database:
    """A few connections that each request may use for one statement.

    `arguments` are asyncpg's; if `host` and `port` are lists, the hosts are tried as libpq does.
    `is_pooled` says that a pgbouncer shares out the connections. Behind one, prepared statements
    and start-up settings are not used; `connect` detects it, too. `has_users` says that Pulp's
    users are in the tables that our SQL knows.

    asyncpg's own pool would add half the cost of a statement: it starts a task for each release.
    """

    def __init__(
        self,
        arguments: Mapping[str, Any],
        is_pooled: bool,
        connections: int,
        seconds: float,
        has_users: bool = True,
    ) -> None:
        self.is_pooled = is_pooled
        self.has_users = has_users
        #: The optional tables that our SQL can use, as `probe` has found them.
        self.tables: frozenset[str] = frozenset()
        self._hosts = Hosts(arguments, seconds)
        self._seconds = seconds
        self._turns = asyncio.Semaphore(connections)
        self._idle: list[Any] = []
        self._rests_until = float("-inf")
        #: The time of the last sign that PostgreSQL is up.
        self._answered = float("-inf")

    def close(self) -> None:
        while self._idle:
            self._idle.pop().terminate()

    async def fetch(self, statement: str, *values: Any) -> Sequence[Mapping[str, Any]]:
        """Return the rows, or raise DatabaseUnavailable."""
        began = asyncio.get_running_loop().time()
        if began < self._rests_until:
            raise DatabaseUnavailable("The database did not answer a moment ago.")
        try:
            # Every wait is limited. If there is nothing to wait for, a timer would cost 10 %.
            if self._turns.locked():
                async with asyncio.timeout(self._seconds):
                    await self._turns.acquire()
            else:
                await self._turns.acquire()
            try:
                return await self._rows(statement, values)
            finally:
                self._turns.release()
        except FAILURES as error:
            # A statement from before the last answer, which an outage has cut off, may fail after
            # the outage is over.
            if began >= self._answered:
                self._rests_until = asyncio.get_running_loop().time() + _REST_SECONDS
            raise DatabaseUnavailable(sentence_of(error)) from error

    async def _rows(self, statement: str, values: tuple[Any, ...]) -> Sequence[Mapping[str, Any]]:
        connection = None
        while self._idle and connection is None:
            idle = self._idle.pop()
            connection = None if idle.is_closed() else idle
        if connection is None:
            connection = await self._open()
        try:
            rows: Sequence[Mapping[str, Any]] = await connection.fetch(statement, *values)
        except BaseException:
            # Whatever failed, it is not known which data is still in transit.
            connection.terminate()
            raise
        self._idle.append(connection)
        self._answered = asyncio.get_running_loop().time()
        return rows

    async def fetch_alone(self, statement: str, *values: Any) -> Sequence[Mapping[str, Any]]:
        """Return the rows as `fetch` does, on a connection that waits for no other statement."""
        connection = await self.connect()
        try:
            with name_failures():
                rows: Sequence[Mapping[str, Any]] = await connection.fetch(statement, *values)
        finally:
            connection.terminate()
        return rows

    async def connect(self) -> Any:
        """Return a new connection, outside the pool, or raise DatabaseUnavailable.

        No statement is prepared on it, whether or not there turns out to be a pooler.
        """
        with name_failures():
            connection = await self._open(statement_cache_size=0)
            try:
                backend = await connection.fetchval(schema.BACKEND)
            except BaseException:
                connection.terminate()
                raise
        if not self.is_pooled and backend != connection.get_server_pid():
            log.info("A pooler of connections stands before PostgreSQL.")
            self._assume_pooler()
        self._answered = asyncio.get_running_loop().time()
        self._rests_until = float("-inf")
        return connection

    async def _open(self, **settings: Any) -> Any:
        try:
            return await self._hosts.connect({**self._session(), **settings})
        except asyncpg.ProtocolViolationError as error:
            # pgbouncer refuses settings that it does not know.
            if self.is_pooled:
                raise
            log.info("A pooler of connections stands before PostgreSQL: %s", sentence_of(error))
            self._assume_pooler()
            return await self._hosts.connect({**self._session(), **settings})

    def _assume_pooler(self) -> None:
        self.is_pooled = True
        # These connections have prepared statements, which the next client would run.
        self.close()

    def _session(self) -> dict[str, Any]:
        session: dict[str, Any] = {"command_timeout": self._seconds}
        if self.is_pooled:
            session["statement_cache_size"] = 0
        else:
            # A statement that we give up on must not go on waiting for a lock in PostgreSQL.
            limit = {"statement_timeout": str(int(self._seconds * 1000))}
            session["server_settings"] = {**_SERVER_SETTINGS, **limit}
        return session


@contextmanager
def name_failures() -> Iterator[None]:
    """Raise DatabaseUnavailable for any exception of asyncpg when a database fails."""
    try:
        yield
    except FAILURES as error:
        raise DatabaseUnavailable(sentence_of(error)) from error


def sentence_of(error: BaseException) -> str:
    """Return what an exception says, on one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
