"""API tokens → what they are good for: asked of the database, remembered for a few seconds."""

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from pulp_contentroutes.serving import sql
from pulp_contentroutes.serving.cache import BoundedCache
from pulp_contentroutes.serving.errors import DatabaseUnavailable
from pulp_contentroutes.serving.model import ACCESS
from pulp_contentroutes.serving.rows import Queries, seconds
from pulp_contentroutes.serving.singleflight import SingleFlight

log = logging.getLogger(__name__)

#: A revocation is heard of at once; this is for what nobody announces.
_REMEMBERED_SECONDS: Final = 5.0
_REMEMBERED: Final = 10_000
#: How often the uses of tokens are written down, and how many wait for that at most.
WRITE_SECONDS: Final = 30.0
_WAITING: Final = 10_000


@dataclass(frozen=True, slots=True)
class Grant:
    """A valid token. `may_download` is about the one guard that was asked for."""

    token_id: UUID
    may_download: bool
    #: On the clock of `time.time`: when it is to be asked for anew.
    until: float


#: The digest of a token, and the token guard whose permission is needed, if any.
Key = tuple[str, UUID | None]


class Tokens:
    """Only valid tokens are remembered: what is guessed costs a look-up, and no memory."""

    def __init__(self, database: Queries) -> None:
        self._database = database
        self._grants: BoundedCache[Key, Grant] = BoundedCache(_REMEMBERED)
        self._flights: SingleFlight[Key, Grant | None] = SingleFlight()
        self._used: set[UUID] = set()
        self._generation = 0
        self._is_trusted = False

    # What the listener tells.

    def announced(self, keys: Iterable[str]) -> None:
        if ACCESS in keys:
            self.forget()

    def forget(self) -> None:
        self._generation += 1
        self._flights.forget()
        self._grants.clear()

    def trust(self) -> None:
        self.forget()
        self._is_trusted = True

    def distrust(self) -> None:
        self._is_trusted = False

    # What requests ask.

    def known(self, digest: str, guard_id: UUID | None) -> Grant | None:
        """Return what is in memory and still true, which is a use of the token."""
        grant = self._grants.get((digest, guard_id)) if self._is_trusted else None
        return self._used_now(grant) if grant is not None and time.time() < grant.until else None

    async def find(self, digest: str, guard_id: UUID | None) -> Grant | None:
        """Return what the token is good for, None if it is not valid; or raise
        DatabaseUnavailable.
        """
        known = self.known(digest, guard_id)
        if known is not None:
            return known
        key = (digest, guard_id)
        # While nothing is heard nobody joins a load: it may have begun before a revocation.
        if self._is_trusted:
            grant = await self._flights.run(key, lambda: self._load(key))
        else:
            grant = await self._load(key)
        return grant and self._used_now(grant)

    def _used_now(self, grant: Grant) -> Grant:
        if len(self._used) < _WAITING:
            self._used.add(grant.token_id)
        return grant

    async def _load(self, key: Key) -> Grant | None:
        generation = self._generation
        rows = await self._database.fetch(sql.TOKEN, *key)
        if not rows:
            return None
        [row] = rows
        until = min(time.time() + _REMEMBERED_SECONDS, seconds(row["expires"]) or float("inf"))
        grant = Grant(row["token_id"], row["may_download"], until)
        if generation == self._generation and self._is_trusted:
            self._grants.put(key, grant)
        return grant

    # When they were used.

    async def write_used(self) -> None:
        """Write down which tokens were used since the last time, in one statement."""
        if not self._used:
            return
        used, self._used = self._used, set()
        try:
            await self._database.fetch(sql.TOUCH_TOKENS, list(used))
        except DatabaseUnavailable as error:
            log.warning("The last use of %d API tokens was not written: %s", len(used), error)
