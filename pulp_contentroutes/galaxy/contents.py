"""The members of a collection's archive, as `ansible-galaxy` looks for them.

A client takes each entry of FILES.json and looks for a member of exactly this name, so an archive
that spells its names in any other way cannot be installed.
"""

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from pulp_contentroutes.galaxy.archive import Kind, Member
from pulp_contentroutes.galaxy.errors import UnreadableArchive, quote

#: In bytes, as in Linux (NAME_MAX, and PATH_MAX without the folder that collections lie in).
_LONGEST_PART: Final = 255
_LONGEST_PATH: Final = 4096 - 256
_DEEPEST_PATH: Final = 256


@dataclass(frozen=True, slots=True)
class Contents:
    """The contents of an archive, by path."""

    #: SHA-256 of each regular file, in hexadecimal; for a link, that of its target.
    files: dict[str, str] = field(default_factory=dict)
    #: Includes links to directories.
    directories: set[str] = field(default_factory=set)
    #: Symbolic link → the path at the end of its chain, empty for the root.
    links: dict[str, str] = field(default_factory=dict)
    #: Hard link → the file that it is another name for.
    hard_links: dict[str, str] = field(default_factory=dict)
    #: The bytes of the files that were asked for; links have none.
    kept: dict[str, bytes] = field(default_factory=dict)

    def file_behind(self, path: str) -> str:
        """Return the path of the regular file that a link leads to; for a file, its own path."""
        target = self.links.get(path, path)
        return self.hard_links.get(target, target)


def contents_of(members: Iterable[Member]) -> Contents:
    """Return the contents of an archive, or raise UnreadableArchive."""
    contents, links = Contents(), dict[str, str]()
    for member in members:
        _add(contents, links, member)
    # A link gets the digest of its target file; a link to a directory counts as a directory.
    for path in links:
        target, passed = path, dict[str, None]()
        while target in links:
            if target in passed:
                raise UnreadableArchive(f"The link {quote(path)} leads to itself.")
            passed[target] = None
            target = links[target]
        # So that no chain of links is followed twice.
        links.update(dict.fromkeys(passed, target))
        contents.links[path] = target
        if target in contents.files:
            contents.files[path] = contents.files[target]
        elif target in contents.directories or target == "":
            contents.directories.add(path)
        else:
            raise UnreadableArchive(f"The link {quote(path)} leads to nothing in the archive.")
    return contents


def path_of(name: str) -> str:
    """Return the normalized path, empty for the root.

    Raise UnreadableArchive if it leads out of the archive or cannot exist on Linux.
    """
    path = posixpath.normpath(name)
    if name.startswith("/") or path == ".." or path.startswith("../") or "\0" in name:
        raise UnreadableArchive(f"{quote(name)} leads out of the archive.")
    parts = path.encode(errors="surrogatepass").split(b"/")
    longest = len(max(parts, key=len))
    if longest > _LONGEST_PART or len(parts) > _DEEPEST_PATH or len(path) > _LONGEST_PATH:
        raise UnreadableArchive(f"{quote(name)} is too long or too deep for a file system.")
    return "" if path == "." else path


def _add(contents: Contents, links: dict[str, str], member: Member) -> None:
    path = path_of(member.name)
    is_directory = member.kind is Kind.DIRECTORY
    is_known = path in contents.files or path in links
    if is_known or (path in contents.directories and not is_directory):
        raise UnreadableArchive(f"The archive has two members named {quote(path)}.")
    if is_directory:
        # Clients look for the directories that FILES.json names, and see no other spelling.
        if path and path == member.name:
            contents.directories.add(path)
        return
    if not path or path != member.name:
        raise UnreadableArchive(
            f"The archive has a file named {quote(member.name)}: ansible-galaxy looks for names "
            "without '.', '..' and empty parts. Build it with 'ansible-galaxy collection build'."
        )
    if member.kind is Kind.FILE:
        contents.files[path] = member.digest
        if member.data is not None:
            contents.kept[path] = member.data
    elif member.kind is Kind.SYMBOLIC_LINK:
        links[path] = path_of(posixpath.join(posixpath.dirname(path), member.target))
    elif member.kind is Kind.HARD_LINK:
        # tarfile makes one if a file of a collection has a second name; clients read the first.
        target = path_of(member.target)
        if target not in contents.files:
            raise UnreadableArchive(f"The link {quote(path)} leads to no file that is before it.")
        contents.files[path] = contents.files[target]
        contents.hard_links[path] = contents.hard_links.get(target, target)
    else:
        raise UnreadableArchive(f"{quote(path)} is no file, no directory and no link.")
