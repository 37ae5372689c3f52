"""Paths of immutable sources → files: cached for good, since nothing can change them."""

import time
from collections.abc import Awaitable, Callable, Hashable
from functools import partial
from typing import Final

from pulp_contentroutes.serving import sql
from pulp_contentroutes.serving.cache import BoundedCache
from pulp_contentroutes.serving.errors import DatabaseUnavailable
from pulp_contentroutes.serving.heads import rendered
from pulp_contentroutes.serving.model import Found, Outcome, Plan, Source, StoredFile
from pulp_contentroutes.serving.rows import Queries, Row, seconds
from pulp_contentroutes.serving.singleflight import SingleFlight

INDEX: Final = "index.html"

# What Python needs for an entry beside the text of its path and its head, and for the artifact.
_OVERHEAD: Final = 1200
_OVERHEAD_MISSING: Final = 350

#: The source (or the plan, for what superseded publications have), the folder of the artifacts, and
#: the path of a file. The folder: a domain's storage can be moved.
Key = tuple[Hashable, str, str]
Load = Callable[[], Awaitable[Found | Outcome]]


class Lookups:
    """Finds files; what was found nowhere is kept apart, so that a flood of it evicts no file."""

    def __init__(
        self,
        database: Queries,
        stored_file: Callable[[Row, str], StoredFile],
        content_type: Callable[[str], str | None],
        max_entries: int,
        max_bytes: int,
    ) -> None:
        self._database = database
        self._stored_file = stored_file
        self._content_type = content_type
        self._found: BoundedCache[Key, Found] = BoundedCache(max_entries, max_bytes, _weight)
        self._missing: BoundedCache[Key, Outcome] = BoundedCache(
            max_entries, max_bytes // 4, lambda key, _: _OVERHEAD_MISSING + len(key[-1])
        )
        self._flights: SingleFlight[Key, Found | Outcome] = SingleFlight()
        self._generation = 0

    # What the listener tells.

    def doubt_loads(self) -> None:
        """Let no running load be kept as current: its statement may have read the state before."""
        self._generation += 1
        self._flights.forget()

    def forget(self) -> None:
        self.doubt()
        self._found.clear()

    def doubt(self) -> None:
        """Ask the database once more about each file: its artifact may be another, or none."""
        self.doubt_loads()
        self._missing.clear()
        for found in self._found:
            found.is_current = False

    # What requests ask.

    async def in_source(self, source: Source, path: str, root: str) -> Found | Outcome:
        """Return the file at `path`; where it ends in a slash or is empty, its index.html."""
        load = partial(self._from_source, source, path, root)
        return await self._known_or_loaded((source.key, root, path), load)

    async def in_superseded(self, plan: Plan, path: str) -> Found | Outcome:
        """Return the file that a superseded publication of the distribution has at `path`."""
        load = partial(self._from_superseded, plan, path)
        if not plan.is_kept:
            # Nobody will ask with this plan again.
            return await load()
        return await self._known_or_loaded((plan, plan.root, path), load)

    async def _known_or_loaded(self, key: Key, load: Load) -> Found | Outcome:
        known = self._known(key)
        if known is not None:
            return known
        try:
            return await self._flights.run(key, partial(self._loaded, key, load))
        except DatabaseUnavailable:
            # Of a source that the plan still has: doubted, and nothing is known against it.
            doubted = self._found.get(key)
            if doubted is None or not doubted.file.is_current:
                raise
            return doubted

    def _known(self, key: Key) -> Found | Outcome | None:
        found = self._found.get(key)
        if found is None:
            return self._missing.get(key)
        if not found.file.is_current or (
            found.expires is not None and found.expires <= time.time()
        ):
            self._found.discard(key)
            return None
        return found if found.is_current else None

    async def _loaded(self, key: Key, load: Load) -> Found | Outcome:
        generation = self._generation
        result = await load()
        is_lasting = generation == self._generation
        if isinstance(result, Found):
            return self._keep(key, result, is_lasting)
        self._found.discard(key)
        if result is Outcome.MISSING and is_lasting:
            self._missing.put(key, result)
        return result

    def _keep(self, key: Key, result: Found, is_lasting: bool) -> Found:
        """Keep the file and return it; return the one in memory if that was true all the time."""
        kept = self._found.get(key)
        if kept is None or not _is_the_same(kept, result):
            self._found.put(key, result)
            kept = result
        kept.is_current = is_lasting
        return kept

    async def _from_source(self, source: Source, path: str, root: str) -> Found | Outcome:
        is_directory = path == "" or path.endswith("/")
        directory = path if is_directory else f"{path}/"
        [row] = await self._database.fetch(
            sql.LOOK_UP,
            source.publication_id,
            source.repository_id,
            source.number,
            source.serves_version,
            f"{path}{INDEX}" if is_directory else path,
            directory,
            # The first text after all that start with "…/": the character after "/" is "0".
            f"{directory[:-1]}0",
        )
        entered = seconds(row["entered"])
        # An index is as old as its publication, as in Pulp. So is published metadata, which is in
        # no version: two publications of one version may have other bytes at one path.
        if row["is_published"] and (is_directory or entered is None):
            entered = source.publication_created
        modified = source.version_created if entered is None else entered
        return self._outcome(row, modified, INDEX if is_directory else path, root)

    async def _from_superseded(self, plan: Plan, path: str) -> Found | Outcome:
        rows = await self._database.fetch(sql.LOOK_UP_SUPERSEDED, plan.distribution_id, path)
        if not rows:
            return Outcome.MISSING
        [row] = rows
        found = self._outcome(row, row["entered"].timestamp(), path, plan.root)
        if isinstance(found, Found):
            found.expires = seconds(row["expires_at"])
        return found

    def _outcome(self, row: Row, modified: float, name: str, root: str) -> Found | Outcome:
        if row["content_artifact_id"] is None:
            return Outcome.HANDED_OVER if row["is_directory"] else Outcome.MISSING
        # Without an artifact the content is still at its upstream.
        if row["is_ambiguous"] or row["artifact_id"] is None:
            return Outcome.HANDED_OVER
        file = self._stored_file(row, root)
        content_type = self._content_type(name)
        return rendered(file, row["sha256"], row["sha512"], content_type, int(modified))


def _is_the_same(found: Found, other: Found) -> bool:
    is_same_file = found.file is other.file and found.file.is_current
    return is_same_file and (found.head, found.expires) == (other.head, other.expires)


def _weight(key: Key, found: Found) -> int:
    return _OVERHEAD + len(key[-1]) + len(found.head)
