"""The members of a collection's archive, as `ansible-galaxy` looks for them.

A client takes each entry of FILES.json and looks for a member of exactly this name, so an archive
that spells its names in any other way cannot be installed.
"""

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from pulp_contentroutes.galaxy.archive import Kind, Member
from pulp_contentroutes.galaxy.errors import UnreadableArchive, quoted

#: In bytes, as in Linux (NAME_MAX, and PATH_MAX without the folder that collections lie in).
_LONGEST_PART: Final = 255
_LONGEST_PATH: Final = 4096 - 256
_DEEPEST_PATH: Final = 256


@dataclass(frozen=True, slots=True)
class Contents:
    """What an archive has, by path."""

    #: SHA-256 of each regular file, in hexadecimal; of a link, that of its target.
    files: dict[str, str] = field(default_factory=dict)
    #: With links to directories.
    directories: set[str] = field(default_factory=set)
    #: Symbolic link → the path at the end of its chain, empty for the root.
    links: dict[str, str] = field(default_factory=dict)
    #: Hard link → the file that it is another name of.
    hard_links: dict[str, str] = field(default_factory=dict)
    #: The bytes of the files that were asked for; of links, nothing.
    kept: dict[str, bytes] = field(default_factory=dict)

    def file_behind(self, path: str) -> str:
        """Return the path of the regular file that a link leads to; of a file, its own."""
        target = self.links.get(path, path)
        return self.hard_links.get(target, target)


def contents_of(members: Iterable[Member]) -> Contents:
    """Return what an archive has, or raise UnreadableArchive."""
    contents, links = Contents(), dict[str, str]()
    for member in members:
        _add(contents, links, member)
    _add_links(contents, links)
    return contents


def path_of(name: str) -> str:
    """Return the one spelling of a path, empty for the root.

    Raise UnreadableArchive if it leads out of the archive or is none that Linux has.
    """
    path = posixpath.normpath(name)
    if name.startswith("/") or path == ".." or path.startswith("../") or "\0" in name:
        raise UnreadableArchive(f"{quoted(name)} leads out of the archive.")
    parts = path.encode(errors="surrogatepass").split(b"/")
    longest = len(max(parts, key=len))
    if longest > _LONGEST_PART or len(parts) > _DEEPEST_PATH or len(path) > _LONGEST_PATH:
        raise UnreadableArchive(f"{quoted(name)} is too long or too deep for a file system.")
    return "" if path == "." else path


def _add(contents: Contents, links: dict[str, str], member: Member) -> None:
    path = path_of(member.name)
    is_directory = member.kind is Kind.DIRECTORY
    is_known = path in contents.files or path in links
    if is_known or (path in contents.directories and not is_directory):
        raise UnreadableArchive(f"The archive has two members named {quoted(path)}.")
    if is_directory:
        # Clients look for those that FILES.json names; they do not see any other spelling.
        if path and path == member.name:
            contents.directories.add(path)
        return
    if not path or path != member.name:
        raise UnreadableArchive(
            f"The archive has a file named {quoted(member.name)}: ansible-galaxy looks for names "
            "without '.', '..' and empty parts. Build it with 'ansible-galaxy collection build'."
        )
    if member.kind is Kind.FILE:
        contents.files[path] = member.digest
        if member.data is not None:
            contents.kept[path] = member.data
    elif member.kind is Kind.SYMBOLIC_LINK:
        links[path] = path_of(posixpath.join(posixpath.dirname(path), member.target))
    elif member.kind is Kind.HARD_LINK:
        _add_hard_link(contents, path, path_of(member.target))
    else:
        raise UnreadableArchive(f"{quoted(path)} is no file, no directory and no link.")


def _add_hard_link(contents: Contents, path: str, target: str) -> None:
    """tarfile makes one where a file of a collection has a second name; clients read the first."""
    if target not in contents.files:
        raise UnreadableArchive(f"The link {quoted(path)} leads to no file that is before it.")
    contents.files[path] = contents.files[target]
    contents.hard_links[path] = contents.hard_links.get(target, target)


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
        contents.links[path] = target
        if target in contents.files:
            contents.files[path] = contents.files[target]
        elif target in contents.directories or target == "":
            contents.directories.add(path)
        else:
            raise UnreadableArchive(f"The link {quoted(path)} leads to nothing in the archive.")
