"""An open file: what it was when it was opened, and reads that never block the event loop."""

import asyncio
import errno
import os
import stat
import time
from collections.abc import Iterable
from typing import Final

from pulp_contentroutes.serving.errors import FileDamaged
from pulp_contentroutes.serving.model import StoredFile

# Linux ≥ 4.14: read what is in the page cache, or say EAGAIN. Elsewhere a thread reads.
_NOWAIT: Final = getattr(os, "RWF_NOWAIT", 0)
# Clocks of file systems tick every few milliseconds, some every two seconds: a change in the same
# tick as the one before leaves no trace (git calls such an entry racily clean).
_TICK_SECONDS: Final = 2.0

#: Files up to here are read when they are opened, and kept: a system call costs more than a copy.
KEPT_BYTES: Final = 16 * 1024

#: Device, inode, size, and the times of the last change of the bytes and of the inode, in
#: nanoseconds. Only the last one cannot be set back.
Identity = tuple[int, int, int, int, int]


class Descriptor:
    """An open file. It closes when nobody refers to it: neither the cache nor a reader."""

    __slots__ = ("data", "file", "identity", "is_racy", "links", "number", "reads_nowait")

    def __init__(
        self, file: StoredFile, number: int, status: os.stat_result, data: bytes | None
    ) -> None:
        self.file = file
        self.number = number
        self.identity = _identity(status)
        self.links = status.st_nlink
        #: Whether it could still be changed without a trace when it was opened.
        self.is_racy = time.time() - status.st_ctime < _TICK_SECONDS
        #: Whether the event loop may read it, and ask for its status. False on NFS and tmpfs, for
        #: instance: there each system call may wait.
        self.reads_nowait = _can_read_nowait(number)
        #: All of a small file.
        self.data = data

    def __del__(self) -> None:
        os.close(self.number)

    async def is_unchanged(self) -> bool:
        """Tell whether the open file is what it was when it was opened; or raise OSError.

        Its name may have another one meanwhile.
        """
        return self._is_unchanged(await self._status())

    async def has_same_bytes(self) -> bool:
        """Tell whether nobody has written to it since it was opened; or raise OSError.

        Unlike `is_unchanged` it allows for a further hard link, or other permissions.
        """
        status = await self._status()
        return (status.st_size, status.st_mtime_ns) == self.identity[2:4]

    async def fill(self, buffer: memoryview, offset: int) -> bool:
        """Fill `buffer` with the bytes from `offset` on; False if the file ends before.

        Raise OSError.
        """
        if self.fill_nowait(buffer, offset):
            return True
        return await asyncio.to_thread(os.preadv, self.number, (buffer,), offset) == len(buffer)

    def fill_nowait(self, buffer: bytearray | memoryview, offset: int) -> bool:
        """Fill `buffer` if the page cache has all of it; False if a read would wait, or fails."""
        if self.data is not None:
            buffer[:] = self.data[offset : offset + len(buffer)]
            return True
        if not self.reads_nowait:
            return False
        try:
            return os.preadv(self.number, (buffer,), offset, _NOWAIT) == len(buffer)
        except OSError:
            # A thread finds out why it fails.
            return False

    def is_unchanged_nowait(self) -> bool:
        """Tell whether it is what it was; False if that is not known without waiting."""
        try:
            return self.reads_nowait and self._is_unchanged(os.fstat(self.number))
        except OSError:
            return False

    def _is_unchanged(self, status: os.stat_result) -> bool:
        identity = _identity(status)
        if identity == self.identity:
            return True
        # A name more or less is a change of the inode, too, and none of the bytes.
        return identity[:-1] == self.identity[:-1] and status.st_nlink != self.links

    async def _status(self) -> os.stat_result:
        if self.reads_nowait:
            return os.fstat(self.number)
        return await asyncio.to_thread(os.fstat, self.number)


def open_file(file: StoredFile) -> Descriptor:
    """Open the file, or raise FileDamaged or OSError. Blocking."""
    # Without O_NONBLOCK, a pipe in its place would hold the thread for ever.
    number = os.open(file.name, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        status = os.fstat(number)
        if not stat.S_ISREG(status.st_mode) or status.st_size != file.size:
            raise FileDamaged(f"{file.name} is damaged: it is no file of {file.size} bytes.")
        data = os.pread(number, file.size, 0) if file.size <= KEPT_BYTES else None
        if data is not None and len(data) != file.size:
            raise FileDamaged(f"{file.name} is damaged: it was truncated while it was read.")
    except BaseException:
        os.close(number)
        raise
    return Descriptor(file, number, status, data)


def find_changed(descriptors: Iterable[Descriptor]) -> list[Descriptor]:
    """Return those that must be opened anew: their name has another file now, or none, or their
    bytes may have changed. Blocking.
    """
    return [each for each in descriptors if each.is_racy or not _has_its_name(each)]


def _has_its_name(descriptor: Descriptor) -> bool:
    try:
        return _identity(os.stat(descriptor.file.name)) == descriptor.identity
    except OSError:
        # Opened anew, it will say what is wrong.
        return False


def _identity(status: os.stat_result) -> Identity:
    return (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )


def _can_read_nowait(number: int) -> bool:
    try:
        os.preadv(number, (bytearray(1),), 0, _NOWAIT)
    except OSError as error:
        return error.errno == errno.EAGAIN
    return _NOWAIT != 0
