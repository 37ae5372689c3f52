"""A tar.gz → the digest of each file in it, and the few files that are read; nothing is unpacked.

The archive is read once, as a stream: memory is bounded by the limits, time by the bytes.
"""

import gzip
import hashlib
import io
import posixpath
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, BinaryIO, Final

from pulp_contentroutes.galaxy.errors import TooLarge, UnreadableArchive, quoted
from pulp_contentroutes.galaxy.limits import Limits

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_PIECE: Final = 256 * 1024
_LONGEST_NAME: Final = 1024
#: Headers for all members, which tarfile copies to each. `git archive` writes one, with the commit.
_MOST_FOR_ALL: Final = 1
#: Headers for names that do not fit into the usual one; tarfile reads each into memory.
_FOR_NAMES: Final = frozenset(
    {
        tarfile.GNUTYPE_LONGLINK,
        tarfile.GNUTYPE_LONGNAME,
        tarfile.SOLARIS_XHDTYPE,
        tarfile.XHDTYPE,
        tarfile.XGLTYPE,
    }
)
# What tarfile raises for archives that are none, beside its own: found by damaging good ones.
_DAMAGES: Final = (
    tarfile.TarError,
    gzip.BadGzipFile,
    zlib.error,
    EOFError,
    ValueError,
    LookupError,
    OverflowError,
    RecursionError,
)


@dataclass(frozen=True, slots=True)
class Contents:
    """What an archive has, by path without `./` and slash at the end."""

    #: SHA-256 of each regular file, in hexadecimal; of a link, that of its target.
    files: dict[str, str] = field(default_factory=dict)
    directories: set[str] = field(default_factory=set)
    #: The files that were asked for.
    kept: dict[str, bytes] = field(default_factory=dict)


class _Member(tarfile.TarInfo):
    """Refuses headers before tarfile does with them what the archive wants."""

    left: int
    left_for_all: int

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> "_Member":
        member = super().frombuf(buf, encoding, errors)
        # Followed by any number of blocks with nothing but numbers.
        if member.type == tarfile.GNUTYPE_SPARSE:
            raise UnreadableArchive("The archive has sparse files.")
        if member.type == tarfile.XGLTYPE:
            cls.left_for_all -= 1
            if cls.left_for_all < 0:
                raise UnreadableArchive("The archive has more than one global header.")
        if member.type in _FOR_NAMES:
            cls.left -= tarfile.BLOCKSIZE + member.size
            if member.size > _LONGEST_NAME or cls.left < 0:
                raise TooLarge("The archive has too long a name, or too many long ones.")
        return member


class _Bounded(io.RawIOBase):
    """The unpacked bytes, as many as are allowed."""

    def __init__(self, unpacked: gzip.GzipFile, limit: int) -> None:
        self._unpacked = unpacked
        self._left = limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        count = self._unpacked.readinto(buffer)
        self._left -= count
        if self._left < 0:
            raise TooLarge("The archive is larger than allowed when it is unpacked.")
        return count


def contents_of(file: BinaryIO, keep: frozenset[str], limits: Limits) -> Contents:
    """Return what the archive has; `keep` are the paths of files to return whole.

    Raise UnreadableArchive or TooLarge. Blocking.
    """
    contents, links = Contents(), dict[str, str]()
    counting = type(
        "_Counting", (_Member,), {"left": limits.headers, "left_for_all": _MOST_FOR_ALL}
    )
    try:
        with gzip.GzipFile(fileobj=file, mode="rb") as unpacked:
            bounded = io.BufferedReader(_Bounded(unpacked, limits.unpacked), _PIECE)
            # "r|": from front to back, so that no member is looked for by its offset.
            with tarfile.open(fileobj=bounded, mode="r|", tarinfo=counting) as archive:
                for number, member in enumerate(iter(archive.next, None)):
                    if number >= limits.members:
                        raise TooLarge(f"The archive has more than {limits.members} members.")
                    _add(contents, links, archive, member, keep, limits)
                    # tarfile would keep them all.
                    archive.members.clear()  # type: ignore[attr-defined]
            # What follows the end of the archive is read, too: it may be damaged.
            while bounded.read(_PIECE):
                pass
    except _DAMAGES as error:
        raise UnreadableArchive(f"This is no tar.gz, or a damaged one: {quoted(error)}") from error
    _add_links(contents, links)
    return contents


def _add(
    contents: Contents,
    links: dict[str, str],
    archive: tarfile.TarFile,
    member: tarfile.TarInfo,
    keep: frozenset[str],
    limits: Limits,
) -> None:
    path = _safe(member.name)
    if path == "" and member.isdir():
        return
    if path in contents.files or path in contents.directories or path in links:
        raise UnreadableArchive(f"The archive has two members named {quoted(path)}.")
    if member.isdir():
        contents.directories.add(path)
    elif member.issym():
        links[path] = _safe(posixpath.join(posixpath.dirname(path), member.linkname))
    elif member.isreg() and not member.issparse():
        contents.files[path] = _read(contents, archive, member, path, keep, limits)
    else:
        raise UnreadableArchive(f"{quoted(path)} is no file, no directory and no symbolic link.")


def _read(
    contents: Contents,
    archive: tarfile.TarFile,
    member: tarfile.TarInfo,
    path: str,
    keep: frozenset[str],
    limits: Limits,
) -> str:
    if path in keep and member.size > limits.document:
        raise TooLarge(f"{path} has {member.size} bytes; {limits.document} are allowed.")
    # Raises ReadError where the archive ends within the file.
    source = archive.extractfile(member)
    digest, kept = hashlib.sha256(), bytearray()
    for piece in _pieces(source):
        digest.update(piece)
        if path in keep:
            kept += piece
    if path in keep:
        contents.kept[path] = bytes(kept)
    return digest.hexdigest()


def _pieces(source: IO[bytes] | None) -> Iterator[bytes]:
    while source and (piece := source.read(_PIECE)):
        yield piece


def _safe(name: str) -> str:
    """Return a path that stays inside, or raise UnreadableArchive."""
    path = posixpath.normpath(name)
    if name.startswith("/") or path == ".." or path.startswith("../") or "\0" in name:
        raise UnreadableArchive(f"{quoted(name)} leads out of the archive.")
    if len(name) > _LONGEST_NAME or not name.isprintable():
        raise UnreadableArchive(f"{quoted(name)} is no name for a file of a collection.")
    return "" if path == "." else path


def _add_links(contents: Contents, links: dict[str, str]) -> None:
    """Give each link the digest of the file that it leads to; one to a directory is one."""
    for path in links:
        target, passed = path, dict[str, None]()
        while target in links:
            if target in passed:
                raise UnreadableArchive(f"The link {quoted(path)} leads to itself.")
            passed[target] = None
            target = links[target]
        # So that no chain of links is followed twice.
        links.update(dict.fromkeys(passed, target))
        if target in contents.files:
            contents.files[path] = contents.files[target]
        elif target in contents.directories or target == "":
            contents.directories.add(path)
        else:
            raise UnreadableArchive(f"The link {quoted(path)} leads to nothing in the archive.")
