"""The bytes of a representation, wherever they are: all that a response knows of them."""

from typing import Protocol


class OpenSource(Protocol):
    """Bytes that can be read now."""

    @property
    def data(self) -> bytes | None:
        """All of the bytes if they are few and in memory."""

    def fill_nowait(self, buffer: bytearray | memoryview, offset: int, /) -> bool:
        """Fill `buffer` with the bytes from `offset` on; False if that needs to wait, or fails."""

    async def read(self, offset: int, buffer: memoryview, /) -> "OpenSource":
        """Fill `buffer`, and return the source to read on from; or raise FileFault."""

    async def read_all(self) -> bytes | bytearray:
        """Return all of the bytes, or raise FileFault."""

    async def confirm(self) -> None:
        """Raise FileFault if two reads may have returned bytes of two versions."""


class ByteSource(Protocol):
    """The bytes of one version of a file; each passes tests/contracts/test_byte_sources.py."""

    @property
    def size(self) -> int: ...

    @property
    def is_current(self) -> bool:
        """Whether these are still the bytes of the artifact, as far as it is known."""

    def open_nowait(self) -> OpenSource | None:
        """Return the open source if it is known to be unchanged; None if that needs to wait."""

    async def open(self) -> OpenSource:
        """Return the open source, or raise FileFault."""
