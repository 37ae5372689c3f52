"""A role in an archive: a tar.gz with a `meta/main.yml`, as GitHub and `git archive` make them."""

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO, Final

from pulp_contentroutes.galaxy.archive import Kind, Member, members_of
from pulp_contentroutes.galaxy.errors import InvalidManifest, UnreadableArchive, quote
from pulp_contentroutes.galaxy.fields import text_of, texts_of
from pulp_contentroutes.galaxy.limits import Limits
from pulp_contentroutes.galaxy.parsers import yaml_document_of

_MAINS: Final = ("meta/main.yml", "meta/main.yaml")
_MOST_LINKS: Final = 40
#: NAME_MAX of Linux, in bytes.
_LONGEST_PART: Final = 255
#: Clients take the part after the last dot of `namespace.name` as the name.
_NAMES: Final = {
    "namespace": re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}"),
    "name": re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}"),
    "version": re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,127}"),
}


@dataclass(frozen=True, slots=True)
class Role:
    """The `galaxy_info` of meta/main.yml; fields that are missing there are empty."""

    author: str
    company: str
    description: str
    license: str
    min_ansible_version: str
    tags: tuple[str, ...]
    platforms: tuple[str, ...]


def check_name(field: str, value: str) -> None:
    """Raise InvalidManifest unless a role may have this value as its namespace, name or version."""
    if not _NAMES[field].fullmatch(value):
        raise InvalidManifest(f"{quote(value)} cannot be the {field} of a role.")


def read_role(file: BinaryIO, limits: Limits) -> Role:
    """Return the role in an archive, or raise InvalidCollection. Blocking.

    Clients take the folder with the shortest path that has a `meta/main.yml` as the role, and
    unpack its files and symbolic links. Links may lead to nothing, as in git, but not out of the
    role.
    """
    members = list(members_of(file, frozenset(), limits))
    main = _main_in(members)
    name = members[main].name
    folder = posixpath.dirname(posixpath.dirname(name))
    for member in members:
        if member.kind in (Kind.FILE, Kind.SYMBOLIC_LINK):
            _check_inside(member, folder)
    source = _file_behind(main, members)
    file.seek(0)
    kept = members_of(file, {members[source].name}, limits)
    data = next(islice(kept, source, None)).data or b""
    info = yaml_document_of(data, quote(name)).get("galaxy_info")
    fields: Mapping[str, Any] = info if isinstance(info, dict) else {}
    # A list of `{name: …, versions: […]}`.
    platforms = fields.get("platforms")
    described = platforms if isinstance(platforms, list) else []
    named = [each.get("name") for each in described if isinstance(each, dict)]
    return Role(
        author=", ".join(_texts(fields, "author")),
        company=", ".join(_texts(fields, "company")),
        description=text_of(fields, "description"),
        license=", ".join(_texts(fields, "license")),
        min_ansible_version=text_of(fields, "min_ansible_version"),
        tags=_texts(fields, "galaxy_tags"),
        platforms=_texts({"platforms": named}, "platforms"),
    )


def _main_in(members: Sequence[Member]) -> int:
    """Return the position of the meta/main.yml that clients take."""
    mains = [
        (len(posixpath.dirname(member.name)), number)
        for number, member in enumerate(members)
        if member.name in _MAINS or member.name.endswith(tuple(f"/{main}" for main in _MAINS))
    ]
    if not mains:
        raise InvalidManifest("The archive has no meta/main.yml: it holds no role.")
    return min(mains)[1]


def _check_inside(member: Member, folder: str) -> None:
    """Raise UnreadableArchive if a client would write or link to a path outside the role."""
    if ".." in member.name.split("/"):
        raise UnreadableArchive(f"{quote(member.name)} leads out of a folder.")
    path = member.name.replace(folder, "", 1).lstrip("/")
    target = posixpath.join(posixpath.dirname(path), member.target) if member.target else path
    longest = max(map(len, path.encode(errors="surrogatepass").split(b"/")))
    # Clients leave out a link that cannot be made.
    if longest > _LONGEST_PART and member.kind is Kind.FILE:
        raise UnreadableArchive(f"{quote(member.name)} is too long for a file system.")
    for each in (path, target):
        normal = posixpath.normpath(each)
        if each.startswith("/") or normal == ".." or normal.startswith("../") or "\0" in each:
            raise UnreadableArchive(f"{quote(member.name)} leads out of the role.")


def _file_behind(number: int, members: Sequence[Member]) -> int:
    """Return the position of the file that is read for a member, which may be a link.

    As in tarfile, a symbolic link leads to the last member of that name, a hard link to the last
    one before the link.
    """
    first = members[number]
    for _ in range(_MOST_LINKS):
        member = members[number]
        if member.kind is Kind.FILE:
            return number
        is_symbolic = member.kind is Kind.SYMBOLIC_LINK
        folder = posixpath.dirname(member.name) if is_symbolic else ""
        target = posixpath.normpath(posixpath.join(folder, member.target))
        candidates = range(len(members) if is_symbolic else number)
        found = (n for n in reversed(candidates) if posixpath.normpath(members[n].name) == target)
        number = next(found, -1)
        if number < 0 or not member.target:
            break
    raise InvalidManifest(f"{quote(first.name)} is no file, and leads to none.")


def _texts(fields: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Return one text or many; a YAML value that is left empty is an empty text."""
    values = fields.get(name)
    if isinstance(values, list):
        fields = {name: [value for value in values if value]}
    return texts_of(fields, name) if values else ()
