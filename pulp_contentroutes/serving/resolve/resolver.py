"""Target → snapshot → file: memory first, then one SQL statement each."""

from collections.abc import Sequence
from dataclasses import replace

from pulp_contentroutes.serving.handover import Handover
from pulp_contentroutes.serving.model import Fields, Missing, Snapshot, Target
from pulp_contentroutes.serving.resolve.checkpoints import Checkpoints
from pulp_contentroutes.serving.resolve.path_lookup import INDEX, LookedUp, PathLookup
from pulp_contentroutes.serving.resolve.snapshots import Resolved, Snapshots
from pulp_contentroutes.serving.types.hooks import Hooks


class Resolver:
    """The snapshots of distributions, joined with the look-ups in the content that they serve."""

    def __init__(
        self, snapshots: Snapshots, lookups: PathLookup, checkpoints: Checkpoints, hooks: Hooks
    ) -> None:
        self.snapshots = snapshots
        self._hooks = hooks
        self._lookups = lookups
        self._checkpoints = checkpoints

    async def snapshot(self, target: Target) -> Resolved:
        found = self.snapshots.get_nowait(target) or await self.snapshots.find(target)
        if target.route is None:
            return found
        base_path = target.path.rpartition("/")[0]
        is_named = isinstance(found, Snapshot) and (
            (found.pulp_type, found.base_path) == (target.route.pulp_type, base_path)
        )
        return found if is_named else Handover.PLUGIN_ROUTE

    async def look_ahead(self, targets: Sequence[Target]) -> None:
        """Let the look-ups of several targets, one after the other, cost one statement.

        Only those whose snapshots are in memory, and of which nothing but the content set decides.
        """
        wanted = []
        for target in targets:
            snapshot = self.snapshots.get_nowait(target)
            if not isinstance(snapshot, Snapshot) or snapshot.content_set is None:
                continue
            if snapshot.handover or snapshot.is_asked or snapshot.is_checkpoint:
                continue
            path, served = target.path[len(snapshot.base_path) + 1 :], snapshot.served
            fields = target.fields
            if served is not None:
                if served.may_answer(path) or served.publications is not None:
                    continue
                fields = (*served.fields_for(_file_at(path)), *fields)
            wanted.append((snapshot.content_set, path, snapshot.root, fields))
        await self._lookups.look_ahead(wanted)

    async def look_up(self, snapshot: Snapshot, target: Target) -> LookedUp:
        """Return the result of looking up the target's path in the distribution."""
        path = target.path[len(snapshot.base_path) + 1 :]
        if not path and not target.path.endswith("/"):
            return Handover.REDIRECT
        if target.route is not None:
            content_set = snapshot.content_set
            if content_set is None or content_set.publication_id is not None:
                return Handover.PLUGIN_ROUTE
            fields = target.route.fields_for(path)
            found = await self._lookups.find(content_set, path, snapshot.root, fields)
            return Handover.PLUGIN_ROUTE if found is Missing.PROVEN else found
        if snapshot.is_asked:
            return await self._look_up_after_asking(snapshot, path, target.fields)
        served = snapshot.served
        if served is None:
            return await self._look_up(snapshot, path, target.fields)
        # Hooks are called with the timestamp of a checkpoint still in the path.
        if served.may_answer(path):
            return Handover.DISTRIBUTION_HOOK
        if served.publications is not None:
            published = await self._lookups.find_published(snapshot, path, target.fields)
            if published is not Missing.PROVEN:
                return published
        fields = (*served.fields_for(_file_at(path)), *target.fields)
        return await self._look_up(snapshot, path, fields)

    async def _look_up_after_asking(
        self, snapshot: Snapshot, path: str, fields: Fields
    ) -> LookedUp:
        verdict = await self._hooks.ask(snapshot.pulp_type, snapshot.distribution_id, path)
        if isinstance(verdict, Handover):
            return verdict
        if fields:
            verdict = replace(verdict, fields=(*verdict.fields, *fields))
        if snapshot.is_checkpoint:
            # The other hooks are called with the path below the timestamp.
            return Handover.DISTRIBUTION_HOOK
        if verdict.is_directory and not path.endswith("/"):
            # Pulp redirects there, whatever file has this name.
            return Handover.DIRECTORY
        if verdict.content_artifact_id is not None:
            return await self._lookups.find_artifact(snapshot, verdict, path)
        result = await self._look_up(snapshot, path, verdict.fields)
        is_directory = result is Missing.PROVEN and verdict.is_directory
        return Handover.DIRECTORY if is_directory else result

    async def _look_up(self, snapshot: Snapshot, path: str, fields: Fields) -> LookedUp:
        """Look up a path as pulpcore does after its hooks; `fields` are not pulpcore's."""
        content_set = snapshot.content_set
        if snapshot.is_checkpoint:
            checkpoint = await self._checkpoints.find(snapshot, path)
            if checkpoint is None:
                return Handover.CHECKPOINT
            content_set, path = checkpoint
        result: LookedUp = Missing.PROVEN
        if content_set:
            result = await self._lookups.find(content_set, path, snapshot.root, fields)
        if result is not Missing.PROVEN:
            return result
        if not path:
            return Handover.DIRECTORY
        if snapshot.is_checkpoint:
            # The timestamp names one publication; superseded ones or an upstream cannot replace it.
            return Missing.PROVEN
        if snapshot.has_fallback and not path.endswith("/"):
            result = await self._lookups.find_superseded(snapshot, path, fields)
        return snapshot.nowhere if result is Missing.PROVEN else result


def _file_at(path: str) -> str:
    """Return the path of the file that is served at a path."""
    return f"{path}{INDEX}" if path == "" or path.endswith("/") else path
