"""Artifacts are read without blocking, and never if the file is not the expected one."""

import errno
import gc
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from pulp_contentroutes.serving.coherence.singleflight import SingleFlight
from pulp_contentroutes.serving.errors import FileDamaged, FileGone
from pulp_contentroutes.serving.sources import stored_files
from pulp_contentroutes.serving.sources.files import Files
from pulp_contentroutes.serving.sources.stored_files import KEPT_BYTES, OpenFile, StoredFile
from tests.rows import stored

#: Too large to be kept in memory.
DATA = os.urandom(KEPT_BYTES + 1)
SHARED_MEMORY = Path("/dev/shm")


@pytest.fixture
def files() -> Files:
    return Files(2)


def make(files: Files, root: Path, data: bytes = DATA) -> StoredFile:
    name = uuid4().hex
    (root / name).write_bytes(data)
    return files.stored_file(stored(name, len(data)), str(root))


async def read(opened: OpenFile, offset: int, length: int) -> bytes:
    buffer = bytearray(length)
    await opened.read(offset, memoryview(buffer))
    return bytes(buffer)


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_an_artifact_is_one_value_however_it_is_found(files: Files, tmp_path: Path) -> None:
    row = stored("x", 1)
    assert files.stored_file(row, str(tmp_path)) is files.stored_file(dict(row), str(tmp_path))


