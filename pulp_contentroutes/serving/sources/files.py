"""Every stored file that is known, and the most recently used of them open."""

import asyncio
import errno
import os
from collections.abc import Iterable
from functools import partial
from typing import Final
from uuid import UUID
from weakref import WeakValueDictionary

from pulp_contentroutes.serving.coherence.bounded_cache import BoundedCache
from pulp_contentroutes.serving.coherence.memory import Memory
from pulp_contentroutes.serving.coherence.singleflight import SingleFlight
from pulp_contentroutes.serving.database.rows import Row, ids_among
from pulp_contentroutes.serving.errors import FileGone, FileUnreadable
from pulp_contentroutes.serving.sources.stored_files import (
    OpenFile,
    StoredFile,
    find_changed,
    open_file,
)

#: The time between two checks of the names of open files. Until the next check, a small file that
#: was changed, and any file that was replaced or deleted, is served as it was.
LOOK_SECONDS: Final = 30.0

# The errors of open(2) for a name that does not exist. Any other error is a fault of the disk, or
# of its permissions, and says nothing about whether the file exists.
_MISSING: Final = (errno.ENOENT, errno.ENOTDIR)
_NO_DESCRIPTORS: Final = (errno.EMFILE, errno.ENFILE)
# The number of names that a thread checks before other work may use it.
_LOOKS: Final = 64


class Files(Memory):
    """Every stored file that is known, and the most recently used of them open."""

    def __init__(self, max_open: int) -> None:
        self._known: WeakValueDictionary[UUID, StoredFile] = WeakValueDictionary()
        self._open: BoundedCache[UUID, OpenFile] = BoundedCache(max_open)
        self._flights: SingleFlight[StoredFile, OpenFile] = SingleFlight()

    def close(self) -> None:
        self._open.clear()

    def stored_file(self, row: Row, root: str) -> StoredFile:
        """Return the one StoredFile for the artifact of a row."""
        name = os.path.join(root, row["file"])
        file = self._known.get(row["artifact_id"])
        if file is not None and file.name != name:
            # The domain's storage was moved.
            self._forget(file.artifact_id)
            file = None
        if file is None or not file.is_current:
            file = StoredFile(row["artifact_id"], name, row["size"], self)
            self._known[file.artifact_id] = file
        return file

    def invalidate(self, keys: Iterable[str]) -> None:
        """Forget the artifacts among the ids that the database announces."""
        for artifact_id in ids_among(keys):
            self._forget(artifact_id)

    def _forget(self, artifact_id: UUID) -> None:
        file = self._known.pop(artifact_id, None)
        if file is not None:
            file.is_current = False
            self._open.discard(artifact_id)

    def reset(self) -> None:
        for file in list(self._known.values()):
            file.is_current = False
        self._known.clear()
        self._open.clear()

    def open_nowait(self, file: StoredFile) -> OpenFile | None:
        """Return the open file if it is known to be unchanged, without waiting for a disk."""
        opened = self._open.get(file.artifact_id)
        if opened is None or opened.data is not None or opened.is_unchanged_nowait():
            return opened
        return None

    async def open(self, file: StoredFile) -> OpenFile:
        """Return the open file; open it anew if it was changed meanwhile.

        Raise FileGone, FileDamaged or FileUnreadable; a file that is gone is looked up anew the
        next time.
        """
        opened = self._open.get(file.artifact_id)
        if opened is None:
            opened = await self.open_anew(file)
        elif opened.data is None:
            try:
                is_unchanged = await opened.is_unchanged()
            except OSError:
                # A stale handle, for instance: it says nothing about the file itself.
                is_unchanged = False
            if not is_unchanged:
                self.discard(opened)
                opened = await self.open_anew(file)
        return opened

    async def open_anew(self, file: StoredFile) -> OpenFile:
        """Open the file, or raise FileGone, FileDamaged or FileUnreadable."""
        try:
            return await self._flights.run(file, partial(self._open_and_keep, file))
        except FileGone:
            file.is_current = False
            raise

    async def _open_and_keep(self, file: StoredFile) -> OpenFile:
        try:
            try:
                opened = await asyncio.to_thread(open_file, file)
            except OSError as error:
                if error.errno not in _NO_DESCRIPTORS:
                    raise
                # We hold many descriptors ourselves.
                self._open.clear()
                opened = await asyncio.to_thread(open_file, file)
        except OSError as error:
            kind = FileGone if error.errno in _MISSING else FileUnreadable
            raise kind(f"{file.name} cannot be opened: {error.strerror}.") from error
        if file.is_current:
            self._open.put(file.artifact_id, opened)
        return opened

    async def reopen(self, opened: OpenFile) -> OpenFile:
        """Open a file anew, one of whose reads has failed; or raise as `open` does."""
        self.discard(opened)
        # Perhaps another reader has opened it meanwhile.
        return self._open.get(opened.file.artifact_id) or await self.open_anew(opened.file)

    def discard(self, opened: OpenFile) -> None:
        self._open.discard(opened.file.artifact_id, opened)

    async def evict_deleted(self) -> None:
        """Close those whose name belongs to another file now, or none, or that may have changed."""
        all_open = list(self._open)
        for first in range(0, len(all_open), _LOOKS):
            share = all_open[first : first + _LOOKS]
            for opened in await asyncio.to_thread(find_changed, share):
                self.discard(opened)
