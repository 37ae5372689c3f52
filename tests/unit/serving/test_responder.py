"""Responses with a file, over the wire: headers, conditions, ranges, damage."""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest

from pulp_contentroutes.serving.access.guards import GuardNeeds
from tests.unit.serving.conftest import DATA, OURS, Client, FastPath, get, guarded


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


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"If_None_Match": "{etag}"}, 304, id="a copy with our tag is current"),
        pytest.param(
            {"If_None_Match": 'W/{etag}, "other"'},
            304,
            id="a weakened tag in a list is as good as our tag",
        ),
        pytest.param({"If_None_Match": "*"}, 304, id="a star makes every copy current"),
        pytest.param({"If_None_Match": '"other"'}, 200, id="a copy with another tag is outdated"),
        pytest.param(
            {"If_Modified_Since": "Sat, 07 Jun 2025 08:09:10 GMT"},
            304,
            id="a copy of the same second is current",
        ),
        pytest.param(
            {"If_Modified_Since": "Sat, 07 Jun 2025 08:09:09 GMT"},
            200,
            id="a copy from one second before is outdated",
        ),
        pytest.param({"If_Match": "{etag}"}, 200, id="If-Match with our tag lets the file through"),
        pytest.param({"If_Match": '"other"'}, 412, id="If-Match with another tag fails"),
        pytest.param(
            {"If_Unmodified_Since": "Sat, 07 Jun 2025 08:09:09 GMT"},
            412,
            id="If-Unmodified-Since of one second before fails",
        ),
        pytest.param({"Range": "bytes=0-0"}, 206, id="one byte is a range"),
        pytest.param(
            {"Range": "bytes=0-0", "If_Range": "{etag}"},
            206,
            id="If-Range with our tag keeps the range",
        ),
        pytest.param(
            {"Range": "bytes=0-0", "If_Range": '"other"'},
            200,
            id="If-Range with another tag drops the range",
        ),
        pytest.param(
            {"Range": "bytes=0-0", "If_Range": "W/{etag}"},
            200,
            id="If-Range with a weakened tag drops the range",
        ),
        pytest.param(
            {"Range": "bytes=9999-", "If_Range": '"other"'},
            200,
            id="If-Range with another tag drops even a range beyond the end",
        ),
        pytest.param({"Range": "bytes=9999-"}, 416, id="a range beyond the end is not satisfiable"),
        pytest.param({"Range": "bytes=-0"}, 416, id="a suffix of no bytes is not satisfiable"),
        pytest.param({"Range": "items=0-1"}, 200, id="a range in another unit is ignored"),
        pytest.param({"Range": "bytes=abc"}, 416, id="a malformed range is not satisfiable"),
        pytest.param({"Range": "bytes=-1-11"}, 416, id="neither is one with two dashes"),
        pytest.param({"Range": "bytes=0-9,5-"}, 200, id="ranges that are all of the file are it"),
        pytest.param(
            {"If_Modified_Since": "Sat, 07 Jun 2025 08:09:11 GMT"},
            200,
            id="a copy of a later second is that of another file",
        ),
        pytest.param(
            {"If_Unmodified_Since": "Sat, 07 Jun 2025 08:09:10 GMT", "Range": "bytes=0-0"},
            206,
            id="If-Unmodified-Since of the same second keeps the range",
        ),
        pytest.param(
            {"If_Unmodified_Since": "Sat, 07 Jun 2025 08:09:11 GMT", "Range": "bytes=0-0"},
            412,
            id="a range of a copy of a later second would be one of another file",
        ),
        pytest.param({"Range": "bytes=0-0,2-3"}, 206, id="two ranges are one answer"),
        pytest.param(
            {"Range": "bytes=" + ",".join(f"{n}-{n}" for n in range(0, 40, 2))},
            200,
            id="more ranges than allowed are ignored",
        ),
        pytest.param(
            {"Range": "bytes=0-0", "If_None_Match": "{etag}"},
            304,
            id="a current copy comes before the range",
        ),
    ],
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
    # A small file stays in memory until the open files are checked.
    is_kept = is_open and size == 3000
    for _ in range(2):
        answer = await get(client, "base/x")
        assert answer.status == (200 if is_kept else 500)
        assert not is_kept or await answer.read() == data
    await fast_path.files.evict_deleted()
    assert (await get(client, "base/x")).status == 500


async def test_the_answer_to_head_for_a_damaged_file_has_no_body(
    client: Client, fast_path: FastPath
) -> None:
    """The client would read a body as the beginning of the next answer on the connection."""
    row = fast_path.database.add_file("x", DATA, fast_path.root)
    os.truncate(fast_path.root / row["file"], 10)
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    for _ in range(2):
        writer.write(f"HEAD {OURS}base/x HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 500 ")
    writer.close()
    await writer.wait_closed()


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


PRIVATE = "private, max-age=0, must-revalidate"


@pytest.mark.parametrize("size", [1, 300_000])
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({}, 200, id="whole"),
        pytest.param({"Range": "bytes=0-0"}, 206, id="a range"),
        pytest.param({"If_None_Match": "*"}, 304, id="not modified"),
    ],
)
async def test_no_shared_cache_may_store_what_a_guard_has_admitted(
    client: Client, fast_path: FastPath, headers: dict[str, str], status: int, size: int
) -> None:
    """Shared caches would respect an Authorization header, but a client certificate is none."""
    guarded(fast_path, GuardNeeds.REQUEST)
    fast_path.database.add_file("x", os.urandom(size), fast_path.root)
    for method in ("GET", "HEAD", "GET"):
        answer = await get(client, "base/x", method, X_Key="yes", **headers)
        assert answer.headers["Cache-Control"] == PRIVATE
        assert answer.status == (200 if (method, status) == ("HEAD", 206) else status)
    missing = await get(client, "base/missing", X_Key="yes")
    assert (missing.status, missing.headers["Cache-Control"]) == (404, "private")


async def test_the_same_file_without_a_guard_is_public(client: Client, fast_path: FastPath) -> None:
    guarded(fast_path, GuardNeeds.REQUEST)
    source = fast_path.database.distributions["base"]
    fast_path.database.add_distribution(
        "open", **{key: source[key] for key in ("publication_id", "version_id")}
    )
    for _ in range(2):
        closed = await get(client, "base/x", X_Key="yes")
        opened = await get(client, "open/x")
        assert closed.headers["Cache-Control"] == PRIVATE
        assert opened.headers["Cache-Control"] == PRIVATE.replace("private", "public")


@pytest.mark.parametrize("headers", [{}, {"Range": "bytes=0-0"}, {"If_None_Match": "*"}])
async def test_last_modified_is_never_later_than_date(
    client: Client, fast_path: FastPath, headers: dict[str, str]
) -> None:
    """The database's clock may be ahead; RFC 9110 §8.8.2.1."""
    entered = datetime.now(UTC) + timedelta(hours=1)
    fast_path.database.add_file("x", DATA, fast_path.root, entered=entered)
    for _ in range(2):
        answer = await get(client, "base/x", **headers)
        sent, date = (answer.headers[name] for name in ("Last-Modified", "Date"))
        assert parsedate_to_datetime(sent) <= parsedate_to_datetime(date)
        assert (await get(client, "base/x", If_Modified_Since=sent)).status == 200
