"""Distribution → plan: cached until the database announces a change of what it was made of."""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from itertools import islice
from operator import attrgetter
from typing import Final, Protocol
from uuid import UUID

from pulp_contentroutes.serving import sql
from pulp_contentroutes.serving.cache import BoundedCache
from pulp_contentroutes.serving.errors import DatabaseUnavailable
from pulp_contentroutes.serving.model import BASE_PATHS, Outcome, Plan, Target
from pulp_contentroutes.serving.rows import Queries, Row, source_of
from pulp_contentroutes.serving.singleflight import SingleFlight

#: Paths without a distribution are kept in these many bytes.
_ABSENT_BYTES: Final = 2 * 1024 * 1024
_OVERHEAD_ABSENT: Final = 300

#: When a domain was changed, the class of its storage, and the storage's settings, still encrypted.
StorageState = tuple[datetime, str, str]

# All that two plans of one state of the database have in common.
_CHANGING: Final = frozenset({"is_current", "last_true"})
_FIXED: Final = attrgetter(*(field.name for field in fields(Plan) if field.name not in _CHANGING))


class Storages(Protocol):
    async def root(self, domain_id: UUID, state: StorageState) -> str | None:
        """Return the folder of a domain's artifacts, None where they are not in the file system.

        `state` is what the domain's row says of its storage.
        """


@dataclass(frozen=True, slots=True)
class DistributionTypes:
    """What Pulp knows of distributions and the database does not; names as in `pulp_type`."""

    #: Those that serve publications (`SERVE_FROM_PUBLICATION`).
    publishing: frozenset[str]
    #: Those whose class answers requests as pulpcore's does; of the others we answer none.
    plain: frozenset[str]
    #: Whether superseded publications are served at all: after
    #: `DISTRIBUTED_PUBLICATION_RETENTION_PERIOD` was set to 0, rows of them may be left that never
    #: expire (pulpcore.app.util.retain_distributed_pub_enabled).
    retain_superseded: bool


