"""Target → snapshot → file: memory first, then one SQL statement each."""

from pulp_contentroutes.serving.handover import Handover
from pulp_contentroutes.serving.model import Missing, Snapshot, Target
from pulp_contentroutes.serving.resolve.checkpoints import Checkpoints
from pulp_contentroutes.serving.resolve.path_lookup import LookedUp, PathLookup
from pulp_contentroutes.serving.resolve.snapshots import Resolved, Snapshots


class Resolver:
    """The snapshots of distributions, joined with the look-ups in the content that they serve."""

    def __init__(self, snapshots: Snapshots, lookups: PathLookup, checkpoints: Checkpoints) -> None:
        self.snapshots = snapshots
        self._lookups = lookups
        self._checkpoints = checkpoints

    async def snapshot(self, target: Target) -> Resolved:
        return self.snapshots.get_nowait(target) or await self.snapshots.find(target)

    async def look_up(self, snapshot: Snapshot, target: Target) -> LookedUp:
        """Return the result of looking up the target's path in the distribution."""
        path = target.path[len(snapshot.base_path) + 1 :]
        if not path and not target.path.endswith("/"):
            return Handover.REDIRECT
        served = snapshot.served
        # The hook is called with the timestamp of a checkpoint still in its path.
        if served is not None and served.may_answer(path):
            return Handover.DISTRIBUTION_HOOK
        content_set = snapshot.content_set
        if snapshot.is_checkpoint:
            checkpoint = await self._checkpoints.find(snapshot, path)
            if checkpoint is None:
                return Handover.CHECKPOINT
            content_set, path = checkpoint
        result: LookedUp = Missing.PROVEN
        if content_set:
            result = await self._lookups.find(content_set, path, snapshot.root, served)
        if result is not Missing.PROVEN:
            return result
        if not path:
            return Handover.DIRECTORY
        if snapshot.is_checkpoint:
            # The timestamp names one publication; superseded ones or an upstream cannot replace it.
            return Missing.PROVEN
        if snapshot.has_fallback and not path.endswith("/"):
            result = await self._lookups.find_superseded(snapshot, path)
        return snapshot.nowhere if result is Missing.PROVEN else result
