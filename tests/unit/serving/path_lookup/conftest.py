"""Look-ups on a fake database."""

from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest

from pulp_contentroutes.serving.model import ContentSet, Fields, Missing, Representation, Snapshot
from pulp_contentroutes.serving.resolve.path_lookup import LookedUp, PathLookup
from pulp_contentroutes.serving.sources.files import Files
from pulp_contentroutes.serving.sources.stored_files import StoredFile
from tests.fakes import FakeDatabase
from tests.rows import stored

ROOT = "/var/lib/pulp"


def file_of(found: Representation) -> StoredFile:
    assert isinstance(found.source, StoredFile)
    return found.source


def content_set(**values: Any) -> ContentSet:
    defaults: dict[str, Any] = {
        "publication_id": uuid4(),
        "publication_created": 1000.9,
        "version_id": uuid4(),
        "version_created": 2000.9,
        "repository_id": uuid4(),
        "number": 7,
        "serves_version": False,
    }
    return ContentSet(**defaults | values)


def snapshot(is_current: bool = True) -> Snapshot:
    return Snapshot(
        distribution_id=uuid4(), pulp_type="file.file", base_path="base", content_set=None,
        handover=None, guard_id=None, is_checkpoint=False, has_fallback=True,
        nowhere=Missing.PROVEN, repository_id=None,
        root=ROOT, keys=frozenset(), is_current=is_current,
    )  # fmt: skip


class World:
    def __init__(self, max_entries: int = 1000, max_bytes: int = 1_000_000) -> None:
        self.database, self.named = FakeDatabase(), list[str]()
        stored_file = Files(10).stored_file
        self.lookups = PathLookup(
            self.database, stored_file, self.pulp_fields, max_entries, max_bytes
        )
        self.content_set, self.snapshot = content_set(), snapshot()

    def pulp_fields(self, name: str) -> Fields:
        self.named.append(name)
        return (("Content-Type", "text/plain"),)

    def add(self, path: str, **values: Any) -> dict[str, Any]:
        self.database.files[path] = stored("f", 1, **values)
        return self.database.files[path]

    async def found(self, path: str, where: ContentSet | None = None) -> Representation:
        found = await self.lookups.find(where or self.content_set, path, ROOT)
        assert isinstance(found, Representation)
        return found

    async def superseded(self, path: str = "x") -> LookedUp:
        return await self.lookups.find_superseded(self.snapshot, path)


@pytest.fixture
def world() -> World:
    return World()


def expiring(world: World, expires_at: datetime | None, path: str = "x") -> None:
    world.database.superseded[path] = stored("f", 1, expires_at=expires_at)
