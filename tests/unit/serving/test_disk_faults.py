"""Disk faults: clients do not notice them if it can be avoided, and they are never a 404."""

import errno
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientPayloadError, web

from pulp_contentroutes.serving.sources import stored_files
from tests.unit.serving.conftest import (
    HANDED_OVER,
    OURS,
    PULPS,
    Client,
    FastPath,
    MakeClient,
    get,
)

SIZES = [1000, 50_000, 1_000_000]
FAULTS = [errno.EACCES, errno.EIO, errno.ELOOP, errno.ESTALE, errno.ENFILE]


def ours(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """Return our own log records: aiohttp logs each access if its loggers are on."""
    return [each for each in caplog.records if each.name.startswith("pulp_contentroutes")]


class Disk:
    """A fake of system calls, which makes the next ones fail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        #: The errors of the next calls that open or read a file; None if a call succeeds.
        self.opens: list[int | None] = []
        self.reads: list[int | None] = []
        #: Called with the offset of each read.
        self.watch: Callable[[int], None] = lambda offset: None
        self._open, self._preadv = os.open, os.preadv
        monkeypatch.setattr(os, "open", self.open)
        monkeypatch.setattr(os, "preadv", self.preadv)

    def open(self, name: Any, *arguments: Any, **options: Any) -> int:
        _fail(self.opens)
        return self._open(name, *arguments, **options)

    def preadv(self, number: int, buffers: Sequence[Any], offset: int, flags: int = 0) -> int:
        # The test whether a file can be read without waiting does not count as a read.
        if len(buffers[0]) > 1:
            self.watch(offset)
            _fail(self.reads)
        return self._preadv(number, buffers, offset, flags)


def _fail(errors: list[int | None]) -> None:
    error = errors.pop(0) if errors else None
    if error is not None:
        raise OSError(error, os.strerror(error))


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    # Otherwise a file that was written a moment ago would be opened again.
    monkeypatch.setattr(stored_files, "_TICK_SECONDS", -1)
    return Disk(monkeypatch)


def add(fast_path: FastPath, size: int) -> tuple[bytes, Path]:
    """Publish `base/x`, and return its bytes and its file."""
    data = os.urandom(size)
    return data, fast_path.root / fast_path.database.add_file("x", data, fast_path.root)["file"]


@pytest.mark.parametrize("error", FAULTS, ids=errno.errorcode.get)
@pytest.mark.parametrize("headers", [{}, {"Range": "bytes=5-9"}], ids=["whole", "range"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_file_that_cannot_be_opened_is_a_fault_of_the_server(
    client: Client, fast_path: FastPath, disk: Disk, caplog: pytest.LogCaptureFixture,
    method: str, headers: dict[str, str], error: int,
) -> None:  # fmt: skip
    """A package manager that is told 403 or 404 believes that the package was withdrawn."""
    _, file = add(fast_path, 1000)
    disk.opens = [error] * 2
    answer = await get(client, "base/x", method, **headers)
    assert answer.status == 500
    assert answer.headers["Cache-Control"] == "no-store"
    assert "ETag" not in answer.headers
    [record] = ours(caplog)
    assert str(file) in record.getMessage()
    assert os.strerror(error) in record.getMessage()
    assert record.exc_info is None
    disk.opens = []
    assert (await get(client, "base/x", method, **headers)).ok


async def test_a_damaged_file_is_not_to_be_stored(client: Client, fast_path: FastPath) -> None:
    _, file = add(fast_path, 1000)
    os.truncate(file, 10)
    answer = await get(client, "base/x")
    assert (answer.status, answer.headers["Cache-Control"]) == (500, "no-store")


async def test_a_file_that_is_missing_is_left_to_pulp(client: Client, fast_path: FastPath) -> None:
    _, file = add(fast_path, 1000)
    file.unlink()
    assert (await get(client, "base/x")).status == HANDED_OVER


@pytest.mark.parametrize("error", [errno.EMFILE, errno.ENFILE], ids=errno.errorcode.get)
async def test_without_descriptors_left_our_open_files_make_room(
    client: Client, fast_path: FastPath, disk: Disk, error: int
) -> None:
    fast_path.database.add_file("y", b"y", fast_path.root)
    assert (await get(client, "base/y")).status == 200
    data, _ = add(fast_path, 1000)
    disk.opens = [error]
    answer = await get(client, "base/x")
    assert (answer.status, await answer.read()) == (200, data)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("headers", [{}, {"Range": "bytes=0-"}], ids=["whole", "range"])
async def test_a_read_that_fails_once_costs_the_client_nothing(
    client: Client, fast_path: FastPath, disk: Disk, caplog: pytest.LogCaptureFixture,
    size: int, headers: dict[str, str],
) -> None:  # fmt: skip
    """A restart of a file server makes all open files stale at once."""
    data, _ = add(fast_path, size)
    assert (await get(client, "base/x", **headers)).ok
    # Once in the event loop, and once in a thread.
    disk.reads = [errno.ESTALE] * 2
    answer = await get(client, "base/x", **headers)
    assert await answer.read() == data
    assert not ours(caplog)


async def test_a_stale_status_costs_the_client_nothing(
    client: Client, fast_path: FastPath, disk: Disk, caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    data, _ = add(fast_path, 1_000_000)
    await get(client, "base/x")
    errors: list[int | None] = [errno.ESTALE] * 2
    status_of = os.fstat

    def fstat(number: int) -> os.stat_result:
        _fail(errors)
        return status_of(number)

    monkeypatch.setattr(os, "fstat", fstat)
    assert await (await get(client, "base/x")).read() == data
    assert not ours(caplog)


@pytest.mark.parametrize("size", SIZES[1:])
async def test_a_file_that_cannot_be_read_is_a_fault_of_the_server(
    client: Client, fast_path: FastPath, disk: Disk, caplog: pytest.LogCaptureFixture, size: int
) -> None:
    _, file = add(fast_path, size)
    assert (await get(client, "base/x")).ok
    disk.reads = [errno.EIO] * 9
    answer = await get(client, "base/x")
    assert (answer.status, answer.headers["Cache-Control"]) == (500, "no-store")
    [record] = ours(caplog)
    assert str(file) in record.getMessage()
    assert os.strerror(errno.EIO) in record.getMessage()


async def test_an_answer_whose_file_becomes_unreadable_is_broken_off(
    client: Client, fast_path: FastPath, disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    _, file = add(fast_path, 1_000_000)

    def fail_later(offset: int) -> None:
        if offset:
            disk.reads = [errno.EIO] * 4

    disk.watch = fail_later
    with pytest.raises(ClientPayloadError):
        await get(client, "base/x")
    [record] = ours(caplog)
    assert str(file) in record.getMessage()


async def test_an_answer_whose_file_is_written_to_is_broken_off(
    client: Client, fast_path: FastPath, disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    """Or a client would get the beginning of one file and the end of another."""
    _, file = add(fast_path, 1_000_000)
    disk.watch = lambda offset: os.utime(file) if offset else None
    with pytest.raises(ClientPayloadError):
        await get(client, "base/x")
    [record] = ours(caplog)
    assert "changed" in record.getMessage()
    disk.watch = lambda offset: None
    assert (await get(client, "base/x")).status == 200


async def test_a_change_of_the_inode_alone_breaks_nothing_off(
    client: Client, fast_path: FastPath, disk: Disk
) -> None:
    """Backups make hard links, and administrators change owners."""
    data, file = add(fast_path, 1_000_000)
    before = file.stat()
    disk.watch = lambda _: os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert await (await get(client, "base/x")).read() == data
    assert file.stat().st_ctime_ns > before.st_ctime_ns


# Files that Pulp's handler sends.


@pytest.fixture
async def pulps(
    fast_path: FastPath, tmp_path: Path, aiohttp_client: MakeClient
) -> tuple[Client, Path]:
    """Return a client of an app whose handler sends a file, and the path of this file."""
    file = tmp_path / "artifact"
    file.write_bytes(b"data")

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.FileResponse(file, headers={"Cache-Control": "public", "ETag": '"x"'})

    # As before the listener runs: everything is handed over.
    fast_path.answers.is_on = False
    app = web.Application(middlewares=[fast_path.pipeline.outermost])
    app.add_routes([web.get(prefix + "{path:.+}", answer) for prefix in (OURS, PULPS, "/other/")])
    return await aiohttp_client(app), file


@pytest.mark.parametrize("prefix", [OURS, PULPS])
@pytest.mark.parametrize("error", FAULTS, ids=errno.errorcode.get)
async def test_a_file_that_pulp_may_not_open_is_a_fault_of_the_server(
    pulps: tuple[Client, Path], disk: Disk, caplog: pytest.LogCaptureFixture,
    error: int, prefix: str,
) -> None:  # fmt: skip
    """aiohttp answers 403 or 404, with the headers of the file."""
    client, file = pulps
    disk.opens = [error]
    answer = await client.get(f"{prefix}handed/over")
    assert (answer.status, answer.headers["Cache-Control"]) == (500, "no-store")
    assert "ETag" not in answer.headers
    [record] = ours(caplog)
    assert str(file) in record.getMessage()
    assert os.strerror(error) in record.getMessage()
    answer = await client.get(f"{prefix}handed/over")
    assert (answer.status, await answer.read()) == (200, b"data")


async def test_a_folder_in_the_place_of_a_file_is_a_fault_of_the_server(
    pulps: tuple[Client, Path],
) -> None:
    client, file = pulps
    file.unlink()
    file.mkdir()
    assert (await client.get(f"{OURS}handed/over")).status == 500


async def test_a_file_that_pulp_does_not_find_is_missing(pulps: tuple[Client, Path]) -> None:
    client, file = pulps
    file.unlink()
    assert (await client.get(f"{OURS}handed/over")).status == 404


async def test_files_of_other_handlers_are_none_of_ours(
    pulps: tuple[Client, Path], disk: Disk
) -> None:
    client, _ = pulps
    disk.opens = [None]
    await client.get("/other/x")
    assert disk.opens == [None]
