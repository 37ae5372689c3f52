"""Look-ups: the arguments of the statement, the file made of its row, and the cache."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from pulp_contentroutes.serving.database import sql
from pulp_contentroutes.serving.errors import DatabaseUnavailable
from pulp_contentroutes.serving.handover import Handover
from pulp_contentroutes.serving.model import ContentSet, Missing, Representation, Snapshot
from pulp_contentroutes.serving.resolve import path_lookup as module
from pulp_contentroutes.serving.resolve.path_lookup import LookedUp, PathLookup
from pulp_contentroutes.serving.sources.files import Files
from pulp_contentroutes.serving.sources.stored_files import StoredFile
from tests.fakes import ENTERED, NOTHING, FakeDatabase, stored

NOW = 1_800_000_000.0
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
        distribution_id=uuid4(), base_path="base", content_set=None, handover=None, guard_id=None,
        is_checkpoint=False, has_fallback=True, nowhere=Missing.PROVEN, repository_id=None,
        root=ROOT, keys=frozenset(), is_current=is_current,
    )  # fmt: skip


class World:
    def __init__(self, max_entries: int = 1000, max_bytes: int = 1_000_000) -> None:
        self.database, self.named = FakeDatabase(), list[str]()
        stored_file = Files(10).stored_file
        self.lookups = PathLookup(
            self.database, stored_file, self.content_type, max_entries, max_bytes
        )
        self.content_set, self.snapshot = content_set(), snapshot()

    def content_type(self, name: str) -> str:
        self.named.append(name)
        return "text/plain"

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


@pytest.mark.parametrize(
    ("path", "file", "directory", "beyond"),
    [
        ("a/b", "a/b", "a/b/", "a/b0"),
        ("a/", "a/index.html", "a/", "a0"),
        ("a/b/", "a/b/index.html", "a/b/", "a/b0"),
        ("", "index.html", "", "0"),
    ],
)
async def test_the_file_and_the_paths_below_are_asked_for(
    world: World, path: str, file: str, directory: str, beyond: str
) -> None:
    where = content_set(serves_version=True)
    await world.lookups.find(where, path, ROOT)
    assert world.database.asked == [sql.LOOK_UP]
    of_source = (where.publication_id, where.repository_id, 7, True)
    assert world.database.values == [(*of_source, file, directory, beyond)]


@pytest.mark.parametrize(
    ("path", "values", "expected"),
    [
        pytest.param("x", {}, int(ENTERED.timestamp()), id="a file: it entered the version"),
        pytest.param("x", {"entered": None}, 1000, id="published metadata: the publication was"),
        pytest.param(
            "x",
            {"entered": None, "is_published": False},
            2000,
            id="unknown: the version was created",
        ),
        pytest.param("d/", {}, 1000, id="a published index: the publication was created"),
        pytest.param(
            "d/",
            {"is_published": False},
            int(ENTERED.timestamp()),
            id="an index of the content: it entered the version",
        ),
    ],
)
async def test_last_modified_is_the_time_that_pulp_uses(
    world: World, path: str, values: dict[str, Any], expected: int
) -> None:
    world.add(path.replace("d/", "d/index.html"), **values)
    assert (await world.found(path)).validators.last_modified == expected


async def test_a_file_has_the_type_of_its_name_and_an_index_that_of_its_own(world: World) -> None:
    for path in ("a.txt", "b.tar/index.html"):
        world.add(path)
    for path in ("a.txt", "b.tar/"):
        assert b"Content-Type: text/plain\r\n" in (await world.found(path)).head
    assert world.named == ["a.txt", "index.html"]


async def test_a_file_is_its_artifact_below_the_root(world: World) -> None:
    row = world.add("x", file="artifact/ab/cd")
    found = await world.found("x")
    assert (file_of(found).name, found.source.size) == (f"{ROOT}/artifact/ab/cd", 1)
    assert found.validators.etag == f'"{row["sha256"]}"'
    assert found.expires is None


@pytest.mark.parametrize(
    ("row", "expected", "asked"),
    [
        pytest.param({}, Missing.PROVEN, 1, id="no file"),
        pytest.param({"is_directory": True}, Handover.DIRECTORY, 2, id="a directory"),
        pytest.param(
            {"content_artifact_id": uuid4()}, Handover.NOT_DOWNLOADED, 2, id="still at its upstream"
        ),
        pytest.param(
            stored("f", 1, is_ambiguous=True), Handover.SEVERAL_FILES, 2, id="two files of one path"
        ),
    ],
)
async def test_only_proven_misses_are_cached(
    world: World, row: dict[str, Any], expected: Missing | Handover, asked: int
) -> None:
    """A directory does not prove a miss, and a file of an upstream may be stored at any time."""
    world.database.files["x"] = NOTHING | row
    for _ in range(2):
        assert await world.lookups.find(world.content_set, "x", ROOT) is expected
    assert world.database.count(sql.LOOK_UP) == asked


async def test_files_are_cached_by_source_and_path(world: World) -> None:
    rows = world.add("x"), world.add("y")
    found, other = await world.found("x"), await world.found("y")
    assert [file_of(each).artifact_id for each in (found, other)] == [
        r["artifact_id"] for r in rows
    ]
    assert await world.found("x") is found
    assert await world.found("x", content_set()) is not found
    version = content_set(publication_id=None, version_id=world.content_set.key)
    assert await world.found("x", version) is found
    assert world.database.count(sql.LOOK_UP) == 3


async def test_concurrent_requests_for_a_path_share_a_query(world: World) -> None:
    rows = [world.add(path) for path in "xy"]
    found = await world.database.answer_together(*(world.found(path) for path in "xyx"))
    assert found[0] is found[2]
    assert [file_of(each).artifact_id for each in found[:2]] == [row["artifact_id"] for row in rows]
    assert world.database.count(sql.LOOK_UP) == 2


async def test_a_file_whose_artifact_has_changed_is_looked_up_anew(world: World) -> None:
    world.add("x")
    found = await world.found("x")
    file_of(found).is_current = False
    again = await world.found("x")
    assert again is not found
    file_of(again).is_current = False
    del world.database.files["x"]
    for _ in range(2):
        assert await world.lookups.find(world.content_set, "x", ROOT) is Missing.PROVEN
    assert world.database.count(sql.LOOK_UP) == 3


# After a period without notifications.


async def test_after_a_time_of_silence_a_file_is_looked_up_once_more(world: World) -> None:
    world.add("x")
    found = await world.found("x")
    world.lookups.resume()
    for _ in range(2):
        assert await world.found("x") is found
    assert found.is_current
    assert world.database.count(sql.LOOK_UP) == 2


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        pytest.param(NOTHING, Missing.PROVEN, id="gone"),
        pytest.param(
            {**stored("f", 1), "artifact_id": None}, Handover.NOT_DOWNLOADED, id="reclaimed"
        ),
    ],
)
async def test_a_file_that_has_lost_its_artifact_in_a_time_of_silence_is_not_served(
    world: World, row: dict[str, Any], expected: Missing | Handover
) -> None:
    """Nor is it served when the database fails afterwards."""
    world.add("x")
    await world.found("x")
    world.lookups.resume()
    world.database.files["x"] = row
    for _ in range(2):
        assert await world.lookups.find(world.content_set, "x", ROOT) is expected
    if expected is Handover.NOT_DOWNLOADED:
        world.database.is_down = True
        with pytest.raises(DatabaseUnavailable):
            await world.found("x")


async def test_a_file_that_has_another_artifact_since_is_another_file(world: World) -> None:
    world.add("x")
    before = await world.found("x")
    world.lookups.resume()
    row = world.add("x")
    after = await world.found("x")
    assert after is not before
    assert file_of(after).artifact_id == row["artifact_id"]
    assert await world.found("x") is after


async def test_what_was_found_is_served_when_the_database_fails_after_a_time_of_silence(
    world: World,
) -> None:
    """A file can change only by the loss of its artifact."""
    world.add("x")
    found = await world.found("x")
    world.lookups.resume()
    world.database.is_down = True
    assert await world.found("x") is found
    with pytest.raises(DatabaseUnavailable):
        await world.found("never asked for")
    world.lookups.reset()
    with pytest.raises(DatabaseUnavailable):
        await world.found("x")


async def test_a_file_whose_artifact_goes_during_a_load_that_fails_is_not_served(
    world: World,
) -> None:
    world.add("x")
    found = await world.found("x")
    world.lookups.resume()
    gate = world.database.gate = asyncio.Event()
    loading = asyncio.create_task(world.found("x"))
    await world.database.until_asked(sql.LOOK_UP, 2)
    file_of(found).is_current = False
    world.database.is_down = True
    gate.set()
    with pytest.raises(DatabaseUnavailable):
        await loading


@pytest.mark.parametrize("news", ["resume", "invalidate", "reset"])
@pytest.mark.parametrize("is_there", [True, False])
async def test_a_load_that_a_change_has_overtaken_is_asked_for_once_more(
    world: World, news: str, is_there: bool
) -> None:
    """The statement of the load may have read the state before the change."""
    if is_there:
        world.add("x")
    gate = world.database.gate = asyncio.Event()
    loading = asyncio.create_task(world.lookups.find(world.content_set, "x", ROOT))
    await world.database.until_asked(sql.LOOK_UP)
    getattr(world.lookups, news)(*([["anything"]] if news == "invalidate" else []))
    world.database.gate = None
    gate.set()
    await loading
    row = world.add("x")
    found = await world.found("x")
    assert file_of(found).artifact_id == row["artifact_id"]
    assert await world.found("x") is found
    assert world.database.count(sql.LOOK_UP) == 2


async def test_a_miss_is_asked_for_once_more_after_a_time_of_silence(world: World) -> None:
    """Another publication may have been superseded since."""
    assert await world.superseded() is Missing.PROVEN
    world.lookups.resume()
    expiring(world, None)
    assert isinstance(await world.superseded(), Representation)


@pytest.mark.parametrize("is_kept", [True, False])
async def test_a_superseded_file_is_served_when_the_database_fails_if_its_plan_is(
    world: World, is_kept: bool
) -> None:
    expiring(world, None)
    found = await world.superseded()
    world.snapshot.is_current = False
    world.snapshot.last_true = 1.0 if is_kept else None
    world.lookups.resume()
    world.database.is_down = True
    if is_kept:
        assert await world.superseded() is found
    else:
        with pytest.raises(DatabaseUnavailable):
            await world.superseded()


# Superseded publications.


def expiring(world: World, expires_at: datetime | None, path: str = "x") -> None:
    world.database.superseded[path] = stored("f", 1, expires_at=expires_at)


async def test_a_superseded_file_is_served_until_it_expires(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = NOW
    monkeypatch.setattr(time, "time", lambda: now)
    expiring(world, datetime.fromtimestamp(NOW + 10, UTC))
    found = await world.superseded()
    now = NOW + 9.9
    assert await world.superseded() is found
    now = NOW + 10
    assert await world.superseded() is not found
    assert world.database.count(sql.LOOK_UP_SUPERSEDED) == 2
    assert world.database.values[0] == (world.snapshot.distribution_id, "x")


async def test_a_superseded_file_that_never_expires_is_cached_for_good(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    expiring(world, None)
    found = await world.superseded()
    monkeypatch.setattr(time, "time", lambda: 10 * NOW)
    assert await world.superseded() is found
    assert isinstance(found, Representation)
    assert found.validators.last_modified == int(ENTERED.timestamp())
    assert file_of(found).name == f"{ROOT}/f"
    assert world.named == ["x"]


async def test_a_superseded_miss_is_cached_too(world: World) -> None:
    for _ in range(2):
        assert await world.superseded() is Missing.PROVEN
    assert world.database.count(sql.LOOK_UP_SUPERSEDED) == 1


async def test_a_superseded_file_at_its_upstream_is_handed_over(world: World) -> None:
    world.database.superseded["x"] = {**stored("f", 1), "artifact_id": None}
    assert await world.superseded() is Handover.NOT_DOWNLOADED


async def test_superseded_files_are_cached_by_plan(world: World) -> None:
    """The distribution may have superseded another publication since."""
    expiring(world, None)
    found = await world.superseded()
    world.snapshot = snapshot()
    assert await world.superseded() is not found


async def test_nothing_is_cached_for_an_outdated_plan(world: World) -> None:
    expiring(world, None)
    world.snapshot = snapshot(is_current=False)
    for _ in range(2):
        assert isinstance(await world.superseded(), Representation)
    assert await world.superseded("missing") is Missing.PROVEN
    world.snapshot.is_current = True
    await world.superseded()
    assert world.database.count(sql.LOOK_UP_SUPERSEDED) == 4


# Bounds.


async def kept(world: World, paths: list[str]) -> list[bool]:
    """Look up the paths, the newest last; tell for each whether it is in the cache afterwards."""
    for path in paths:
        await world.lookups.find(world.content_set, path, ROOT)
    are_kept = []
    for path in reversed(paths):
        before = world.database.count(sql.LOOK_UP)
        await world.lookups.find(world.content_set, path, ROOT)
        are_kept.append(world.database.count(sql.LOOK_UP) == before)
    return are_kept[::-1]


@pytest.mark.parametrize(
    ("less", "expected"), [(0, [False, True, True]), (1, [False, False, True])]
)
async def test_files_fill_the_bytes_that_are_allowed(less: int, expected: list[bool]) -> None:
    world = World()
    world.add("x1")
    each = module._OVERHEAD + len("x1") + len((await world.found("x1")).head)
    world = World(max_bytes=2 * each - less)
    for path in ("x1", "x2", "x3"):
        world.add(path)
    assert await kept(world, ["x1", "x2", "x3"]) == expected


@pytest.mark.parametrize(("less", "expected"), [(0, [True, True]), (1, [False, True])])
async def test_misses_have_a_quarter_of_the_bytes(less: int, expected: list[bool]) -> None:
    each = module._OVERHEAD_MISSING + len("m1")
    world = World(max_bytes=4 * (2 * each - less))
    assert await kept(world, ["m1", "m2"]) == expected


async def test_a_flood_of_missing_paths_evicts_no_file() -> None:
    world = World(max_entries=2)
    world.add("x")
    found = await world.found("x")
    assert await kept(world, [f"m{number}" for number in range(5)]) == [False] * 3 + [True] * 2
    assert await world.found("x") is found


async def test_files_are_bounded_by_number_too() -> None:
    world = World(max_entries=2)
    for path in ("x1", "x2", "x3"):
        world.add(path)
    assert await kept(world, ["x1", "x2", "x3"]) == [False, True, True]


async def test_a_file_is_looked_up_anew_when_the_storage_of_its_domain_has_moved(
    world: World,
) -> None:
    world.add("x")
    before = await world.found("x")
    moved = await world.lookups.find(world.content_set, "x", "/elsewhere")
    assert isinstance(moved, Representation)
    assert (file_of(before).name, file_of(moved).name) == (f"{ROOT}/f", "/elsewhere/f")
    assert (file_of(before).is_current, file_of(moved).is_current) == (False, True)
    assert await world.lookups.find(world.content_set, "x", "/elsewhere") is moved
