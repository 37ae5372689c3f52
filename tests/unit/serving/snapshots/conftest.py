"""Snapshots on a fake database, with a listener or without one."""

from pathlib import Path

import pytest

from pulp_contentroutes.serving.database import sql
from pulp_contentroutes.serving.model import Snapshot, Target
from pulp_contentroutes.serving.resolve.snapshots import DistributionTypes, Resolved, Snapshots
from tests.fakes import FakeDatabase, FakeStorages
from tests.unit.serving.conftest import STALE_SECONDS, TYPES, FastPath


class World:
    """Snapshots while the listener runs, and the distributions `a`, `b`, `c`."""

    def __init__(
        self,
        max_entries: int = 100,
        root: Path | None = Path("/root"),
        is_trusted: bool = True,
        types: DistributionTypes = TYPES,
    ) -> None:
        self.database, self.storages = FakeDatabase(), FakeStorages(root)
        self.snapshots = Snapshots(self.database, self.storages, types, max_entries, STALE_SECONDS)
        if is_trusted:
            self.snapshots.resume()
        for base_path in "abc":
            self.database.add_distribution(base_path)

    @property
    def loads(self) -> int:
        return self.database.count(sql.SNAPSHOT)

    async def ask(self, path: str) -> Resolved:
        target = Target("default", path)
        return self.snapshots.get_nowait(target) or await self.snapshots.find(target)

    async def snapshot(self, path: str) -> Snapshot:
        snapshot = await self.ask(path)
        assert isinstance(snapshot, Snapshot)
        return snapshot


@pytest.fixture
def world() -> World:
    return World()


FILE = Target("default", "base/x")


async def snapshot_of(fast_path: FastPath, target: Target = FILE) -> Snapshot:
    snapshot = await fast_path.resolver.snapshot(target)
    assert isinstance(snapshot, Snapshot)
    return snapshot
