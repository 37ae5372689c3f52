"""Route, resolve, authorize, respond: over real HTTP, on a fake database and real files."""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from pulp_contentroutes.serving.database import sql
from tests.fakes import FakeDatabase
from tests.rows import NOTHING
from tests.unit.serving.conftest import DATA, HANDED_OVER, Client, FastPath, get


async def test_a_file_is_asked_for_once_and_then_served_from_memory(
    client: Client, fast_path: FastPath
) -> None:
    fast_path.database.add_file("x.txt", DATA, fast_path.root)
    answers = [await get(client, "base/x.txt") for _ in range(3)]
    assert [await answer.read() for answer in answers] == [DATA] * 3
    assert fast_path.database.asked == [sql.SNAPSHOT, sql.LOOK_UP]
    unlike = {"Date"}
    assert len({tuple(i for i in a.headers.items() if i[0] not in unlike) for a in answers}) == 1


async def test_a_missing_file_is_a_404_like_pulps(client: Client, fast_path: FastPath) -> None:
    for _ in range(2):
        answer = await get(client, "base/missing")
        assert (answer.status, await answer.text()) == (404, "404: Not Found")
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert await (await get(client, "base/missing", "HEAD")).read() == b""
    assert fast_path.database.count(sql.LOOK_UP) == 1


@pytest.mark.parametrize("path", ["base/dir", "base/dir/", "base", "base/"])
async def test_directories_are_handed_over(client: Client, fast_path: FastPath, path: str) -> None:
    fast_path.database.add_file("dir/x", DATA, fast_path.root)
    assert (await get(client, path)).status == HANDED_OVER


@pytest.mark.parametrize("directory", ["", "dir/"])
async def test_a_directory_with_an_index_serves_it(
    client: Client, fast_path: FastPath, directory: str
) -> None:
    fast_path.database.add_file(f"{directory}index.html", DATA, fast_path.root)
    answer = await get(client, f"base/{directory}")
    assert await answer.read() == DATA
    # For a published index, pulpcore's handler uses the time of the publication.
    assert answer.headers["Last-Modified"] == "Fri, 02 Jan 2026 03:04:05 GMT"


@pytest.mark.parametrize(
    "values",
    [{"artifact_id": None}, {"is_ambiguous": True}],
    ids=["at its upstream", "ambiguous"],
)
async def test_what_only_pulp_can_answer_is_handed_over(
    client: Client, fast_path: FastPath, values: dict[str, Any]
) -> None:
    fast_path.database.add_file("x", DATA, fast_path.root, **values)
    for _ in range(2):
        assert (await get(client, "base/x")).status == HANDED_OVER
    assert fast_path.database.count(sql.LOOK_UP) == 2


async def test_a_miss_with_a_remote_is_handed_over(client: Client, fast_path: FastPath) -> None:
    fast_path.database.add_distribution("base", remote_id="a remote")
    fast_path.database.add_file("x", DATA, fast_path.root)
    assert (await get(client, "base/missing")).status == HANDED_OVER
    assert (await get(client, "base/x")).status == 200


async def test_a_superseded_publication_serves_until_it_expires(
    client: Client, fast_path: FastPath
) -> None:
    database: FakeDatabase = fast_path.database
    database.add_distribution("base", has_fallback=True)
    old = database.add_file("old", DATA, fast_path.root)
    del database.files["old"]
    database.superseded["old"] = {**old, "expires_at": datetime.now(UTC) + timedelta(seconds=60)}
    for _ in range(2):
        assert await (await get(client, "base/old")).read() == DATA
        assert (await get(client, "base/older")).status == 404
    assert database.count(sql.LOOK_UP_SUPERSEDED) == 2
    snapshot = fast_path.database.distributions["base"]
    fast_path.invalidate([str(snapshot["distribution_id"])])
    database.superseded["old"]["expires_at"] = datetime.now(UTC) - timedelta(seconds=1)
    assert (await get(client, "base/old")).status == 200
    del database.superseded["old"]
    assert (await get(client, "base/old")).status == 404


@pytest.mark.parametrize("remote_id", [None, "a remote"])
async def test_a_checkpoint_serves_its_own_publication_and_nothing_else(
    client: Client, fast_path: FastPath, remote_id: str | None
) -> None:
    """Pulp would also serve files of later publications that are superseded."""
    database: FakeDatabase = fast_path.database
    row = database.add_distribution(
        "base", checkpoint=True, has_fallback=True, repository_id=uuid4(), remote_id=remote_id
    )
    database.checkpoints = [row]
    database.superseded["later"] = database.add_file("later", DATA, fast_path.root)
    del database.files["later"]
    database.add_file("x", DATA, fast_path.root)
    for _ in range(2):
        assert (await get(client, "base/20260102T030405Z/x")).status == 200
        assert (await get(client, "base/20260102T030405Z/later")).status == 404
    assert (await get(client, "base/20260102T030406Z/x")).status == HANDED_OVER


