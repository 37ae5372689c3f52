"""Route, resolve, authorize, respond: over real HTTP, on a fake database and real files."""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import ClientResponse

from pulp_contentroutes.serving import sql
from tests.fakes import NOTHING, FakeDatabase
from tests.unit.serving.conftest import OURS, Client, FastPath

DATA = os.urandom(3000)
HANDED_OVER = 418


async def get(client: Client, path: str, method: str = "GET", **headers: str) -> ClientResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response = await client.request(method, OURS + path, headers=named)
    await response.read()
    return response


async def test_a_file_is_asked_for_once_and_then_served_from_memory(
    client: Client, fast_path: FastPath
) -> None:
    fast_path.database.add_file("x.txt", DATA, fast_path.root)
    answers = [await get(client, "base/x.txt") for _ in range(3)]
    assert [await answer.read() for answer in answers] == [DATA] * 3
    assert fast_path.database.asked == [sql.PLAN, sql.LOOK_UP]
    unlike = {"Date"}
    assert len({tuple(i for i in a.headers.items() if i[0] not in unlike) for a in answers}) == 1


async def test_the_headers_of_a_file(client: Client, fast_path: FastPath) -> None:
    row = fast_path.database.add_file("x.txt", DATA, fast_path.root)
    headers = (await get(client, "base/x.txt")).headers
    assert headers["Content-Type"] == "text/plain"
    assert headers["Content-Length"] == headers["X-PULP-ARTIFACT-SIZE"] == str(len(DATA))
    assert headers["ETag"] == f'"{row["sha256"]}"'
    assert headers["Last-Modified"] == "Sat, 07 Jun 2025 08:09:10 GMT"
    assert headers["Cache-Control"] == "public, max-age=0, must-revalidate"
    assert headers["Accept-Ranges"] == "bytes"
    assert headers["Repr-Digest"].startswith("sha-256=:")
    assert "sha-512=:" in headers["Repr-Digest"]
    assert "Content-Encoding" not in headers
    assert "Date" in headers
    assert "Server" in headers


async def test_an_unknown_type_is_octets(client: Client, fast_path: FastPath) -> None:
    fast_path.database.add_file("x.unknown", DATA, fast_path.root, sha512=None)
    headers = (await get(client, "base/x.unknown")).headers
    assert headers["Content-Type"] == "application/octet-stream"
    assert "sha-512" not in headers["Repr-Digest"]


async def test_head_has_the_headers_of_get_and_no_body(client: Client, fast_path: FastPath) -> None:
    fast_path.database.add_file("x.txt", DATA, fast_path.root)
    for _ in range(2):
        whole, head = await get(client, "base/x.txt"), await get(client, "base/x.txt", "HEAD")
        assert await head.read() == b""
        assert head.status == 200
        different = {"Date"}
        assert [i for i in head.headers.items() if i[0] not in different] == [
            i for i in whole.headers.items() if i[0] not in different
        ]


@pytest.mark.parametrize("size", [0, 1, 256 * 1024, 256 * 1024 + 1, 1_000_000])
async def test_files_of_any_size_arrive_whole(
    client: Client, fast_path: FastPath, size: int
) -> None:
    data = os.urandom(size)
    fast_path.database.add_file("x", data, fast_path.root)
    for _ in range(2):
        answer = await get(client, "base/x")
        assert await answer.read() == data
        ranged = await get(client, "base/x", Range="bytes=-300000")
        assert await ranged.read() == data[-300000:]
    assert sum(number for _, number in fast_path.counted) == 2 * (size + min(size, 300000))


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
    # Of a published index, stock takes the time of the publication.
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


@pytest.mark.parametrize("path", ["base/x", "base/missing", "base/dir", "base/", "base"])
async def test_nothing_is_looked_up_below_a_guard(
    client: Client, fast_path: FastPath, path: str
) -> None:
    fast_path.database.add_distribution("base", content_guard_id="a guard")
    fast_path.database.add_file("x", DATA, fast_path.root)
    assert (await get(client, path, If_None_Match="*")).status == HANDED_OVER
    assert fast_path.database.count(sql.LOOK_UP) == 0