class Plans:
    """Finds plans; trusts its memory only while it hears of changes.

    While it does not, each request asks the database. What was in memory is doubted from then on,
    until the database was asked once more; when that does not answer, it is served for
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
        self._plans: BoundedCache[tuple[str, str], Plan] = BoundedCache(
            max_entries, dropped=self._unindex
        )
        self._absent: BoundedCache[Target, Outcome] = BoundedCache(
            max_entries, _ABSENT_BYTES, lambda target, _: _OVERHEAD_ABSENT + len(target.path)
        )
        self._by_key: dict[str, set[Plan]] = {}
        #: How many segments the longest base path had that was ever remembered.
        self._deepest = 0
        self._flights: SingleFlight[Target, Plan | Outcome] = SingleFlight()
        self._generation = 0
        self.is_trusted = False

    # What the listener tells.

    def announced(self, keys: Iterable[str]) -> None:
        """Drop the plans that were made of what has changed."""
        self._generation += 1
        self._flights.forget()
        for key in keys:
            if key == BASE_PATHS:
                self._absent.clear()
            for plan in self._by_key.get(key, ()):
                plan.is_current = False
                plan.last_true = None

    def forget(self) -> None:
        self._doubt()
        self._plans.clear()

    def trust(self) -> None:
        self._doubt()
        self.is_trusted = True

    def distrust(self) -> None:
        self._doubt()
        self.is_trusted = False

    def _doubt(self) -> None:
        self._generation += 1
        self._flights.forget()
        self._absent.clear()
        for plan in self._plans:
            if plan.is_current:
                plan.is_current = False
                plan.last_true = asyncio.get_running_loop().time()

    # What requests ask.

    def known(self, target: Target) -> Plan | Outcome | None:
        """Return what is in memory and still true, None if the database must be asked."""
        if not self.is_trusted:
            return None
        plan = self._remembered(target)
        if plan is None:
            return self._absent.get(target)
        return plan if plan.is_current else None

    async def find(self, target: Target) -> Plan | Outcome:
        """Return the plan of the distribution that serves `target`.

        MISSING where there is none, and none below; HANDED_OVER where Pulp lists or redirects.
        Raise DatabaseUnavailable.
        """
        try:
            return await (self._find(target) if self.is_trusted else self._load_alone(target))
        except DatabaseUnavailable:
            stale = self._stale(target)
            if stale is None:
                raise
            return stale

    async def _find(self, target: Target) -> Plan | Outcome:
        outdated = self._remembered(target)
        if outdated is not None:
            # All paths of a distribution share the load of its new plan.
            base = Target(target.domain, outdated.base_path)
            plan = await self._flights.run(base, lambda: self._load(base))
            if isinstance(plan, Plan) and plan.base_path == outdated.base_path:
                return plan
            # It is not there any more, and must not come back while the database is down.
            self._plans.discard((target.domain, outdated.base_path), outdated)
        return await self._flights.run(target, lambda: self._load(target))

    async def _load_alone(self, target: Target) -> Plan | Outcome:
        """Load without joining a load: it may have begun before a change that was not heard of."""
        plan = await self._load(target)
        remembered = self._remembered(target)
        if remembered is not None and not _is_the_same(remembered, plan):
            # Clients have seen a newer one: this one must not come back.
            self._plans.discard((target.domain, remembered.base_path))
        return plan

    def _remembered(self, target: Target) -> Plan | None:
        # The whole of a path of 2 000 segments would cost milliseconds.
        for base_path in islice(base_paths(target.path), self._deepest):
            plan = self._plans.get((target.domain, base_path))
            if plan is not None:
                return plan
        return None

    def _stale(self, target: Target) -> Plan | None:
        """Return what was true a while ago, and is not known to have changed."""
        plan = self._remembered(target)
        if plan is None or not plan.is_kept:
            return None
        if plan.last_true is None:
            # Somebody else has loaded it meanwhile.
            return plan
        age = asyncio.get_running_loop().time() - plan.last_true
        return plan if age <= self._stale_if_error else None

    async def _load(self, target: Target) -> Plan | Outcome:
        generation = self._generation
        domain, path = target.domain, target.path
        directory = path if path.endswith("/") else f"{path}/"
        lengths = list(base_path_lengths(path))
        rows = await self._database.fetch(
            sql.PLAN, domain, lengths, list(self._types.publishing), directory
        )
        row = rows[0]
        if len(rows) > 1 or row["is_above_another"]:
            return Outcome.HANDED_OVER
        plan = None if row["distribution_id"] is None else await self._plan(row)
        is_lasting = generation == self._generation and self.is_trusted
        if plan is None:
            if is_lasting:
                self._absent.put(target, Outcome.MISSING)
            return Outcome.MISSING
        return self._remember(domain, plan) if is_lasting else plan

    async def _plan(self, row: Row) -> Plan:
        state = (row["domain_updated"], row["storage_class"], row["storage_settings"])
        root = await self._storages.root(row["domain_id"], state)
        is_plain = row["distribution_type"] in self._types.plain
        is_whole = row["is_publication_complete"] is not False
        is_whole = is_whole and row["is_version_complete"] is not False
        # A type that serves publications serves no version that has none.
        source = source_of(row) if row["publication_id"] or not row["publishes"] else None
        has_origin = row["version_id"] is not None or row["repository_id"] is not None
        return Plan(
            distribution_id=row["distribution_id"],
            base_path=row["base_path"],
            source=source,
            is_ours=is_plain and is_whole and root is not None,
            guard_id=row["content_guard_id"],
            is_checkpoint=row["checkpoint"],
            has_fallback=row["has_fallback"] and self._types.retain_superseded,
            can_miss=row["remote_id"] is None and has_origin,
            repository_id=row["repository_id"],
            root=root or "",
            keys=_keys(row),
        )

    def _remember(self, domain: str, plan: Plan) -> Plan:
        """Keep the plan, and return it: the one that is kept already, if it was true after all."""
        kept = self._plans.get((domain, plan.base_path))
        if kept is not None and kept.last_true is not None and _is_the_same(kept, plan):
            kept.is_current, kept.last_true = True, None
            return kept
        plan.is_current = True
        for key in plan.keys:
            self._by_key.setdefault(key, set()).add(plan)
        self._deepest = max(self._deepest, plan.base_path.count("/") + 1)
        # Last: a plan for which there is no room leaves again at once.
        self._plans.put((domain, plan.base_path), plan)
        return plan

    def _unindex(self, plan: Plan) -> None:
        # Announcements do not reach it any more, and somebody may still have it.
        plan.is_current, plan.last_true = False, None
        for key in plan.keys:
            plans = self._by_key.get(key)
            if plans is not None:
                plans.discard(plan)
                if not plans:
                    del self._by_key[key]


def _is_the_same(plan: Plan, other: Plan | Outcome) -> bool:
    return isinstance(other, Plan) and _FIXED(plan) == _FIXED(other)


def base_paths(path: str) -> Iterator[str]:
    """Yield what a distribution of `path` may be called, shortest first.

    As `pulpcore.content.handler.Handler._base_paths`, for paths without empty segments.
    """
    return (path[:length] for length in base_path_lengths(path))


def base_path_lengths(path: str) -> Iterator[int]:
    """Yield the length of each of `base_paths`, in characters."""
    end = path.find("/")
    while end != -1:
        yield end
        end = path.find("/", end + 1)
    if not path.endswith("/"):
        yield len(path)


def _keys(row: Row) -> frozenset[str]:
    names = (
        "distribution_id",
        "domain_id",
        "repository_id",
        "version_repository_id",
        "publication_id",
        "version_id",
    )
    return frozenset(str(row[name]) for name in names if row[name] is not None)
