"""Every stored file that is known, and the most recently used of them open."""

import asyncio
import errno
import os
from collections.abc import Iterable
from typing import Final
from uuid import UUID
from weakref import WeakValueDictionary

from pulp_contentroutes.serving.cache import BoundedCache
from pulp_contentroutes.serving.descriptors import Descriptor, find_changed, open_file
from pulp_contentroutes.serving.errors import FileDamaged, FileFault, FileGone, FileUnreadable
from pulp_contentroutes.serving.model import StoredFile
from pulp_contentroutes.serving.rows import Row, ids_among
from pulp_contentroutes.serving.singleflight import SingleFlight

#: How often the names of open files are looked at. Until then, a small file that was changed, and
#: any file that was replaced or deleted, is served as it was.
LOOK_SECONDS: Final = 30.0

# What open(2) says of a name that does not exist. Anything else is a fault of the disk, or of its
# permissions, and says nothing about whether the file exists.
_MISSING: Final = (errno.ENOENT, errno.ENOTDIR)
_NO_DESCRIPTORS: Final = (errno.EMFILE, errno.ENFILE)
# How many names a thread looks at before others may have it.
_LOOKS: Final = 64


class Files:
    """Every stored file that is known, and the most recently used of them open."""

    def __init__(self, max_open: int) -> None:
        self._known: WeakValueDictionary[UUID, StoredFile] = WeakValueDictionary()
        self._open: BoundedCache[UUID, Descriptor] = BoundedCache(max_open)
        self._flights: SingleFlight[StoredFile, Descriptor] = SingleFlight()

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

    def forget(self) -> None:
        for file in list(self._known.values()):
            file.is_current = False
        self._known.clear()
        self._open.clear()

    def opened(self, file: StoredFile) -> Descriptor | None:
        return self._open.get(file.artifact_id)

    def ready_nowait(self, file: StoredFile) -> Descriptor | None:
        """Return the open file if it is known to be unchanged, without waiting for a disk."""
        descriptor = self.opened(file)
        if descriptor is None or descriptor.data is not None or descriptor.is_unchanged_nowait():
            return descriptor
        return None

    async def ready(self, file: StoredFile) -> Descriptor:
        """Return the open file; where it was changed meanwhile, it is opened anew.

        Raise FileGone, FileDamaged or FileUnreadable; a file that is gone is looked up anew the
        next time.
        """
        descriptor = self.opened(file)
        if descriptor is None:
            descriptor = await self.open(file)
        elif descriptor.data is None:
            try:
                is_unchanged = await descriptor.is_unchanged()
            except OSError:
                # Stale, for instance: nothing is known of the file itself.
                is_unchanged = False
            if not is_unchanged:
                self._discard(descriptor)
                descriptor = await self.open(file)
        return descriptor

    async def open(self, file: StoredFile) -> Descriptor:
        """Open the file, or raise FileGone, FileDamaged or FileUnreadable."""
        try:
            return await self._flights.run(file, lambda: self._opened(file))
        except FileGone:
            file.is_current = False
            raise

    async def _opened(self, file: StoredFile) -> Descriptor:
        try:
            try:
                descriptor = await asyncio.to_thread(open_file, file)
            except OSError as error:
                if error.errno not in _NO_DESCRIPTORS:
                    raise
                # We hold many ourselves.
                self._open.clear()
                descriptor = await asyncio.to_thread(open_file, file)
        except OSError as error:
            kind = FileGone if error.errno in _MISSING else FileUnreadable
            raise kind(f"{file.name} cannot be opened: {error.strerror}.") from error
        if file.is_current:
            self._open.put(file.artifact_id, descriptor)
        return descriptor

    async def whole(self, descriptor: Descriptor) -> bytes | bytearray:
        """Return all of the file, or raise as `read` does."""
        if descriptor.data is not None:
            return descriptor.data
        data = bytearray(descriptor.file.size)
        await self.read(descriptor, 0, memoryview(data))
        return data

    async def read(self, descriptor: Descriptor, offset: int, buffer: memoryview) -> Descriptor:
        """Fill `buffer`, and return the descriptor to read on from.

        After a read that fails, the file is opened anew once, and read again. Raise FileGone,
        FileDamaged or FileUnreadable if that fails, too.
        """
        try:
            if await descriptor.fill(buffer, offset):
                return descriptor
        except OSError:
            pass
        self._discard(descriptor)
        # Perhaps another reader has opened it meanwhile.
        descriptor = self.opened(descriptor.file) or await self.open(descriptor.file)
        try:
            is_whole = await descriptor.fill(buffer, offset)
        except OSError as error:
            raise self._unreadable(descriptor, error) from error
        if not is_whole:
            raise self._damaged(descriptor)
        return descriptor

    async def confirm(self, descriptor: Descriptor) -> None:
        """Raise FileDamaged if the file was written to since it was opened."""
        try:
            has_same_bytes = await descriptor.has_same_bytes()
        except OSError:
            # It was read to its end, and nothing is known against it.
            return
        if not has_same_bytes:
            raise self._damaged(descriptor)

    def _discard(self, descriptor: Descriptor) -> None:
        self._open.discard(descriptor.file.artifact_id, descriptor)

    def _damaged(self, descriptor: Descriptor) -> FileDamaged:
        self._discard(descriptor)
        return FileDamaged(f"{descriptor.file.name} is damaged: it was changed while it was read.")

    def _unreadable(self, descriptor: Descriptor, error: OSError) -> FileFault:
        self._discard(descriptor)
        return FileUnreadable(f"{descriptor.file.name} cannot be read: {error.strerror}.")

    async def look_at_open_files(self) -> None:
        """Close those whose name has another file now, or none, or whose bytes may have changed."""
        descriptors = list(self._open)
        for first in range(0, len(descriptors), _LOOKS):
            share = descriptors[first : first + _LOOKS]
            for descriptor in await asyncio.to_thread(find_changed, share):
                self._discard(descriptor)
