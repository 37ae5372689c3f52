"""A bounded pool of asyncpg connections: statements in, rows out, every wait limited."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

import asyncpg

from pulp_contentroutes.serving import sql
from pulp_contentroutes.serving.errors import DatabaseUnavailable, SchemaMismatch

# After a failure nobody waits for the database until this many seconds later.
_REST_SECONDS: Final = 0.5
# The statements are planned in 3 ms and run in 0.3 ms: a plan for any value is made once.
_SERVER_SETTINGS: Final = {
    "application_name": "pulp_contentroutes",
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",
}
_FAILURES: Final = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


class Database:
    """`arguments` are asyncpg's; `is_pooled` says that a pgbouncer shares connections out.

    Behind one there are no prepared statements, no start-up settings and no notifications.
    """

    def __init__(
        self, arguments: Mapping[str, Any], is_pooled: bool, connections: int, seconds: float
    ) -> None:
        self.is_pooled = is_pooled
        self._arguments = {**arguments, "timeout": seconds, "command_timeout": seconds}
        if is_pooled:
            self._arguments["statement_cache_size"] = 0
        else:
            given = arguments.get("server_settings", {})
            self._arguments["server_settings"] = {**_SERVER_SETTINGS, **given}
        self._connections = connections
        self._seconds = seconds
        self._pool: Any = None
        self._rests_until = 0.0

    async def open(self) -> None:
        """Make the pool; it connects when it is asked."""
        self._pool = await asyncpg.create_pool(
            min_size=0, max_size=self._connections, reset=_keep_as_it_is, **self._arguments
        )

    async def close(self) -> None:
        if self._pool:
            self._pool.terminate()

    async def fetch(self, statement: str, *values: Any) -> Sequence[Mapping[str, Any]]:
        """Return the rows, or raise DatabaseUnavailable."""
        now = asyncio.get_running_loop().time()
        if now < self._rests_until:
            raise DatabaseUnavailable("The database did not answer a moment ago.")
        try:
            async with asyncio.timeout(self._seconds):
                rows: Sequence[Mapping[str, Any]] = await self._pool.fetch(statement, *values)
        except _FAILURES as error:
            self._rests_until = now + _REST_SECONDS
            raise DatabaseUnavailable(_sentence(error)) from error
        return rows

    async def connect(self) -> Any:
        """Return a connection of one's own, outside the pool, or raise DatabaseUnavailable."""
        try:
            return await asyncpg.connect(**self._arguments)
        except _FAILURES as error:
            raise DatabaseUnavailable(_sentence(error)) from error


async def probe(connection: Any) -> None:
    """Raise SchemaMismatch unless every table, column, trigger and index we use is there."""
    rows = await connection.fetch(sql.COLUMNS, list(sql.REQUIRED_COLUMNS))
    found = {(row["table_name"], row["column_name"]) for row in rows}
    needed = {(table, column) for table, names in sql.REQUIRED_COLUMNS.items() for column in names}
    missing = sorted(f"{table}.{column}" for table, column in needed - found)
    if missing:
        raise SchemaMismatch(f"pulpcore's tables lack {', '.join(missing)}.")
    rows = await connection.fetch(sql.OBJECTS, list(sql.REQUIRED_OBJECTS))
    lacking = sorted(set(sql.REQUIRED_OBJECTS) - {row["name"] for row in rows})
    if lacking:
        raise SchemaMismatch(
            f"The database lacks {', '.join(lacking)}: run 'pulpcore-manager migrate'."
        )
    for statement in sql.STATEMENTS:
        try:
            await connection.prepare(statement)
        except asyncpg.PostgresError as error:
            raise SchemaMismatch(f"PostgreSQL refuses a statement: {_sentence(error)}") from error


async def _keep_as_it_is(connection: Any) -> None:
    """Replace asyncpg's reset, a round trip for each query: our connections only ever read."""


def _sentence(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
