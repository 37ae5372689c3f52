"""Paths below a checkpoint distribution → the publication that their timestamp names."""

import re
from datetime import UTC, datetime
from typing import Final

from pulp_contentroutes.serving.coherence.bounded_cache import BoundedCache
from pulp_contentroutes.serving.coherence.memory import Memory
from pulp_contentroutes.serving.database import sql
from pulp_contentroutes.serving.database.rows import Queries, content_set_of
from pulp_contentroutes.serving.model import ContentSet, Snapshot

# pulpcore.constants.CHECKPOINT_TS_FORMAT, at the start of a path below a checkpoint distribution.
_TIMESTAMP: Final = re.compile(r"(\d{8}T\d{6}Z)/")
_FORMAT: Final = "%Y%m%dT%H%M%SZ"
_MOST: Final = 1024


class Checkpoints(Memory):
    """The checkpoints that are known, remembered while their distribution's snapshot is true."""

    def __init__(self, database: Queries) -> None:
        self._database = database
        self._content_sets: BoundedCache[tuple[Snapshot, str], ContentSet] = BoundedCache(_MOST)

    def reset(self) -> None:
        self._content_sets.clear()

    def resume(self) -> None:
        # A snapshot that was true all the time says nothing about its checkpoints.
        self._content_sets.clear()

    async def find(self, snapshot: Snapshot, path: str) -> tuple[ContentSet, str] | None:
        """Return the checkpoint for the second that a path begins with, and the rest of the path.

        Return None if Pulp redirects, lists or refuses. Raise DatabaseUnavailable.
        """
        timestamp = _TIMESTAMP.match(path)
        if timestamp is None:
            return None
        key = (snapshot, timestamp[1])
        content_set = self._content_sets.get(key)
        if content_set is None:
            try:
                moment = datetime.strptime(timestamp[1], _FORMAT).replace(tzinfo=UTC)
            except ValueError:
                return None
            rows = await self._database.fetch(sql.CHECKPOINT, snapshot.repository_id, moment)
            if not rows:
                return None
            row = rows[0]
            is_whole = row["is_publication_complete"] and row["is_version_complete"]
            created: datetime = row["publication_created"]
            is_exact = is_whole and f"{created.astimezone(UTC):{_FORMAT}}" == timestamp[1]
            content_set = content_set_of(row) if is_exact else None
            if content_set is None:
                return None
            if snapshot.is_current:
                self._content_sets.put(key, content_set)
        return content_set, path[timestamp.end() :]
