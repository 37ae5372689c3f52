"""`namespace.name` and `namespace.name:version`, by which users select collections."""

import re
from dataclasses import dataclass

from django.db.models import Q

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
    def parse(cls, text):
        """Return the selection, None if the text is not one."""
        matched = _SELECTION.fullmatch(text)
        return cls(**matched.groupdict()) if matched else None

    @property
    def condition(self):
        whole = Q(namespace=self.namespace, name=self.name)
        return whole & Q(version=self.version) if self.version else whole

    def __str__(self):
        version = f":{self.version}" if self.version else ""
        return f"{self.namespace}.{self.name}{version}"


def select(texts, units):
    """Return the selected ones of `units` (a query of collections), and unmatched selections."""
    selections = [Selection.parse(text) for text in texts]
    missing = [str(each) for each in selections if not units.filter(each.condition).exists()]
    condition = Q(pk=None)
    for each in selections:
        condition |= each.condition
    return units.filter(condition), missing