@pytest.mark.parametrize("has_nowait", [True, False])
async def test_bytes_are_read_where_they_are_asked_for(
    files: Files, tmp_path: Path, has_nowait: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not has_nowait:
        monkeypatch.setattr(stored_files, "_NOWAIT", 0)
    descriptor = await files.open_anew(make(files, tmp_path))
    assert await read(descriptor, 0, len(DATA)) == DATA
    assert await read(descriptor, 1, 1) == DATA[1:2]
    assert await read(descriptor, len(DATA) - 1, 1) == DATA[-1:]


@pytest.mark.skipif(not SHARED_MEMORY.is_dir(), reason="there is no /dev/shm here")
async def test_a_file_system_without_nowait_is_read_in_a_thread(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """tmpfs and NFS refuse RWF_NOWAIT."""
    file = make(files, SHARED_MEMORY)
    try:
        assert await read(await files.open_anew(file), 0, len(DATA)) == DATA
    finally:
        os.unlink(file.name)


@pytest.mark.parametrize("size", [0, len(DATA) - 1, len(DATA) + 1])
async def test_a_file_of_another_size_is_not_opened(
    files: Files, tmp_path: Path, size: int
) -> None:
    file = make(files, tmp_path)
    os.truncate(file.name, size)
    with pytest.raises(FileDamaged):
        await files.open_anew(file)


async def test_a_file_that_is_truncated_later_is_noticed_by_its_reader(
    files: Files, tmp_path: Path
) -> None:
    file = make(files, tmp_path)
    descriptor = await files.open_anew(file)
    os.truncate(file.name, 5)
    with pytest.raises(FileDamaged):
        await read(descriptor, 0, len(DATA))
    assert files._open.get(file.artifact_id) is None


async def test_a_file_that_is_gone_makes_its_paths_be_looked_up_anew(
    files: Files, tmp_path: Path
) -> None:
    file = make(files, tmp_path)
    os.unlink(file.name)
    with pytest.raises(FileGone):
        await files.open_anew(file)
    assert not file.is_current


async def test_no_more_files_stay_open_than_allowed(files: Files, tmp_path: Path) -> None:
    await files.open_anew(make(files, tmp_path))
    files.close()
    before = open_descriptors()
    for _ in range(10):
        await files.open_anew(make(files, tmp_path))
    assert open_descriptors() <= before + 2
    files.close()
    assert open_descriptors() == before


async def test_a_file_that_was_refused_is_closed_at_once(files: Files, tmp_path: Path) -> None:
    """That is, not at the next run of Python's garbage collector."""
    file = make(files, tmp_path)
    os.truncate(file.name, 5)
    gc.disable()
    try:
        before = open_descriptors()
        for _ in range(3):
            with pytest.raises(FileDamaged):
                await files.open_anew(file)
        assert open_descriptors() == before
    finally:
        gc.enable()


async def test_a_failure_leaves_no_circle_of_references(files: Files, tmp_path: Path) -> None:
    descriptor = await files.open_anew(make(files, tmp_path))

    async def fail() -> None:
        held = descriptor
        raise FileDamaged(held.file.name)

    flights: SingleFlight[str, None] = SingleFlight()
    gc.disable()
    try:
        before = sys.getrefcount(descriptor)
        with pytest.raises(FileDamaged) as caught:
            await flights.run("k", fail)
        del caught
        assert sys.getrefcount(descriptor) == before
    finally:
        gc.enable()


async def test_a_file_stays_open_for_who_reads_it(files: Files, tmp_path: Path) -> None:
    reader = await files.open_anew(make(files, tmp_path))
    for _ in range(5):
        await files.open_anew(make(files, tmp_path))
    assert await read(reader, 0, len(DATA)) == DATA


async def test_a_deleted_artifact_is_closed_and_looked_up_anew(
    files: Files, tmp_path: Path
) -> None:
    """Otherwise its disk space would be freed only when the worker restarts."""
    file = make(files, tmp_path)
    await files.open_anew(file)
    files.invalidate(["base_paths", str(uuid4()), str(file.artifact_id)])
    assert files._open.get(file.artifact_id) is None
    assert not file.is_current


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Treat every file as one that was written long ago."""
    monkeypatch.setattr(stored_files, "_TICK_SECONDS", -1)


def rewrite(file: StoredFile, data: bytes) -> None:
    """Change a file as `rsync --inplace --times` does: the same inode, size and date."""
    status = os.stat(file.name)
    with open(file.name, "r+b") as opened:
        opened.write(data)
    os.utime(file.name, ns=(status.st_atime_ns, status.st_mtime_ns))


def replace(file: StoredFile, data: bytes) -> None:
    """Replace the file, while a hard link, like that of a backup, keeps the old one."""
    os.link(file.name, f"{file.name}.backup")
    os.unlink(file.name)
    Path(file.name).write_bytes(data)


@pytest.mark.usefixtures("settled")
async def test_a_file_that_is_as_it_was_stays_open(files: Files, tmp_path: Path) -> None:
    file = make(files, tmp_path)
    descriptor = await files.open_anew(file)
    await files.evict_deleted()
    assert files._open.get(file.artifact_id) is descriptor


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("harm", [rewrite, replace])
@pytest.mark.parametrize("size", [1000, 1_000_000])
async def test_what_its_name_leads_to_is_served_after_a_look_at_the_names(
    files: Files, tmp_path: Path, size: int, harm: Callable[[StoredFile, bytes], None]
) -> None:
    """Or a repaired file would be served damaged for as long as it is open."""
    damaged, repaired = os.urandom(size), os.urandom(size)
    file = make(files, tmp_path, damaged)
    assert await (await files.open(file)).read_all() == damaged
    harm(file, repaired)
    await files.evict_deleted()
    assert await (await files.open(file)).read_all() == repaired


@pytest.mark.usefixtures("settled")
async def test_a_large_file_that_was_changed_in_place_is_opened_anew_at_once(
    files: Files, tmp_path: Path
) -> None:
    file = make(files, tmp_path, os.urandom(1_000_000))
    descriptor = await files.open_anew(file)
    assert await files.open(file) is files.open_nowait(file) is descriptor
    rewrite(file, os.urandom(1_000_000))
    assert files.open_nowait(file) is None
    assert await files.open(file) is not descriptor


@pytest.mark.parametrize("size", [1000, 1_000_000])
async def test_a_file_is_served_while_it_is_open_whatever_becomes_of_its_name(
    files: Files, tmp_path: Path, size: int
) -> None:
    data = os.urandom(size)
    file = make(files, tmp_path, data)
    descriptor = await files.open_anew(file)
    os.link(file.name, f"{file.name}.backup")
    assert files.open_nowait(file) is descriptor
    os.unlink(f"{file.name}.backup")
    os.unlink(file.name)
    assert files.open_nowait(file) is await files.open(file) is descriptor
    assert await descriptor.read_all() == data


async def test_a_file_that_was_written_just_before_is_opened_once_more(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second change in the same tick of the file system's clock leaves no trace."""
    file = make(files, tmp_path)
    await files.open_anew(file)
    await files.evict_deleted()
    assert files._open.get(file.artifact_id) is None
    written = os.stat(file.name).st_ctime
    monkeypatch.setattr(time, "time", lambda: written + 3)
    descriptor = await files.open_anew(file)
    await files.evict_deleted()
    assert files._open.get(file.artifact_id) is descriptor


@pytest.mark.usefixtures("settled")
async def test_a_name_that_cannot_be_looked_at_hides_none_of_the_others(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stale NFS handle used to end these checks for the rest of a worker's life."""
    stale, gone = make(files, tmp_path), make(files, tmp_path)
    await files.open_anew(stale)
    await files.open_anew(gone)
    os.unlink(gone.name)
    look = os.stat

    def fail(name: Any, *args: Any, **options: Any) -> os.stat_result:
        if name == stale.name:
            raise OSError(errno.ESTALE, "Stale file handle")
        return look(name, *args, **options)

    monkeypatch.setattr(os, "stat", fail)
    await files.evict_deleted()
    assert files._open.get(stale.artifact_id) is None
    assert files._open.get(gone.artifact_id) is None


@pytest.mark.usefixtures("settled")
async def test_the_watch_closes_what_was_deleted_behind_our_back(
    files: Files, tmp_path: Path
) -> None:
    gone, there = make(files, tmp_path), make(files, tmp_path)
    await files.open_anew(gone)
    await files.open_anew(there)
    os.unlink(gone.name)
    await files.evict_deleted()
    assert files._open.get(gone.artifact_id) is None
    assert files._open.get(there.artifact_id) is not None
