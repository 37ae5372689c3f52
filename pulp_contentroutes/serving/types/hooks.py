"""Asking the hooks of a distribution, for types without a rule."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from pulp_contentroutes.serving.handover import Handover


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer of the hooks for one path, at one moment; it is never remembered."""

    #: The content artifact that `content_handler` serves at the path; None for "go on".
    content_artifact_id: UUID | None
    #: The fields that `content_headers_for` adds, or sets in place of pulpcore's.
    fields: tuple[tuple[str, str], ...]
    #: Whether `content_handler_list_directory` names anything in a directory at the path.
    is_directory: bool


class Hooks(Protocol):
    async def ask(self, pulp_type: str, distribution_id: UUID, path: str) -> Verdict | Handover:
        """Return the verdict of a distribution's hooks, or the reason why Pulp must ask them.

        `path` is below the base path, decoded.
        """