async def test_a_guard_that_is_added_counts_from_its_announcement(
    client: Client, fast_path: FastPath
) -> None:
    fast_path.database.add_file("x", DATA, fast_path.root)
    assert (await get(client, "base/x")).status == 200
    row = fast_path.database.distributions["base"]
    row["content_guard_id"] = "a guard"
    fast_path.resolver.announced([str(row["distribution_id"])])
    assert (await get(client, "base/x")).status == HANDED_OVER


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
    plan = fast_path.database.distributions["base"]
    fast_path.resolver.announced([str(plan["distribution_id"])])
    database.superseded["old"]["expires_at"] = datetime.now(UTC) - timedelta(seconds=1)
    assert (await get(client, "base/old")).status == 200
    del database.superseded["old"]
    assert (await get(client, "base/old")).status == 404


async def test_an_empty_publication_is_a_404(client: Client, fast_path: FastPath) -> None:
    fast_path.database.add_distribution(
        "base", publication_id=None, version_id="a version", version_repository_id=None
    )
    assert (await get(client, "base/x")).status == 404
    assert fast_path.database.count(sql.LOOK_UP) == 0


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If_None_Match": "{etag}"}, 304),
        ({"If_None_Match": 'W/{etag}, "other"'}, 304),
        ({"If_None_Match": "*"}, 304),
        ({"If_None_Match": '"other"'}, 200),
        ({"If_Modified_Since": "Sat, 07 Jun 2025 08:09:10 GMT"}, 304),
        ({"If_Modified_Since": "Sat, 07 Jun 2025 08:09:09 GMT"}, 200),
        ({"If_Match": "{etag}"}, 200),
        ({"If_Match": '"other"'}, 412),
        ({"If_Unmodified_Since": "Sat, 07 Jun 2025 08:09:09 GMT"}, 412),
        ({"Range": "bytes=0-0"}, 206),
        ({"Range": "bytes=0-0", "If_Range": "{etag}"}, 206),
        ({"Range": "bytes=0-0", "If_Range": '"other"'}, 200),
        ({"Range": "bytes=0-0", "If_Range": "W/{etag}"}, 200),
        ({"Range": "bytes=9999-", "If_Range": '"other"'}, 200),
        ({"Range": "bytes=9999-"}, 416),
        ({"Range": "bytes=-0"}, 416),
        ({"Range": "items=0-1"}, 200),
        ({"Range": "bytes=abc"}, 200),
        ({"Range": "bytes=0-0,2-3"}, 206),
        ({"Range": "bytes=" + ",".join(f"{n}-{n}" for n in range(0, 40, 2))}, 200),
        ({"Range": "bytes=0-0", "If_None_Match": "{etag}"}, 304),
    ],
    ids=str,
)
async def test_conditions_and_ranges(
    client: Client, fast_path: FastPath, headers: dict[str, str], status: int
) -> None:
    row = fast_path.database.add_file("x.txt", DATA, fast_path.root)
    etag = f'"{row["sha256"]}"'
    filled = {name: value.format(etag=etag) for name, value in headers.items()}
    for _ in range(2):
        answer = await get(client, "base/x.txt", **filled)
        assert answer.status == status
        assert answer.headers["ETag"] == etag
        if status == 304:
            names = {name.lower() for name in answer.headers}
            assert names == {"cache-control", "last-modified", "etag", "date", "server"}
        if status == 416:
            assert answer.headers["Content-Range"] == f"bytes */{len(DATA)}"
            assert len(await answer.read()) == int(answer.headers["Content-Length"])
    head = await get(client, "base/x.txt", "HEAD", **filled)
    # RFC 9110 §14.2: a Range in a HEAD is ignored.
    assert head.status == (200 if status in (206, 416) else status)


async def test_several_ranges_are_one_multipart_answer(client: Client, fast_path: FastPath) -> None:
    fast_path.database.add_file("x.txt", DATA, fast_path.root)
    answer = await get(client, "base/x.txt", Range="bytes=0-1,10-11,-1")
    kind, _, boundary = answer.headers["Content-Type"].partition("; boundary=")
    assert kind == "multipart/byteranges"
    body = await answer.read()
    assert len(body) == int(answer.headers["Content-Length"])
    expected = b"".join(
        f"\r\n--{boundary}\r\nContent-Type: text/plain\r\n"
        f"Content-Range: bytes {first}-{last}/3000\r\n\r\n".encode()
        + DATA[first : last + 1]
        for first, last in [(0, 1), (10, 11), (2999, 2999)]
    )
    assert body == expected + f"\r\n--{boundary}--\r\n".encode()


