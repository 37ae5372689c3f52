"""Artifacts in the file system: open descriptors, and reads that never block the event loop."""

import asyncio
import errno
import os
import stat
from collections.abc import Iterable
from typing import Final
from uuid import UUID
from weakref import WeakValueDictionary

from pulp_contentroutes.serving.cache import BoundedCache
from pulp_contentroutes.serving.errors import FileDamaged, FileGone
from pulp_contentroutes.serving.model import StoredFile
from pulp_contentroutes.serving.rows import Row, ids_among
from pulp_contentroutes.serving.singleflight import SingleFlight

# Linux ≥ 4.14: read what is in the page cache, or say EAGAIN. Elsewhere a thread reads.
_NOWAIT: Final = getattr(os, "RWF_NOWAIT", 0)
_WOULD_BLOCK: Final = (errno.EAGAIN, errno.EOPNOTSUPP, errno.ENOSYS)
# How often open files are looked at: one that was deleted keeps its disk space while it is open.
_WATCH_SECONDS: Final = 30


#: Files up to here are read when they are opened, and kept: a system call costs more than a copy.
KEPT_BYTES: Final = 16 * 1024


class Descriptor:
    """An open file. It closes when nobody refers to it: neither the cache nor a reader."""

    __slots__ = ("data", "file", "number")

    def __init__(self, file: StoredFile, number: int, data: bytes | None) -> None:
        self.file = file
        self.number = number
        #: All of a small file.
        self.data = data

    def __del__(self) -> None:
        os.close(self.number)


class Files:
    """Every stored file that is known, and the most recently used of them open."""

    def __init__(self, max_open: int) -> None:
        self._known: WeakValueDictionary[UUID, StoredFile] = WeakValueDictionary()
        self._open: BoundedCache[UUID, Descriptor] = BoundedCache(max_open)
        self._flights: SingleFlight[UUID, Descriptor] = SingleFlight()

    def close(self) -> None:
        self._open.clear()

    def stored_file(self, row: Row, root: str) -> StoredFile:
        """Return the one value for the artifact of a row."""
        name = os.path.join(root, row["file"])
        file = self._known.get(row["artifact_id"])
        if file is not None and file.name != name:
            # The domain's storage was moved.
            self._forget(file.artifact_id)
            file = None
        if file is None or not file.is_current:
            file = StoredFile(row["artifact_id"], name, row["size"])
            self._known[file.artifact_id] = file
        return file

    def announced(self, keys: Iterable[str]) -> None:
        """Let go of the artifacts among the ids that the database announces."""
        for artifact_id in ids_among(keys):
            self._forget(artifact_id)

    def _forget(self, artifact_id: UUID) -> None:
        file = self._known.pop(artifact_id, None)
        if file is not None:
            file.is_current = False
            self._open.discard(artifact_id)

    def forget_all(self) -> None:
        """Let go of everything: announcements may have been missed."""
        for file in list(self._known.values()):
            file.is_current = False
        self._known.clear()
        self._open.clear()

    def opened(self, file: StoredFile) -> Descriptor | None:
        return self._open.get(file.artifact_id)

    async def ready(self, file: StoredFile) -> Descriptor:
        """Return the open file, or raise FileGone or FileDamaged.

        A file that is gone is looked up anew the next time.
        """
        descriptor = self.opened(file)
        if descriptor is None:
            return await self.open(file)
        # It is right when it is opened; what happened since costs a system call to know.
        if descriptor.data is None and os.fstat(descriptor.number).st_size != file.size:
            raise self._damaged(descriptor)
        return descriptor

    async def open(self, file: StoredFile) -> Descriptor:
        try:
            return await self._flights.run(file.artifact_id, lambda: self._opened(file))
        except FileGone:
            file.is_current = False
            raise

    async def _opened(self, file: StoredFile) -> Descriptor:
        descriptor = await asyncio.to_thread(_open_checked, file)
        if file.is_current:
            self._open.put(file.artifact_id, descriptor)
        return descriptor

    async def whole(self, descriptor: Descriptor) -> bytes | bytearray:
        """Return all of the file, or raise FileDamaged."""
        if descriptor.data is not None:
            return descriptor.data
        data = bytearray(descriptor.file.size)
        await self.read(descriptor, 0, memoryview(data))
        return data

    async def read(self, descriptor: Descriptor, offset: int, buffer: memoryview) -> None:
        """Fill `buffer`, or raise FileDamaged where the file ends before."""
        if read_now(descriptor, offset, buffer):
            return
        buffers = (buffer,)
        count = await asyncio.to_thread(os.preadv, descriptor.number, buffers, offset)
        if count != len(buffer):
            raise self._damaged(descriptor)

    def _damaged(self, descriptor: Descriptor) -> FileDamaged:
        self._open.discard(descriptor.file.artifact_id, descriptor)
        return FileDamaged(f"{descriptor.file.name} has not {descriptor.file.size} bytes any more.")

    async def watch(self) -> None:
        """Look at the open files, for ever."""
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            await self.look_at_open_files()

    async def look_at_open_files(self) -> None:
        """Close those that were deleted or have changed their size."""
        for descriptor in self._open:
            status = await asyncio.to_thread(os.fstat, descriptor.number)
            if status.st_nlink == 0 or status.st_size != descriptor.file.size:
                self._open.discard(descriptor.file.artifact_id, descriptor)


def whole_now(descriptor: Descriptor) -> bytes | bytearray | None:
    """Return all of the file if it is in memory, None if a read would wait for a disk."""
    if descriptor.data is not None:
        return descriptor.data
    data = bytearray(descriptor.file.size)
    return data if read_now(descriptor, 0, data) else None


def read_now(descriptor: Descriptor, offset: int, buffer: bytearray | memoryview) -> bool:
    """Fill `buffer` if the page cache has all of it; False if a read would wait for a disk."""
    if not _NOWAIT:
        return False
    try:
        return os.preadv(descriptor.number, (buffer,), offset, _NOWAIT) == len(buffer)
    except OSError as error:
        if error.errno in _WOULD_BLOCK:
            return False
        raise


def _open_checked(file: StoredFile) -> Descriptor:
    """Open the file. Blocking."""
    try:
        # Without O_NONBLOCK, a pipe in its place would hold the thread for ever.
        number = os.open(file.name, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise FileGone(f"{file.name}: {error.strerror}") from error
    try:
        status = os.fstat(number)
        if not stat.S_ISREG(status.st_mode) or status.st_size != file.size:
            raise FileDamaged(f"{file.name} is no file of {file.size} bytes.")
        data = os.pread(number, file.size, 0) if file.size <= KEPT_BYTES else None
    except BaseException:
        os.close(number)
        raise
    return Descriptor(file, number, data)
