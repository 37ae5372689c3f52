"""Fingerprints of the rows behind snapshots and guards: they reveal changes without a trigger.

A fingerprint is bytes: entries of a key and a hash of everything that the key announces.

Triggers can be turned off (ALTER TABLE … DISABLE TRIGGER), and PostgreSQL's replication does not
fire ours.
"""

from typing import Final
from uuid import UUID

from pulp_contentroutes.serving.database import schema
from pulp_contentroutes.serving.database.pool import Database, name_failures
from pulp_contentroutes.serving.model import BASE_PATHS, ROUTES

_KEY_BYTES: Final = 16
_ENTRY_BYTES: Final = 24
#: The key of the rows whose ids are not known yet where they are new: they may concern anything.
_ALL: Final = bytes(_KEY_BYTES)


async def take_fingerprint(database: Database, seconds: float) -> bytes:
    """Return the fingerprint of the database as it is; or raise DatabaseUnavailable."""
    connection = await database.connect()
    try:
        with name_failures():
            await connection.execute(
                schema.READ_WHOLE_TABLES.format(milliseconds=int(seconds * 1000)), timeout=seconds
            )
            guards = await connection.fetch(schema.GUARD_TABLES, timeout=seconds)
            tables = ((row["name"], row["key"]) for row in guards)
            statement = schema.render_fingerprint(tables, database.tables)
            return bytes(await connection.fetchval(statement, timeout=seconds))
    finally:
        connection.terminate()


def find_changes(before: bytes, after: bytes) -> list[str]:
    """Return the keys that triggers would have announced. It takes 1 ms for 1 000 distributions."""
    changed = {entry[:_KEY_BYTES] for entry in _entries(before) ^ _entries(after)}
    ids = [str(UUID(bytes=key)) for key in changed if key != _ALL]
    return [*ids, *([BASE_PATHS, ROUTES] if _ALL in changed else [])]


def _entries(fingerprint: bytes) -> set[bytes]:
    starts = range(0, len(fingerprint), _ENTRY_BYTES)
    return {fingerprint[at : at + _ENTRY_BYTES] for at in starts}
