"""Paths of immutable content sets → files: cached for good, since nothing can change them."""

import time
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from functools import partial
from typing import Final

from pulp_contentroutes.serving.byte_source import ByteSource
from pulp_contentroutes.serving.coherence.bounded_cache import BoundedCache
from pulp_contentroutes.serving.coherence.coherent_cache import CoherentCache
from pulp_contentroutes.serving.coherence.memory import Memory
from pulp_contentroutes.serving.database import sql
from pulp_contentroutes.serving.database.rows import Queries, Row, seconds
from pulp_contentroutes.serving.errors import DatabaseUnavailable
from pulp_contentroutes.serving.handover import Handover
from pulp_contentroutes.serving.http.headers import make_representation
from pulp_contentroutes.serving.model import (
    ContentSet,
    Fields,
    Missing,
    Representation,
    Snapshot,
)
from pulp_contentroutes.serving.types.hooks import Verdict

INDEX: Final = "index.html"

# The bytes that Python needs for an entry and its artifact, beside the text of path and head.
_OVERHEAD: Final = 1200
_OVERHEAD_MISSING: Final = 350
# The same for the fields of a plugin, which are in the key, too.
_OVERHEAD_FIELDS: Final = 500

#: The key of a content set (the snapshot, for files of superseded publications), the folder of the
#: artifacts (a domain's storage can be moved), and the path of a file.
Key = tuple[Hashable, str, str]
#: The file at a path, or the proof that there is none, or the reason why Pulp answers.
LookedUp = Representation | Missing | Handover
Load = Callable[[], Awaitable[LookedUp]]


