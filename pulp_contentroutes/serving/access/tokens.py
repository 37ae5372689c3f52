"""API tokens → grants: read from the database, and remembered for a few seconds."""

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from pulp_contentroutes.serving.coherence.coherent_cache import CoherentCache, Kept
from pulp_contentroutes.serving.coherence.memory import Memory
from pulp_contentroutes.serving.database import access_sql
from pulp_contentroutes.serving.database.rows import Queries, seconds
from pulp_contentroutes.serving.errors import DatabaseUnavailable
from pulp_contentroutes.serving.model import ACCESS

log = logging.getLogger(__name__)

#: A revocation is heard of at once; this limit is for changes that are not announced.
_REMEMBERED_SECONDS: Final = 5.0
_REMEMBERED: Final = 10_000
#: The seconds between two writes of the uses of tokens, and the most uses that wait for one.
WRITE_SECONDS: Final = 30.0
_WAITING: Final = 10_000


@dataclass(slots=True, eq=False)
class Grant(Kept):
    """A valid token. `may_download` concerns only the guard that was asked for."""

    token_id: UUID
    may_download: bool
    #: The time, on the clock of `time.time`, when it must be read anew.
    until: float


#: The digest of a token, and the token guard whose permission is needed, if any.
Key = tuple[str, UUID | None]


class Tokens(Memory):
    """The known tokens. Only valid ones are kept: a guess costs a look-up, but no memory."""

    def __init__(self, database: Queries) -> None:
        self._database = database
        self._grants: CoherentCache[Key, Grant] = CoherentCache(
            _REMEMBERED, keys_of=lambda *_: (ACCESS,)
        )
        self._used: set[UUID] = set()

    # Called by the listener.

    def invalidate(self, keys: Iterable[str]) -> None:
        self._grants.invalidate(keys)

    def reset(self) -> None:
        self._grants.reset()

    def resume(self) -> None:
        self._grants.resume()

    def suspend(self) -> None:
        self._grants.suspend()

    # Called for requests.

    def get_nowait(self, digest: str, guard_id: UUID | None) -> Grant | None:
        """Return the grant in memory if it is still true, and count that as a use of the token."""
        grant = self._grants.get_nowait((digest, guard_id))
        return self._used_now(grant) if grant is not None and time.time() < grant.until else None

    async def find(self, digest: str, guard_id: UUID | None) -> Grant | None:
        """Return the grant of the token, None if it is not valid; or raise DatabaseUnavailable."""
        known = self.get_nowait(digest, guard_id)
        if known is not None:
            return known
        key = (digest, guard_id)
        grant = await self._grants.run(key, lambda: self._load(key))
        return grant and self._used_now(grant)

    def _used_now(self, grant: Grant) -> Grant:
        if len(self._used) < _WAITING:
            self._used.add(grant.token_id)
        return grant

    async def _load(self, key: Key) -> Grant | None:
        generation = self._grants.generation
        rows = await self._database.fetch(access_sql.TOKEN, *key)
        if not rows:
            self._grants.discard(key)
            return None
        [row] = rows
        until = min(time.time() + _REMEMBERED_SECONDS, seconds(row["expires"]) or float("inf"))
        grant = Grant(row["token_id"], row["may_download"], until)
        return self._grants.keep(key, grant, generation)

    # The last use of each token.

    async def flush_usage(self) -> None:
        """Write the uses of tokens since the last call to the database, in one statement."""
        if not self._used:
            return
        used, self._used = self._used, set()
        try:
            await self._database.fetch(access_sql.TOUCH_TOKENS, list(used))
        except DatabaseUnavailable as error:
            log.warning("The last use of %d API tokens was not written: %s", len(used), error)
