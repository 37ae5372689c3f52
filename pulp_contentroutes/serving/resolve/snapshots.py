"""Distribution → snapshot: cached until the database announces a change of the rows behind it."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from itertools import islice
from operator import attrgetter
from typing import Final, Protocol
from uuid import UUID

from pulp_contentroutes.serving.coherence.bounded_cache import BoundedCache
from pulp_contentroutes.serving.coherence.coherent_cache import CoherentCache, Kept
from pulp_contentroutes.serving.coherence.memory import Memory
from pulp_contentroutes.serving.database import sql
from pulp_contentroutes.serving.database.rows import Queries, Row, content_set_of
from pulp_contentroutes.serving.database.schema import SUPERSEDED
from pulp_contentroutes.serving.errors import DatabaseUnavailable
from pulp_contentroutes.serving.handover import Handover
from pulp_contentroutes.serving.model import BASE_PATHS, Missing, Snapshot, Target
from pulp_contentroutes.serving.types.rule import ServedType

#: The bytes in which paths without a distribution are kept.
_ABSENT_BYTES: Final = 2 * 1024 * 1024
_OVERHEAD_ABSENT: Final = 300

#: The snapshot for a request's path, or the proof that there is none, or why Pulp answers.
Resolved = Snapshot | Missing | Handover

#: The time of a domain's last change, its storage's class, and the storage's encrypted settings.
StorageState = tuple[datetime, str, str]

# The fields that are equal in any two snapshots of one state of the database.
_CHANGING: Final = {field.name for field in fields(Kept)}
_FIXED: Final = attrgetter(
    *(field.name for field in fields(Snapshot) if field.name not in _CHANGING)
)

# The columns with the ids of the rows that a snapshot is made of.
_IDS: Final = (
    "distribution_id",
    "domain_id",
    "repository_id",
    "version_repository_id",
    "publication_id",
    "version_id",
)


class Storages(Protocol):
    async def root(self, domain_id: UUID, state: StorageState) -> str | None:
        """Return the folder of a domain's artifacts, None if they are not in the file system.

        `state` is the description of the storage in the domain's row.
        """


@dataclass(frozen=True, slots=True)
class DistributionTypes:
    """Facts about types of distributions that are not in the database; names as in `pulp_type`."""

    #: The types that serve publications (`SERVE_FROM_PUBLICATION`).
    publishing: frozenset[str]
    #: The types whose class answers requests as pulpcore's does; the others are left to Pulp.
    plain: frozenset[str]
    #: The types whose class has hooks that a rule describes.
    ruled: Mapping[str, ServedType]
    #: The types whose hooks can be asked for each request, where no rule applies.
    asked: frozenset[str]
    #: Whether superseded publications are served at all: after
    #: `DISTRIBUTED_PUBLICATION_RETENTION_PERIOD` was set to 0, rows of them may be left that never
    #: expire (pulpcore.app.util.retain_distributed_pub_enabled).
    retain_superseded: bool
    #: Whether pulpcore chooses publications as before 3.106: for each type the newest one of a
    #: repository, and none for a version.
    chooses_as_before_3_106: bool = False


class Snapshots(Memory):
    """The snapshots of distributions, trusted in memory only while changes are heard of.

    While they are not, each request asks the database. Snapshots in memory are doubted from then
    on, until the database was asked once more; if it does not answer, they are served for
    `stale_if_error` seconds (RFC 5861 §4).
    """

    def __init__(
        self,
        database: Queries,
        storages: Storages,
        types: DistributionTypes,
        max_entries: int,
        stale_if_error: float,
    ) -> None:
        self._database = database
        self._storages = storages
        self._types = types
        self._stale_if_error = stale_if_error
        self._snapshots: CoherentCache[tuple[str, str], Snapshot] = CoherentCache(
            max_entries,
            keys_of=lambda _, snapshot: snapshot.keys,
            is_same=lambda snapshot, other: bool(_FIXED(snapshot) == _FIXED(other)),
        )
        self._absent: BoundedCache[Target, Missing] = BoundedCache(
            max_entries, _ABSENT_BYTES, lambda target, _: _OVERHEAD_ABSENT + len(target.path)
        )
        #: The number of segments of the longest base path that was ever remembered.
        self._deepest = 0

    @property
    def is_trusted(self) -> bool:
        return self._snapshots.is_trusted

    # Called by the listener.

    def invalidate(self, keys: Iterable[str]) -> None:
        """Drop the snapshots that were made of rows that have changed."""
        changed = set(keys)
        if BASE_PATHS in changed:
            self._absent.clear()
        self._snapshots.invalidate(changed)

    def reset(self) -> None:
        self._absent.clear()
        self._snapshots.reset()

    def resume(self) -> None:
        self._absent.clear()
        self._snapshots.resume()

    def suspend(self) -> None:
        self._absent.clear()
        self._snapshots.suspend()

    # Called for requests.

    def get_nowait(self, target: Target) -> Snapshot | Missing | None:
        """Return the result in memory if it is still true, None if the database must be asked."""
        if not self._snapshots.is_trusted:
            return None
        snapshot = self._find_in_memory(target)
        if snapshot is None:
            return self._absent.get(target)
        return snapshot if snapshot.is_current else None

    async def find(self, target: Target) -> Resolved:
        """Return the snapshot of the distribution that serves `target`.

        Return Missing if there is none, and none below; Handover if Pulp lists or redirects. Raise
        DatabaseUnavailable.
        """
        try:
            outdated = self._find_in_memory(target)
            if outdated is not None:
                # All paths of a distribution share the load of its new snapshot.
                base = Target(target.domain, outdated.base_path)
                snapshot = await self._snapshots.run(base, lambda: self._load(base))
                if isinstance(snapshot, Snapshot) and snapshot.base_path == outdated.base_path:
                    return snapshot
                # The outdated snapshot is gone, and must not come back while the database is down.
                self._snapshots.discard((target.domain, outdated.base_path), outdated)
            return await self._snapshots.run(target, lambda: self._load(target))
        except DatabaseUnavailable:
            # A snapshot that was true a while ago, and is not known to have changed.
            stale = self._find_in_memory(target)
            if stale is None or not stale.is_kept:
                raise
            # None if another request has loaded it meanwhile.
            if stale.last_true is not None:
                age = asyncio.get_running_loop().time() - stale.last_true
                if age > self._stale_if_error:
                    raise
            return stale

    def _find_in_memory(self, target: Target) -> Snapshot | None:
        # Trying the whole of a path of 2 000 segments would take milliseconds.
        domain, path = target.domain, target.path
        for length in islice(base_path_lengths(path), self._deepest):
            snapshot = self._snapshots.get((domain, path[:length]))
            if snapshot is not None:
                return snapshot
        return None

    async def _load(self, target: Target) -> Resolved:
        generation = self._snapshots.generation
        domain, path = target.domain, target.path
        directory = path if path.endswith("/") else f"{path}/"
        lengths = list(base_path_lengths(path))
        has_superseded = SUPERSEDED in self._database.tables
        statement = sql.SNAPSHOT if has_superseded else sql.SNAPSHOT_WITHOUT_SUPERSEDED
        types = list(self._types.publishing)
        is_old = self._types.chooses_as_before_3_106
        rows = await self._database.fetch(statement, domain, lengths, types, directory, is_old)
        row = rows[0]
        if len(rows) > 1 or row["is_above_another"]:
            return Handover.SEVERAL_DISTRIBUTIONS
        snapshot = None if row["distribution_id"] is None else await self._snapshot(row)
        if snapshot is None:
            if self._snapshots.is_lasting(generation):
                self._absent.put(target, Missing.PROVEN)
            return Missing.PROVEN
        self._deepest = max(self._deepest, snapshot.base_path.count("/") + 1)
        return self._snapshots.keep((domain, snapshot.base_path), snapshot, generation)

    async def _snapshot(self, row: Row) -> Snapshot:
        state = (row["domain_updated"], row["storage_class"], row["storage_settings"])
        root = await self._storages.root(row["domain_id"], state)
        # A type that serves publications does not serve a version without one.
        content_set = content_set_of(row) if row["publication_id"] or not row["publishes"] else None
        handover = Handover.OBJECT_STORAGE if root is None else None
        pulp_type = row["distribution_type"]
        served = self._rule_for(row)
        is_asked = served is None and pulp_type in self._types.asked
        if served is None and not is_asked and pulp_type not in self._types.plain:
            handover = Handover.DISTRIBUTION_TYPE
        elif False in (row["is_publication_complete"], row["is_version_complete"]):
            handover = Handover.INCOMPLETE
        has_origin = row["version_id"] is not None or row["repository_id"] is not None
        nowhere = Missing.PROVEN if has_origin else Handover.NOTHING_SERVED
        return Snapshot(
            distribution_id=row["distribution_id"],
            pulp_type=pulp_type,
            base_path=row["base_path"],
            content_set=content_set,
            handover=handover,
            guard_id=row["content_guard_id"],
            is_checkpoint=row["checkpoint"],
            has_fallback=row["has_fallback"] and self._types.retain_superseded,
            nowhere=nowhere if row["remote_id"] is None else Handover.REMOTE,
            repository_id=row["repository_id"],
            root=root or "",
            keys=frozenset(str(row[name]) for name in _IDS if row[name] is not None),
            served=served,
            is_asked=is_asked,
        )

    def _rule_for(self, row: Row) -> ServedType | None:
        """Return the rule of the distribution's type if it is true of this distribution."""
        served = self._types.ruled.get(row["distribution_type"])
        if served is None or not served.labels.isdisjoint(row["repository_labels"]):
            return None
        is_readable = served.publications is None or served.publications in self._database.tables
        return served if is_readable else None


def base_path_lengths(path: str) -> Iterator[int]:
    """Yield the length of each base path that the distribution of `path` may have, shortest first.

    The same as `pulpcore.content.handler.Handler._base_paths`, for paths without empty segments.
    """
    end = path.find("/")
    while end != -1:
        yield end
        end = path.find("/", end + 1)
    if not path.endswith("/"):
        yield len(path)