class PathLookup(Memory):
    """The look-up of files; missing paths are kept apart, so a flood of them evicts no file."""

    def __init__(
        self,
        database: Queries,
        byte_source: Callable[[Row, str], ByteSource],
        pulp_fields: Callable[[str], Fields],
        max_entries: int,
        max_bytes: int,
    ) -> None:
        self._database = database
        self._byte_source = byte_source
        self._pulp_fields = pulp_fields
        self._found: CoherentCache[Key, Representation] = CoherentCache(
            max_entries,
            max_bytes,
            lambda key, found: (
                _OVERHEAD
                + len(key[-1])
                + len(found.head)
                + (_OVERHEAD_FIELDS if isinstance(key[0], tuple) else 0)
            ),
            is_same=lambda found, other: (
                found.source is other.source
                and found.source.is_current
                and (found.head, found.expires) == (other.head, other.expires)
            ),
        )
        # No change concerns the files of a content set: they stay true while none is heard of.
        self._found.is_trusted = True
        self._missing: BoundedCache[Key, Missing] = BoundedCache(
            max_entries, max_bytes // 4, lambda key, _: _OVERHEAD_MISSING + len(key[-1])
        )

    # Called by the listener.

    def invalidate(self, keys: Iterable[str]) -> None:
        # A running statement may have read the state before the change; its result is not kept.
        self._found.invalidate(())

    def reset(self) -> None:
        self._missing.clear()
        self._found.reset()

    def resume(self) -> None:
        # A file may have another artifact since then, or none.
        self._missing.clear()
        self._found.resume()

    # Called for requests.

    async def find(
        self, content_set: ContentSet, path: str, root: str, fields: Fields = ()
    ) -> LookedUp:
        """Return the file at `path`, or its index.html if it ends in a slash or is empty.

        `fields` are set by the plugin of the distribution, in place of pulpcore's.
        """
        load = partial(self._load_file, content_set, path, root, fields)
        return await self._get(_key(content_set, path, root, fields), load)

    async def look_ahead(self, wanted: Sequence[tuple[ContentSet, str, str, Fields]]) -> None:
        """Look up several files, each as `find` would, by one statement; keep them in memory."""
        unknown = {}
        for content_set, path, root, fields in wanted:
            key = _key(content_set, path, root, fields)
            if self._found.get(key) is None and self._missing.get(key) is None:
                unknown[key] = content_set, path, root, fields
        if len(unknown) < 2:
            return
        generation = self._found.generation
        arguments = [_arguments(content_set, path) for content_set, path, *_ in unknown.values()]
        rows = await self._database.fetch(
            sql.LOOK_UP_SEVERAL, *map(list, zip(*arguments, strict=True))
        )
        for (key, value), row in zip(unknown.items(), rows, strict=True):
            self._keep(key, self._file_of(row, *value), generation)

    async def find_superseded(self, snapshot: Snapshot, path: str, fields: Fields = ()) -> LookedUp:
        """Return the file that a superseded publication of the distribution has at `path`."""
        load = partial(self._load_superseded, snapshot, path, fields)
        if not snapshot.is_kept:
            # No later request will use this snapshot.
            return await load()
        key = (snapshot, fields) if fields else snapshot
        return await self._get((key, snapshot.root, path), load)

    async def find_published(self, snapshot: Snapshot, path: str, fields: Fields = ()) -> LookedUp:
        """Return the file in the publications that the rule of the distribution puts first."""
        load = partial(self._load_published, snapshot, path, fields)
        if not snapshot.is_kept:
            return await load()
        return await self._get(((snapshot, snapshot.served, fields), snapshot.root, path), load)

    async def find_artifact(self, snapshot: Snapshot, verdict: Verdict, path: str) -> LookedUp:
        """Return the file of the content artifact that a hook serves at `path`; never kept."""
        content_set = snapshot.content_set
        if content_set is None:
            # Pulp sends no Last-Modified then.
            return Handover.DISTRIBUTION_HOOK
        rows = await self._database.fetch(
            sql.LOOK_UP_ARTIFACT,
            verdict.content_artifact_id,
            content_set.repository_id,
            content_set.number,
        )
        if not rows:
            # Deleted meanwhile.
            return Handover.DISTRIBUTION_HOOK
        [row] = rows
        entered = row["entered"] and row["entered"].timestamp()
        if entered is None:
            # Metadata, as in `_load_file`: two publications of one version have other bytes.
            entered = content_set.publication_created or content_set.version_created
        return self._outcome(row, entered, path, snapshot.root, verdict.fields)

    async def _get(self, key: Key, load: Load) -> LookedUp:
        found = self._found.get(key)
        if found is None:
            missing = self._missing.get(key)
            if missing is not None:
                return missing
        elif not found.source.is_current or (
            found.expires is not None and found.expires <= time.time()
        ):
            self._found.discard(key)
        elif found.is_current:
            return found
        try:
            return await self._found.run(key, partial(self._load_and_keep, key, load))
        except DatabaseUnavailable:
            # The snapshot still has this content set; the file is only doubted.
            doubted = self._found.get(key)
            if doubted is None or not doubted.source.is_current:
                raise
            return doubted

    async def _load_and_keep(self, key: Key, load: Load) -> LookedUp:
        generation = self._found.generation
        return self._keep(key, await load(), generation)

    def _keep(self, key: Key, result: LookedUp, generation: int) -> LookedUp:
        if isinstance(result, Representation):
            return self._found.keep(key, result, generation)
        self._found.discard(key)
        if result is Missing.PROVEN and self._found.is_lasting(generation):
            self._missing.put(key, result)
        return result

    async def _load_file(
        self, content_set: ContentSet, path: str, root: str, fields: Fields
    ) -> LookedUp:
        [row] = await self._database.fetch(sql.LOOK_UP, *_arguments(content_set, path))
        return self._file_of(row, content_set, path, root, fields)

    def _file_of(
        self, row: Row, content_set: ContentSet, path: str, root: str, fields: Fields
    ) -> LookedUp:
        is_directory = _is_directory(path)
        entered = row["entered"] and row["entered"].timestamp()
        # An index is as old as its publication, as in Pulp. So is published metadata, which is not
        # in any version: two publications of one version may have different bytes at one path.
        if row["is_published"] and (is_directory or entered is None):
            entered = content_set.publication_created
        modified = content_set.version_created if entered is None else entered
        return self._outcome(row, modified, INDEX if is_directory else path, root, fields)

    async def _load_published(self, snapshot: Snapshot, path: str, fields: Fields) -> LookedUp:
        served, content_set = snapshot.served, snapshot.content_set
        assert served is not None
        assert served.publications is not None
        rows = await self._database.fetch(
            sql.LOOK_UP_PUBLISHED[served.publications],
            snapshot.distribution_id,
            path,
            content_set and content_set.repository_id,
            content_set and content_set.number,
        )
        if not rows:
            return Missing.PROVEN
        if content_set is None:
            # Pulp sends no Last-Modified then.
            return Handover.DISTRIBUTION_HOOK
        given = (*served.fields_for(path), *fields)
        return self._with_expiry(rows[0], path, snapshot.root, given)

    async def _load_superseded(self, snapshot: Snapshot, path: str, fields: Fields) -> LookedUp:
        rows = await self._database.fetch(sql.LOOK_UP_SUPERSEDED, snapshot.distribution_id, path)
        if not rows:
            return Missing.PROVEN
        return self._with_expiry(rows[0], path, snapshot.root, fields)

    def _with_expiry(self, row: Row, path: str, root: str, fields: Fields) -> LookedUp:
        """Return the file of a publication that is served until a moment, or for good."""
        found = self._outcome(row, row["entered"].timestamp(), path, root, fields)
        if isinstance(found, Representation):
            found.expires = seconds(row["expires_at"])
        return found

    def _outcome(self, row: Row, modified: float, name: str, root: str, fields: Fields) -> LookedUp:
        if row["content_artifact_id"] is None:
            return Handover.DIRECTORY if row["is_directory"] else Missing.PROVEN
        if row["is_ambiguous"]:
            return Handover.SEVERAL_FILES
        if row["artifact_id"] is None:
            return Handover.NOT_DOWNLOADED
        source = self._byte_source(row, root)
        given = (*self._pulp_fields(name), *fields)
        return make_representation(source, row["sha256"], row["sha512"], int(modified), given)


def _key(content_set: ContentSet, path: str, root: str, fields: Fields) -> Key:
    # Distributions of two types, and routes, may serve one content set with other headers.
    return (content_set.key, fields) if fields else content_set.key, root, path


def _is_directory(path: str) -> bool:
    return path == "" or path.endswith("/")


def _arguments(content_set: ContentSet, path: str) -> tuple[object, ...]:
    """Return the values of LOOK_UP."""
    is_directory = _is_directory(path)
    directory = path if is_directory else f"{path}/"
    return (
        content_set.publication_id,
        content_set.repository_id,
        content_set.number,
        content_set.serves_version,
        f"{path}{INDEX}" if is_directory else path,
        directory,
        # The first text after all texts that start with "…/": the character after "/" is "0".
        f"{directory[:-1]}0",
    )
