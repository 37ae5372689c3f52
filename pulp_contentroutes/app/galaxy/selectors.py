"""`namespace.name` and `namespace.name:version`, by which users select collections."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from django.db.models import Q, QuerySet

from pulp_contentroutes.app.galaxy.models.content import CollectionVersion

_SELECTION = re.compile(
    r"(?P<namespace>[a-z][0-9a-z_]{0,63})\.(?P<name>[a-z][0-9a-z_]{0,63})"
    r"(?::(?P<version>[0-9A-Za-z.+-]{1,128}))?"
)


@dataclass(frozen=True, slots=True)
class Selection:
    """All versions of a collection, or one."""

    namespace: str
    name: str
    version: str | None

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return the selection, None if the text is not one."""
        matched = _SELECTION.fullmatch(text)
        return cls(**matched.groupdict()) if matched else None

    @property
    def condition(self) -> Q:
        whole = Q(namespace=self.namespace, name=self.name)
        return whole & Q(version=self.version) if self.version else whole

    def __str__(self) -> str:
        version = f":{self.version}" if self.version else ""
        return f"{self.namespace}.{self.name}{version}"


def select(
    texts: Iterable[str], units: QuerySet[CollectionVersion]
) -> tuple[QuerySet[CollectionVersion], list[str]]:
    """Return the selected ones of `units` (a query of collections), and unmatched selections."""
    # SelectionSerializer has refused the texts for which `parse` returns None.
    selections: list[Selection] = [Selection.parse(text) for text in texts]  # type: ignore[misc]
    missing = [str(each) for each in selections if not units.filter(each.condition).exists()]
    condition = Q(pk=None)
    for each in selections:
        condition |= each.condition
    return units.filter(condition), missing