@pytest.mark.parametrize("is_open", [False, True])
@pytest.mark.parametrize("size", [3000, 100_000, 1_000_000])
async def test_a_truncated_file_is_never_sent_as_the_file(
    client: Client, fast_path: FastPath, size: int, is_open: bool
) -> None:
    data = os.urandom(size)
    row = fast_path.database.add_file("x", data, fast_path.root)
    if is_open:
        assert (await get(client, "base/x")).status == 200
    os.truncate(fast_path.root / row["file"], 10)
    # A small one is in memory until somebody looks at the open files.
    is_kept = is_open and size == 3000
    for _ in range(2):
        answer = await get(client, "base/x")
        assert answer.status == (200 if is_kept else 500)
        assert not is_kept or await answer.read() == data
    await fast_path.files.look_at_open_files()
    assert (await get(client, "base/x")).status == 500


async def test_the_answer_to_head_for_a_damaged_file_has_no_body(
    client: Client, fast_path: FastPath
) -> None:
    """A body would be read as the beginning of the next answer on the connection."""
    row = fast_path.database.add_file("x", DATA, fast_path.root)
    os.truncate(fast_path.root / row["file"], 10)
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    for _ in range(2):
        writer.write(f"HEAD {OURS}base/x HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 500 ")
    writer.close()
    await writer.wait_closed()


async def test_a_file_that_is_gone_is_looked_up_anew_and_handed_over(
    client: Client, fast_path: FastPath
) -> None:
    """Reclaimed content is fetched from its upstream by Pulp's handler."""
    row = fast_path.database.add_file("x", DATA, fast_path.root)
    assert (await get(client, "base/x")).status == 200
    os.unlink(fast_path.root / row["file"])
    fast_path.resolver.announced([str(row["artifact_id"])])
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
    fast_path.resolver.distrust()
    fast_path.database.asked.clear()
    for _ in range(2):
        assert (await get(client, "base/x")).status == 200
    assert fast_path.database.asked == [sql.PLAN, sql.PLAN]


async def test_after_a_time_of_silence_nothing_is_served_from_memory(
    client: Client, fast_path: FastPath
) -> None:
    """A publish may have been missed."""
    fast_path.database.add_file("x", DATA, fast_path.root)
    assert (await get(client, "base/x")).status == 200
    fast_path.database.add_distribution("base")
    fast_path.database.files["x"] = fast_path.database.add_file("y", b"new", fast_path.root)
    fast_path.resolver.distrust()
    fast_path.resolver.trust()
    assert await (await get(client, "base/x")).read() == b"new"


async def test_a_plan_that_had_to_make_room_is_not_served_from_memory(
    client: Client, fast_path: FastPath
) -> None:
    """Announcements do not reach it any more."""
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
    while not fast_path.database.asked:  # noqa: ASYNC110  the fake has no event for it
        await asyncio.sleep(0)
    fast_path.resolver.announced(["whatever"])
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


@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize("connection", ["close", "keep-alive", None])
async def test_the_connection_is_kept_as_the_client_wishes(
    client: Client, fast_path: FastPath, version: str, connection: str | None
) -> None:
    fast_path.database.add_file("x", b"x", fast_path.root)
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    wish = f"Connection: {connection}\r\n" if connection else ""
    writer.write(f"GET {OURS}base/x HTTP/{version}\r\nHost: a\r\n{wish}\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    assert head.startswith(f"HTTP/{version} 200 OK\r\n")
    assert await reader.readexactly(1) == b"x"
    is_kept = connection == "keep-alive" or (version == "1.1" and connection is None)
    said = {("1.0", True): "keep-alive", ("1.1", False): "close"}.get((version, is_kept))
    assert ("Connection: " in head) is (said is not None)
    assert said is None or f"Connection: {said}\r\n" in head
    if not is_kept:
        assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()
