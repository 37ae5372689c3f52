"""The contract of byte sources: responses rely on it, wherever the bytes are stored."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from pulp_contentroutes.serving.byte_source import ByteSource
from pulp_contentroutes.serving.errors import FileDamaged, FileFault, FileGone
from pulp_contentroutes.serving.sources import stored_files
from pulp_contentroutes.serving.sources.files import Files
from tests.rows import stored

#: The first is kept in memory when it is opened; the second is read from the disk.
SIZES = {"few bytes": stored_files.KEPT_BYTES, "many bytes": 3 * stored_files.KEPT_BYTES + 1}


@dataclass(frozen=True)
class Made:
    """A source, its bytes, and functions that remove, truncate or change them."""

    source: ByteSource
    data: bytes
    remove: Callable[[], None]
    cut: Callable[[], None]
    change: Callable[[], None]


@pytest.fixture(params=SIZES)
def size(request: pytest.FixtureRequest) -> int:
    return SIZES[request.param]


@pytest.fixture(params=["a stored file", "a stored file where reads may wait"])
def made(
    request: pytest.FixtureRequest, size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Made:
    """Return each kind of source; add a parameter for a new kind."""
    if "wait" in request.param:
        monkeypatch.setattr(stored_files, "_NOWAIT", 0)
    data, path = os.urandom(size), tmp_path / "file"
    path.write_bytes(data)

    def change() -> None:
        path.write_bytes(os.urandom(size))
        # As if the change had been made a second later.
        os.utime(path, ns=(0, path.stat().st_mtime_ns + 10**9))

    source = Files(10).stored_file(stored("file", size), str(tmp_path))
    return Made(source, data, path.unlink, lambda: os.truncate(path, size - 1), change)


async def read(source: ByteSource, offset: int, length: int) -> bytes:
    buffer = bytearray(length)
    opened = await source.open()
    opened = await opened.read(offset, memoryview(buffer))
    await opened.confirm()
    return bytes(buffer)


async def test_all_bytes_and_any_part_of_them_are_read(made: Made) -> None:
    opened = await made.source.open()
    assert await opened.read_all() == made.data
    assert opened.data in (None, made.data)
    size = made.source.size
    assert size == len(made.data)
    for offset, length in ((0, 1), (1, size - 1), (size - 1, 1), (0, size)):
        assert await read(made.source, offset, length) == made.data[offset : offset + length]


async def test_a_read_that_does_not_wait_is_right_or_none(made: Made) -> None:
    opened = await made.source.open()
    buffer = bytearray(10)
    if opened.fill_nowait(buffer, 3):
        assert buffer == made.data[3:13]
    assert not opened.fill_nowait(bytearray(10), made.source.size - 5) or opened.data is not None


async def test_a_source_is_opened_without_waiting_only_if_it_is_open_already(made: Made) -> None:
    assert made.source.open_nowait() is None
    opened = await made.source.open()
    assert made.source.open_nowait() in (None, opened)


async def test_readers_at_once_share_what_is_open(made: Made) -> None:
    opened = await asyncio.gather(*(made.source.open() for _ in range(3)))
    assert len(set(opened)) == 1


async def test_bytes_that_are_gone_are_told_and_not_current_any_more(made: Made) -> None:
    made.remove()
    with pytest.raises(FileGone):
        await made.source.open()
    assert not made.source.is_current


async def test_bytes_that_are_too_few_are_refused(made: Made) -> None:
    made.cut()
    with pytest.raises(FileDamaged):
        await made.source.open()
    assert made.source.is_current


async def test_bytes_that_become_too_few_are_never_taken_for_whole(made: Made) -> None:
    opened = await made.source.open()
    made.cut()
    try:
        data = await opened.read_all()
    except FileFault:
        return
    assert data == made.data


async def test_reads_before_and_after_a_change_are_not_taken_for_one(made: Made) -> None:
    opened = await made.source.open()
    first = bytearray(10)
    opened = await opened.read(0, memoryview(first))
    made.change()
    with pytest.raises(FileDamaged):
        await opened.confirm()
