"""A snapshot is loaded by base path, and has the fields of its distribution."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from pulp_contentroutes.serving.model import Target
from pulp_contentroutes.serving.resolve.snapshots import base_path_lengths
from tests.unit.serving.conftest import TYPES
from tests.unit.serving.snapshots.conftest import World


@pytest.mark.parametrize(
    ("path", "lengths", "directory"),
    [("a/x", [1, 3], "a/x/"), ("a/x/", [1, 3], "a/x/"), ("no", [2], "no/")],
)
async def test_the_base_paths_and_the_directory_are_asked_for(
    world: World, path: str, lengths: list[int], directory: str
) -> None:
    await world.snapshots.find(Target("team", path))
    assert world.database.values == [("team", lengths, ["file.file"], directory, False)]


async def test_a_plan_has_the_fields_of_its_distribution(world: World) -> None:
    guard_id, repository_id = uuid4(), uuid4()
    row = world.database.add_distribution(
        "a", content_guard_id=guard_id, repository_id=repository_id, checkpoint=True,
        has_fallback=True,
    )  # fmt: skip
    snapshot = await world.snapshot("a/x")
    assert (snapshot.distribution_id, snapshot.base_path) == (row["distribution_id"], "a")
    assert (snapshot.guard_id, snapshot.repository_id) == (guard_id, repository_id)
    assert (snapshot.is_checkpoint, snapshot.has_fallback, snapshot.root) == (True, True, "/root")
    state = (row["domain_updated"], row["storage_class"], row["storage_settings"])
    assert world.storages.asked == [(row["domain_id"], state)]
    other = await world.snapshot("b/x")
    assert (other.guard_id, other.repository_id) == (None, None)
    assert (other.is_checkpoint, other.has_fallback) == (False, False)
    assert snapshot.is_current
    assert other.is_current


async def test_nothing_superseded_is_served_where_pulp_retains_nothing() -> None:
    """If the retention is set to 0, rows that never expire are left over."""
    world = World(types=replace(TYPES, retain_superseded=False))
    world.database.add_distribution("a", has_fallback=True)
    assert not (await world.snapshot("a/x")).has_fallback


@pytest.mark.parametrize(
    ("values", "serves_version"),
    [
        pytest.param({}, False, id="a publication"),
        pytest.param({"pass_through": True}, True, id="a publication that passes through"),
        pytest.param({"publishes": False, "publication_id": None}, True, id="a version"),
        pytest.param({"publication_id": None}, None, id="a version of a type that publishes"),
        pytest.param({"publication_id": None, "version_id": None}, None, id="nothing yet"),
    ],
)
async def test_a_type_that_serves_publications_serves_no_version_without_one(
    world: World, values: dict[str, Any], serves_version: bool | None
) -> None:
    row = world.database.add_distribution("a", **values)
    content_set = (await world.snapshot("a/x")).content_set
    assert (content_set and content_set.serves_version) is serves_version
    assert content_set is None or content_set.key == (row["publication_id"] or row["version_id"])


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a", ["a"]),
        ("a/", ["a"]),
        ("a/b", ["a", "a/b"]),
        ("a/b/", ["a", "a/b"]),
        ("a/b/c.txt", ["a", "a/b", "a/b/c.txt"]),
        ("a/b/c/d/e", ["a", "a/b", "a/b/c", "a/b/c/d", "a/b/c/d/e"]),
    ],
)
def test_a_path_has_the_base_paths_that_pulp_tries(path: str, expected: list[str]) -> None:
    assert [path[:length] for length in base_path_lengths(path)] == expected
