"""Content routes: what operators say about URLs, as the content app uses it."""

import fnmatch
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from uuid import UUID

from pulp_contentroutes.serving.model import Fields
from pulp_contentroutes.serving.routing.mount_patterns import MountPattern
from pulp_contentroutes.serving.routing.templates import Template

#: The longest pattern of `allow` and `deny`, and the most of them.
MAX_GLOB: Final = 200
MAX_GLOBS: Final = 50


@dataclass(frozen=True, slots=True)
class Serve:
    """The content at `paths`: `<base path>/[<directory>/]` of distributions, in their order."""

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rewrite:
    """The content at a path that depends on the captures of the mount."""

    path: Template


@dataclass(frozen=True, slots=True)
class Redirect:
    """A redirect to another URL."""

    status: int
    location: Template


Action = Serve | Rewrite | Redirect


@dataclass(frozen=True, slots=True, eq=False)
class ContentRoute:
    """One route: URLs of `host` below `mount`, and what is done for them."""

    id: UUID
    name: str
    #: "" for every host, `*.<suffix>` for those that end so.
    host: str
    mount: MountPattern
    action: Action
    #: The name of the domain of its content.
    domain: str
    #: A guard that is asked before those of the content.
    guard_id: UUID | None
    #: Header fields of files, in place of those of the same names.
    fields: Fields
    #: Whether directories are listed.
    has_listings: bool
    #: Patterns of the paths below the mount that are served, and of those that are not; without
    #: patterns, there is no rule. `*` matches slashes, too.
    allow: tuple[str, ...]
    deny: tuple[str, ...]
    #: The ids of the other rows that it was made of: its domain, and its distributions.
    keys: tuple[str, ...]

    def admits(self, path: str) -> bool:
        """Tell whether the path below the mount, decoded, is one that the route answers."""
        is_denied = bool(self.deny) and _compile_globs(self.deny).fullmatch(path) is not None
        is_allowed = not self.allow or _compile_globs(self.allow).fullmatch(path) is not None
        return is_allowed and not is_denied


# Not when routes are read: thousands may have patterns, and compiling them takes milliseconds.
@lru_cache(maxsize=1000)
def _compile_globs(globs: tuple[str, ...]) -> re.Pattern[str]:
    """Return the pattern of paths that match one of the globs.

    Python compiles globs so that matching takes no more than a time in proportion to the length of
    the path for each `*` (`fnmatch.translate`).
    """
    return re.compile("|".join(map(fnmatch.translate, globs)))