async def test_an_empty_publication_is_a_404(client: Client, fast_path: FastPath) -> None:
    fast_path.database.add_distribution(
        "base", publication_id=None, version_id="a version", version_repository_id=None
    )
    assert (await get(client, "base/x")).status == 404
    assert fast_path.database.count(sql.LOOK_UP) == 0


async def test_a_file_that_is_gone_is_looked_up_anew_and_handed_over(
    client: Client, fast_path: FastPath
) -> None:
    """Pulp's handler fetches reclaimed content from its upstream."""
    row = fast_path.database.add_file("x", DATA, fast_path.root)
    assert (await get(client, "base/x")).status == 200
    os.unlink(fast_path.root / row["file"])
    fast_path.invalidate([str(row["artifact_id"])])
    assert (await get(client, "base/x")).status == HANDED_OVER
    fast_path.database.files["x"] = {**NOTHING, "content_artifact_id": row["content_artifact_id"]}
    assert (await get(client, "base/x")).status == HANDED_OVER


async def test_without_the_database_what_is_unknown_is_handed_over(
    client: Client, fast_path: FastPath
) -> None:
    fast_path.database.is_down = True
    assert (await get(client, "base/x")).status == HANDED_OVER


async def test_a_fault_of_ours_is_logged_and_handed_over(
    client: Client, fast_path: FastPath, caplog: pytest.LogCaptureFixture
) -> None:
    fast_path.database.distributions["base"]["version_created"] = "no date"
    assert (await get(client, "base/x")).status == HANDED_OVER
    assert "The fast path failed" in caplog.text
    assert fast_path.marked


async def test_without_trust_nothing_is_served_from_memory(
    client: Client, fast_path: FastPath
) -> None:
    fast_path.database.add_file("x", DATA, fast_path.root)
    assert (await get(client, "base/x")).status == 200
    fast_path.suspend()
    fast_path.database.asked.clear()
    for _ in range(2):
        assert (await get(client, "base/x")).status == 200
    assert fast_path.database.asked == [sql.SNAPSHOT, sql.SNAPSHOT]


async def test_after_a_time_of_silence_nothing_is_served_from_memory(
    client: Client, fast_path: FastPath
) -> None:
    """A publish may have been missed."""
    fast_path.database.add_file("x", DATA, fast_path.root)
    assert (await get(client, "base/x")).status == 200
    fast_path.database.add_distribution("base")
    fast_path.database.files["x"] = fast_path.database.add_file("y", b"new", fast_path.root)
    fast_path.suspend()
    fast_path.resume()
    assert await (await get(client, "base/x")).read() == b"new"


async def test_a_plan_that_had_to_make_room_is_not_served_from_memory(
    client: Client, fast_path: FastPath
) -> None:
    """Announcements do not reach an evicted plan any more."""
    fast_path.database.add_file("x", DATA, fast_path.root)
    assert (await get(client, "base/x")).status == 200
    for number in range(200):
        fast_path.database.add_distribution(f"other{number}")
        await get(client, f"other{number}/missing")
    fast_path.database.add_distribution("base")
    fast_path.database.files["x"] = fast_path.database.add_file("y", b"new", fast_path.root)
    assert await (await get(client, "base/x")).read() == b"new"


async def test_a_plan_that_was_read_during_a_change_is_served_once(
    client: Client, fast_path: FastPath
) -> None:
    fast_path.database.add_file("x", DATA, fast_path.root)
    fast_path.database.gate = asyncio.Event()
    early = asyncio.create_task(get(client, "base/x"))
    await fast_path.database.until_asked(sql.SNAPSHOT)
    fast_path.invalidate(["whatever"])
    fast_path.database.gate.set()
    assert await (await early).read() == DATA
    fast_path.database.add_distribution("base")
    fast_path.database.files["x"] = fast_path.database.add_file("y", b"new", fast_path.root)
    assert await (await get(client, "base/x")).read() == b"new"


@pytest.mark.parametrize("path", ["base/x", "base/missing", "no/such"])
async def test_every_answer_that_is_logged_has_its_correlation_id(
    client: Client, fast_path: FastPath, path: str
) -> None:
    fast_path.database.add_file("x", DATA, fast_path.root)
    for number in range(3):
        await get(client, path)
        assert len(fast_path.marked) == number + 1
