"""Target → plan → file: memory first, then one SQL statement each."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from pulp_contentroutes.serving import sql
from pulp_contentroutes.serving.cache import BoundedCache
from pulp_contentroutes.serving.files import Files
from pulp_contentroutes.serving.lookups import Lookups
from pulp_contentroutes.serving.model import Found, Outcome, Plan, Source, Target
from pulp_contentroutes.serving.plans import Plans
from pulp_contentroutes.serving.rows import Queries, Row, source_of

# pulpcore.constants.CHECKPOINT_TS_FORMAT, at the start of a path below a checkpoint distribution.
_CHECKPOINT: Final = re.compile(r"(\d{8}T\d{6}Z)/")
_CHECKPOINT_FORMAT: Final = "%Y%m%dT%H%M%SZ"
_CHECKPOINTS: Final = 1024


class Resolver:
    """Joins the plan of a distribution with the look-ups in what it serves."""

    def __init__(self, database: Queries, plans: Plans, lookups: Lookups, files: Files) -> None:
        self._database = database
        self.plans = plans
        self._lookups = lookups
        self._files = files
        self._checkpoints: BoundedCache[tuple[Plan, str], Source] = BoundedCache(_CHECKPOINTS)

    # What the listener tells.

    def announced(self, keys: Iterable[str]) -> None:
        self.plans.announced(keys)
        self._lookups.doubt_loads()
        self._files.announced(keys)

    def forget(self) -> None:
        self.plans.forget()
        self._checkpoints.clear()
        self._lookups.forget()
        self._files.forget()

    def trust(self) -> None:
        self.plans.trust()
        # A plan that was true all the time says nothing of them.
        self._checkpoints.clear()
        self._lookups.doubt()

    def distrust(self) -> None:
        self.plans.distrust()

    # What requests ask.

    async def plan(self, target: Target) -> Plan | Outcome:
        return self.plans.known(target) or await self.plans.find(target)

    async def look_up(self, plan: Plan, target: Target) -> Found | Outcome:
        """Return what the distribution has at the target's path."""
        path = target.path[len(plan.base_path) + 1 :]
        if not path and not target.path.endswith("/"):
            return Outcome.HANDED_OVER
        source = plan.source
        if plan.is_checkpoint:
            timestamp = _CHECKPOINT.match(path)
            source = await self._checkpoint(plan, timestamp[1]) if timestamp else None
            if source is None or timestamp is None:
                return Outcome.HANDED_OVER
            path = path[timestamp.end() :]
        result: Found | Outcome = Outcome.MISSING
        if source:
            result = await self._lookups.in_source(source, path, plan.root)
        if result is not Outcome.MISSING:
            return result
        if not path:
            return Outcome.HANDED_OVER
        if plan.is_checkpoint:
            # The timestamp names one publication: neither superseded ones nor an upstream are it.
            return Outcome.MISSING
        if plan.has_fallback and not path.endswith("/"):
            result = await self._lookups.in_superseded(plan, path)
        return result if plan.can_miss or isinstance(result, Found) else Outcome.HANDED_OVER

    async def _checkpoint(self, plan: Plan, timestamp: str) -> Source | None:
        """Return the checkpoint of this very second, None if Pulp redirects or refuses."""
        key = (plan, timestamp)
        source = self._checkpoints.get(key)
        if source is None:
            source = await self._loaded_checkpoint(plan.repository_id, timestamp)
            if source and plan.is_current:
                self._checkpoints.put(key, source)
        return source

    async def _loaded_checkpoint(self, repository_id: UUID | None, timestamp: str) -> Source | None:
        try:
            moment = datetime.strptime(timestamp, _CHECKPOINT_FORMAT).replace(tzinfo=UTC)
        except ValueError:
            return None
        rows = await self._database.fetch(sql.CHECKPOINT, repository_id, moment)
        return source_of(rows[0]) if rows and _is_exact(rows[0], timestamp) else None


def _is_exact(row: Row, timestamp: str) -> bool:
    is_whole: bool = row["is_publication_complete"] and row["is_version_complete"]
    created: datetime = row["publication_created"]
    return is_whole and f"{created.astimezone(UTC):{_CHECKPOINT_FORMAT}}" == timestamp
