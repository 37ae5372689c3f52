"""The members of a tar.gz, with the digest of each file; nothing is unpacked.

The archive is read once, as a stream: the limits bound the memory, the number of bytes the time.
"""

import enum
import hashlib
import io
import tarfile
import zlib
from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final, NoReturn

from pulp_contentroutes.galaxy.errors import TooLarge, UnreadableArchive, quote
from pulp_contentroutes.galaxy.gunzip import Gunzip
from pulp_contentroutes.galaxy.limits import Limits

_PIECE: Final = 256 * 1024
#: A path and the target of a link, each as long as Linux allows (PATH_MAX), and some numbers.
_LONGEST_HEADER: Final = 10 * 1024
#: The maximum number of global headers; they apply to all members, and tarfile copies them to each.
#: `git archive` writes one, with the commit.
_MOST_FOR_ALL: Final = 1
_LONGEST_FOR_ALL: Final = 1024
#: Headers for values that do not fit into the usual one; tarfile reads each into memory.
_EXTENDED: Final = frozenset(
    {
        tarfile.GNUTYPE_LONGLINK,
        tarfile.GNUTYPE_LONGNAME,
        tarfile.SOLARIS_XHDTYPE,
        tarfile.XHDTYPE,
        tarfile.XGLTYPE,
    }
)
# The exceptions that tarfile raises for invalid archives: its own, and others that were found by
# damaging good archives.
_DAMAGES: Final = (
    tarfile.TarError,
    zlib.error,
    EOFError,
    ValueError,
    LookupError,
    OverflowError,
    RecursionError,
)


class Kind(enum.Enum):
    FILE = enum.auto()
    DIRECTORY = enum.auto()
    SYMBOLIC_LINK = enum.auto()
    HARD_LINK = enum.auto()
    #: Devices, pipes and types that tarfile does not know.
    OTHER = enum.auto()


@dataclass(frozen=True, slots=True)
class Member:
    #: As the archive spells it, without trailing slashes.
    name: str
    kind: Kind
    #: The target of a link, as the archive spells it.
    target: str = ""
    #: SHA-256 of a file, in hexadecimal.
    digest: str = ""
    #: The bytes of a file that was asked for.
    data: bytes | None = None


def _refuse_sparse(*arguments: object) -> NoReturn:
    raise UnreadableArchive("The archive has sparse files.")


class _Header(tarfile.TarInfo):
    """A tar header that is checked before tarfile acts on it."""

    left: int
    left_for_all: int

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> "_Header":
        header = super().frombuf(buf, encoding, errors)
        if header.size < 0:
            raise UnreadableArchive("The archive has a member of a negative size.")
        # A sparse header is followed by any number of blocks with nothing but numbers.
        if header.type == tarfile.GNUTYPE_SPARSE:
            _refuse_sparse()
        if header.type == tarfile.XGLTYPE:
            cls.left_for_all -= 1
            if cls.left_for_all < 0 or header.size > _LONGEST_FOR_ALL:
                raise UnreadableArchive(
                    "The archive has more than one global header, or a long one."
                )
        if header.type in _EXTENDED:
            cls.left -= tarfile.BLOCKSIZE + header.size
            if header.size > _LONGEST_HEADER or cls.left < 0:
                raise TooLarge("The archive has too long a name, or too many long ones.")
        return header

    # tarfile calls these for sparse files that extended headers announce. The last one reads as
    # many numbers as the file says, and keeps them all: 2 MiB packed become half a gigabyte.
    _proc_gnusparse_00 = _proc_gnusparse_01 = _proc_gnusparse_10 = _refuse_sparse


def members_of(file: BinaryIO, keep: Container[str], limits: Limits) -> Iterator[Member]:
    """Yield the members of an archive; those named in `keep` with their bytes.

    Raise UnreadableArchive or TooLarge. Blocking.
    """
    counting = type(
        "_Counting", (_Header,), {"left": limits.headers, "left_for_all": _MOST_FOR_ALL}
    )
    try:
        unpacked = io.BufferedReader(Gunzip(file, limits), _PIECE)
        # "r|" reads from front to back, so that tarfile never seeks to a member's offset.
        with tarfile.open(fileobj=unpacked, mode="r|", tarinfo=counting) as archive:
            for number, header in enumerate(iter(archive.next, None)):
                if number >= limits.members:
                    raise TooLarge(f"The archive has more than {limits.members} members.")
                limits.check_time()
                yield _member(archive, header, keep, limits)
                # tarfile would keep every member.
                archive.members.clear()  # type: ignore[attr-defined]
        # The bytes after the end of the archive are read, too: they may be damaged.
        while unpacked.read(_PIECE):
            pass
    except _DAMAGES as error:
        reason = quote(str(error))
        raise UnreadableArchive(f"This is no tar.gz, or a damaged one: {reason}") from error


def _member(
    archive: tarfile.TarFile, header: tarfile.TarInfo, keep: Container[str], limits: Limits
) -> Member:
    if header.isdir():
        return Member(header.name, Kind.DIRECTORY)
    if header.issym():
        return Member(header.name, Kind.SYMBOLIC_LINK, header.linkname)
    if header.islnk():
        return Member(header.name, Kind.HARD_LINK, header.linkname)
    if not header.isreg() or header.issparse():
        return Member(header.name, Kind.OTHER)
    is_kept = header.name in keep
    if is_kept and header.size > limits.document:
        raise TooLarge(
            f"{quote(header.name)} has {header.size} bytes; {limits.document} are allowed."
        )
    # Raises ReadError if the archive ends within the file.
    source = archive.extractfile(header)
    digest, kept = hashlib.sha256(), bytearray()
    while source and (piece := source.read(_PIECE)):
        digest.update(piece)
        if is_kept:
            kept += piece
    data = bytes(kept) if is_kept else None
    return Member(header.name, Kind.FILE, digest=digest.hexdigest(), data=data)
