"""Rows of our statements → values, and the interface that fetches them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from pulp_contentroutes.serving.model import ContentSet

Row = Mapping[str, Any]


class Queries(Protocol):
    @property
    def tables(self) -> frozenset[str]:
        """Return the optional tables of schema.py that statements may use."""

    async def fetch(self, statement: str, *values: Any) -> Sequence[Row]:
        """Return the rows of a statement of sql.py, or raise DatabaseUnavailable."""


def seconds(moment: datetime | None) -> float | None:
    """Return a time of the database in seconds since the epoch."""
    return None if moment is None else moment.timestamp()


def content_set_of(row: Row) -> ContentSet | None:
    """Return the content set that a row of SNAPSHOT or CHECKPOINT names, None if it names none."""
    if row["version_id"] is None:
        return None
    publication: UUID | None = row["publication_id"]
    return ContentSet(
        publication_id=publication,
        publication_created=seconds(row["publication_created"]) or 0,
        version_id=row["version_id"],
        version_created=row["version_created"].timestamp(),
        repository_id=row["version_repository_id"],
        number=row["number"],
        serves_version=publication is None or row["pass_through"],
    )


def ids_among(keys: Iterable[str]) -> Iterator[UUID]:
    """Yield the ids among the keys that the database announces."""
    for key in keys:
        try:
            yield UUID(key)
        except ValueError:
            continue
