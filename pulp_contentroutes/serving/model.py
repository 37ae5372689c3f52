"""The values that are passed from step to step: data without behaviour of its own.

Target → Snapshot → Representation (or Missing, or Handover) → response.
"""

import enum
from dataclasses import dataclass
from typing import Final, NamedTuple
from uuid import UUID

from pulp_contentroutes.serving.byte_source import ByteSource
from pulp_contentroutes.serving.coherence.coherent_cache import Kept
from pulp_contentroutes.serving.handover import Handover
from pulp_contentroutes.serving.types.rule import RouteRule, ServedType

#: Header fields: names and values.
Fields = tuple[tuple[str, str], ...]


class Target(NamedTuple):
    """The content that a URL names: a domain, and `<base path>/<relative path>` in it, decoded.

    Each request makes one, and looks it up: a tuple costs half of what a dataclass does.
    """

    domain: str
    path: str
    #: The route of a plugin whose URL names it: the base path is all of `path` but its last
    #: segment.
    route: RouteRule | None = None
    #: The fields that a content route sets, in place of those of the same names.
    fields: Fields = ()


@dataclass(frozen=True, slots=True)
class Mount:
    """Content below the `path` of a domain, at URLs below `prefix`.

    Both are decoded, and end in "/". `path` is a base path, or a directory below one. Without
    domains, `domain` is None.
    """

    prefix: str
    path: str
    domain: str | None = None


@dataclass(frozen=True, slots=True)
class Routed:
    """A request that belongs to a content route, and what the route says about it."""

    #: The path below the mount, decoded; None for the URL of the mount without its slash.
    path: str | None
    #: Where the content may be: the first that has it answers.
    mounts: tuple[Mount, ...] = ()
    #: The status and the location of a redirect.
    redirect: tuple[int, str] | None = None
    #: The guard that must admit the client before those of the content.
    guard_id: UUID | None = None
    fields: Fields = ()
    has_listings: bool = True

    def path_in(self, mount: Mount) -> str:
        """Return the path of the request's content: `<base path>/<relative path>`."""
        return mount.path.removesuffix("/") if self.path is None else mount.path + self.path


@dataclass(frozen=True, slots=True)
class ContentSet:
    """An immutable set of paths: a complete publication, or a complete repository version.

    Paths looked up in it are cached under `key` and never change.
    """

    #: None if a distribution serves a repository version directly.
    publication_id: UUID | None
    #: Seconds since the epoch; 0 without a publication.
    publication_created: float
    version_id: UUID
    version_created: float
    repository_id: UUID
    #: The number of the repository version.
    number: int
    #: Whether the version's content is served by its own paths: pass-through, or no publication.
    serves_version: bool

    @property
    def key(self) -> UUID:
        return self.publication_id or self.version_id


class Missing(enum.Enum):
    """The result of a look-up that has found nothing."""

    #: There is neither such a file nor such a directory.
    PROVEN = enum.auto()


@dataclass(slots=True, eq=False)
class Snapshot(Kept):
    """How one distribution is served right now; a change in the database makes a new snapshot."""

    distribution_id: UUID
    pulp_type: str
    base_path: str
    #: None if there is nothing to serve.
    content_set: ContentSet | None
    #: The reason why Pulp's handler must answer for every path; None if the fast path can answer.
    handover: Handover | None
    #: The content guard that must be asked first; None if every client may have the content.
    guard_id: UUID | None
    is_checkpoint: bool
    #: Whether superseded publications may still have a file that the content set does not have.
    has_fallback: bool
    #: The answer for a path that is found nowhere.
    nowhere: Missing | Handover
    #: For a checkpoint distribution: the repository whose checkpoints it serves.
    repository_id: UUID | None
    #: The folder that artifacts' file names are relative to.
    root: str
    #: The ids of the rows that it was made of, as the database announces changes of them.
    keys: frozenset[str]
    #: The rule for the hooks of the distribution, None if it has none of its own.
    served: ServedType | None = None
    #: Whether the hooks of the distribution must be asked for each request.
    is_asked: bool = False


@dataclass(frozen=True, slots=True)
class Validators:
    """The validators of a representation: a strong entity tag, quoted, and whole seconds."""

    etag: str
    last_modified: int


@dataclass(slots=True, eq=False)
class Representation(Kept):
    """A file at a path, with the response head that is the same for every client."""

    source: ByteSource
    validators: Validators
    #: Status line and fields of a 200 for HTTP/1.1, each with CRLF, without the fields that
    #: depend on the time (Date) or on the connection.
    head: bytes
    #: When a superseded publication stops being served, in seconds since the epoch.
    expires: float | None = None


#: The key that is announced when a base path is added, changed or removed.
BASE_PATHS: Final = "base_paths"
#: The key that is announced, with its id, when a content route is added, changed or removed.
ROUTES: Final = "routes"
#: The key that is announced when a user, a role or a token changes.
ACCESS: Final = "access"
