"""An artifact in the file system, opened, and read without ever blocking the event loop."""

import asyncio
import errno
import os
import stat
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from pulp_contentroutes.serving.errors import FileDamaged, FileUnreadable

# Linux ≥ 4.14: read from the page cache, or fail with EAGAIN. Elsewhere a thread reads.
_NOWAIT: Final = getattr(os, "RWF_NOWAIT", 0)
# Clocks of file systems tick every few milliseconds, some every two seconds: a change in the same
# tick as the previous one leaves no trace (git calls such an entry racily clean).
_TICK_SECONDS: Final = 2.0

#: Files of up to this size are read when they are opened, and kept: a system call costs more than a
#: copy.
KEPT_BYTES: Final = 16 * 1024

#: Device, inode, size, and the times of the last change of the bytes and of the inode, in
#: nanoseconds. Only the last one cannot be set back.
Identity = tuple[int, int, int, int, int]


class Store(Protocol):
    """Opens stored files, and keeps them open."""

    def open_nowait(self, file: "StoredFile", /) -> "OpenFile | None": ...

    async def open(self, file: "StoredFile", /) -> "OpenFile": ...

    async def reopen(self, opened: "OpenFile", /) -> "OpenFile":
        """Open a file anew, one of whose reads has failed; or raise FileFault."""

    def discard(self, opened: "OpenFile", /) -> None:
        """Keep it open no longer."""


@dataclass(slots=True, eq=False, weakref_slot=True)
class StoredFile:
    """An artifact in the file system; one value per artifact, however many paths lead to it."""

    artifact_id: UUID
    #: Absolute.
    name: str
    size: int
    store: Store
    #: False once the artifact was deleted, or a content unit has lost it.
    is_current: bool = True

    def open_nowait(self) -> "OpenFile | None":
        return self.store.open_nowait(self)

    async def open(self) -> "OpenFile":
        """Return the open file, or raise FileGone, FileDamaged or FileUnreadable."""
        return await self.store.open(self)


class OpenFile:
    """An open file. It is closed once neither the cache nor a reader refers to it."""

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
        self.reads_nowait = _NOWAIT != 0
        try:
            os.preadv(number, (bytearray(1),), 0, _NOWAIT)
        except OSError as error:
            self.reads_nowait = error.errno == errno.EAGAIN
        #: All of a small file.
        self.data = data

    def __del__(self) -> None:
        os.close(self.number)

    async def is_unchanged(self) -> bool:
        """Tell whether the open file is unchanged since it was opened; or raise OSError.

        Its name may belong to another file meanwhile.
        """
        return self._is_unchanged(await self._status())

    async def has_same_bytes(self) -> bool:
        """Tell whether it has not been written to since it was opened; or raise OSError.

        Unlike `is_unchanged` it allows for a further hard link, or other permissions.
        """
        status = await self._status()
        return (status.st_size, status.st_mtime_ns) == self.identity[2:4]

    async def read(self, offset: int, buffer: memoryview) -> "OpenFile":
        """Fill `buffer`, and return the open file to read on from.

        After a read that fails, the file is opened anew once, and read again. Raise FileGone,
        FileDamaged or FileUnreadable if that fails, too.
        """
        try:
            if await self.fill(buffer, offset):
                return self
        except OSError:
            pass
        opened = await self.file.store.reopen(self)
        try:
            is_whole = await opened.fill(buffer, offset)
        except OSError as error:
            opened.file.store.discard(opened)
            reason = f"{self.file.name} cannot be read: {error.strerror}."
            raise FileUnreadable(reason) from error
        if not is_whole:
            raise opened.discard_damaged()
        return opened

    async def read_all(self) -> bytes | bytearray:
        """Return all of the file, or raise as `read` does."""
        if self.data is not None:
            return self.data
        data = bytearray(self.file.size)
        await self.read(0, memoryview(data))
        return data

    async def confirm(self) -> None:
        """Raise FileDamaged if the file was written to since it was opened."""
        try:
            has_same_bytes = await self.has_same_bytes()
        except OSError:
            # The file was read to its end, and there is no sign of a change.
            return
        if not has_same_bytes:
            raise self.discard_damaged()

    def discard_damaged(self) -> FileDamaged:
        """Keep the file open no longer, and return the error to raise."""
        self.file.store.discard(self)
        return FileDamaged(f"{self.file.name} is damaged: it was changed while it was read.")

    async def fill(self, buffer: memoryview, offset: int) -> bool:
        """Fill `buffer` with the bytes from `offset` on; return False if the file ends too early.

        Raise OSError.
        """
        if self.fill_nowait(buffer, offset):
            return True
        return await asyncio.to_thread(os.preadv, self.number, (buffer,), offset) == len(buffer)

    def fill_nowait(self, buffer: bytearray | memoryview, offset: int) -> bool:
        """Fill `buffer` if the page cache has all of it, else (or on an error) return False."""
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
        """Tell whether it is unchanged; return False if that is not known without waiting."""
        try:
            return self.reads_nowait and self._is_unchanged(os.fstat(self.number))
        except OSError:
            return False

    def _is_unchanged(self, status: os.stat_result) -> bool:
        identity = _identity(status)
        if identity == self.identity:
            return True
        # A hard link more or less changes the inode, too, but not the bytes.
        return identity[:-1] == self.identity[:-1] and status.st_nlink != self.links

    async def _status(self) -> os.stat_result:
        if self.reads_nowait:
            return os.fstat(self.number)
        return await asyncio.to_thread(os.fstat, self.number)


def open_file(file: StoredFile) -> OpenFile:
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
    return OpenFile(file, number, status, data)


def find_changed(descriptors: Iterable[OpenFile]) -> list[OpenFile]:
    """Return the descriptors that must be opened anew. Blocking.

    Their name belongs to another file now, or to none, or their bytes may have changed.
    """
    changed = []
    for each in descriptors:
        try:
            is_changed = each.is_racy or _identity(os.stat(each.file.name)) != each.identity
        except OSError:
            # Opening it anew will reveal the error.
            is_changed = True
        if is_changed:
            changed.append(each)
    return changed


def _identity(status: os.stat_result) -> Identity:
    return (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )
