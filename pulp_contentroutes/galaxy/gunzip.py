"""A gzip file → its unpacked bytes, within the limits on their number and on the time.

The standard library's reader parses headers byte by byte and any number of empty members within one
call, which takes seconds for a few MiB; here every call ends after one piece.
"""

import io
import zlib
from typing import TYPE_CHECKING, BinaryIO, Final

from pulp_contentroutes.galaxy.errors import TooLarge, UnreadableArchive
from pulp_contentroutes.galaxy.limits import Limits

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_MAGIC: Final = b"\x1f\x8b"
_PIECE: Final = 64 * 1024
#: zlib's number for "gzip only", which checks header, CRC and length.
_GZIP: Final = 16 + zlib.MAX_WBITS
#: `bgzip` makes a member for each 64 KiB; `ansible-galaxy` and git make one in all.
_MOST_MEMBERS: Final = 50_000


class Gunzip(io.RawIOBase):
    """A stream of the unpacked bytes. Raises TooLarge, UnreadableArchive or zlib.error."""

    def __init__(self, file: BinaryIO, limits: Limits) -> None:
        self._file = file
        self._limits = limits
        self._left = limits.unpacked
        self._packed = b""
        self._members = 0
        self._member = self._begin()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer).cast("B")
        while True:
            self._limits.check_time()
            if self._member.eof:
                # Skip the padding between members and at the end.
                data = self._packed.lstrip(b"\0")
                while not data and (piece := self._file.read(_PIECE)):
                    data = piece.lstrip(b"\0")
                if not data:
                    return 0
                if not data.startswith(_MAGIC[: len(data)]):
                    raise UnreadableArchive("Something else follows the gzip file.")
                self._member = self._begin()
            else:
                # zlib may hold back unpacked bytes that need no further input.
                data = self._packed or self._file.read(_PIECE)
                if not data:
                    raise UnreadableArchive("The archive ends too early.")
            unpacked = self._member.decompress(data, len(view))
            self._packed = self._member.unconsumed_tail or self._member.unused_data
            if unpacked:
                self._left -= len(unpacked)
                if self._left < 0:
                    raise TooLarge("The archive is larger than allowed when it is unpacked.")
                view[: len(unpacked)] = unpacked
                return len(unpacked)

    def _begin(self) -> "zlib._Decompress":
        self._members += 1
        if self._members > _MOST_MEMBERS:
            raise TooLarge("The gzip file has too many members.")
        return zlib.decompressobj(_GZIP)
