"""A look-up asks for a file and the paths below it, and makes a representation of the row."""

from typing import Any

import pytest

from pulp_contentroutes.serving.database import sql
from tests.rows import ENTERED
from tests.unit.serving.path_lookup.conftest import ROOT, World, content_set, file_of


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
