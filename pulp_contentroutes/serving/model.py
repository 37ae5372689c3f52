"""The values that travel from step to step; no behaviour beyond what they are.

Target → Plan → Found (or Outcome) → response.
"""

import enum
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from pulp_contentroutes.serving.preconditions import Validators


@dataclass(frozen=True, slots=True)
class Target:
    """What a URL asks for: a domain, and `<base path>/<relative path>` in it, decoded."""

    domain: str
    path: str


@dataclass(frozen=True, slots=True)
class Source:
    """An immutable set of paths: a complete publication, or a complete repository version.

    Paths looked up in it are cached under `key` and never change.
    """

    #: None where a distribution serves a repository version directly.
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


@dataclass(slots=True, eq=False)
class Plan:
    """How one distribution is served right now.

    Everything but `is_current` and `last_true` is fixed: a change in the database makes a new plan.
    """

    distribution_id: UUID
    base_path: str
    #: None where there is nothing to serve, or not by us: see `is_ours`.
    source: Source | None
    #: False where only Pulp's handler knows what to answer.
    is_ours: bool
    #: The content guard that must be asked first; None where everyone may have the content.
    guard_id: UUID | None
    is_checkpoint: bool
    #: Whether superseded publications may still have what the source has not.
    has_fallback: bool
    #: Whether a path that is found nowhere is a 404: not with a remote, which could still have it.
    can_miss: bool
    #: Of a checkpoint distribution, the repository whose checkpoints it serves.
    repository_id: UUID | None
    #: The folder that artifacts' file names are relative to.
    root: str
    #: What it was made of, as the database announces changes: ids.
    keys: frozenset[str]
    #: Whether it is in memory, where announcements of `keys` reach it, and none has.
    is_current: bool = False
    #: When it was last known to be true, on the loop's clock, if it is only doubted since: changes
    #: were not heard of for a while. None while it is current, and once it is known to be outdated.
    last_true: float | None = None

    @property
    def is_kept(self) -> bool:
        """Tell whether it is in memory, and not known to be outdated."""
        return self.is_current or self.last_true is not None


class Outcome(enum.Enum):
    """What a look-up may end in besides a file."""

    #: Proven: there is no such file, and no directory.
    MISSING = enum.auto()
    #: Not ours to answer: Pulp's handler is asked.
    HANDED_OVER = enum.auto()


@dataclass(slots=True, eq=False, weakref_slot=True)
class StoredFile:
    """An artifact in the file system; one value per artifact, however many paths lead to it."""

    artifact_id: UUID
    #: Absolute.
    name: str
    size: int
    #: False once the artifact was deleted, or a content unit has lost it.
    is_current: bool = True


@dataclass(slots=True, eq=False)
class Found:
    """A file at a path, with the response head that is the same for everyone."""

    file: StoredFile
    validators: Validators
    #: Status line and fields of a 200 for HTTP/1.1, each with CRLF, without those of the moment
    #: (Date) and of the connection.
    head: bytes
    #: When a superseded publication stops being served, in seconds since the epoch.
    expires: float | None = None
    #: False while the database has yet to confirm it: changes were not heard of for a while.
    is_current: bool = True


#: The key that is announced when a base path is given, changed or taken away.
BASE_PATHS: Final = "base_paths"
#: The key that is announced when a user, a role or a token changes.
ACCESS: Final = "access"
