"""Files and proven misses are cached, within bounds."""

from typing import Any
from uuid import uuid4

import pytest

from pulp_contentroutes.serving.database import sql
from pulp_contentroutes.serving.handover import Handover
from pulp_contentroutes.serving.model import Missing, Representation
from pulp_contentroutes.serving.resolve import path_lookup as module
from tests.rows import NOTHING, stored
from tests.unit.serving.path_lookup.conftest import ROOT, World, content_set, file_of


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
