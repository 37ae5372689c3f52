"""The check whether `ansible-galaxy` can install the members that FILES.json lists.

`ansible-galaxy` writes the entries in their order: a file replaces whatever exists at its path, a
link needs a free path. A member below a link is written into the directory that the link leads to.
"""

import posixpath
from collections.abc import Iterable

from pulp_contentroutes.galaxy.contents import Contents
from pulp_contentroutes.galaxy.errors import InvalidManifest, quote


def check_installable(contents: Contents, names: Iterable[str]) -> list[str]:
    """Raise InvalidManifest unless members of these names can be written one after the other.

    Return warnings about folders that `ansible-galaxy collection verify` would find changed.
    """
    written = set[str]()
    for name in names:
        if name in contents.links and name in written:
            raise InvalidManifest(f"FILES.json names the link {quote(name)} twice.")
        for folder in (name[:at] for at, sign in enumerate(name) if sign == "/"):
            if folder in contents.links:
                _check_below_link(contents, name, folder, written)
            elif folder in contents.files:
                raise InvalidManifest(f"{quote(name)} lies below a file.")
        written.add(name)
    unlisted = {posixpath.dirname(name) for name in written} - written - {""}
    if not unlisted:
        return []
    return [
        f"FILES.json does not tell of the folder {quote(min(unlisted))}: "
        "'ansible-galaxy collection verify' will find it changed."
    ]


def _check_below_link(contents: Contents, name: str, link: str, written: set[str]) -> None:
    """Allow a member below a link only if the directory behind the link has the same member."""
    if link not in written:
        raise InvalidManifest(f"FILES.json names {quote(name)} before the link {quote(link)}.")
    real = posixpath.normpath(posixpath.join(contents.links[link], name[len(link) + 1 :]))
    is_same = (
        real in contents.directories
        if name in contents.directories
        else contents.files.get(real) == contents.files.get(name)
    )
    if not is_same:
        raise InvalidManifest(
            f"{quote(name)} would be written through the link {quote(link)}, over another file."
        )
