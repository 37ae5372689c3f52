"""Texts and lists of texts in untrusted documents, as far as a database can hold them."""

import re
from collections.abc import Mapping
from typing import Any, Final, TypeVar

from pulp_contentroutes.galaxy.errors import InvalidManifest

T = TypeVar("T", str, tuple[str, ...])

#: The whole manifest has at most 256 KiB.
_LONGEST_TEXT: Final = 32 * 1024
LONGEST_LIST: Final = 1000
# Characters that a column of PostgreSQL cannot hold: NUL, and halves of surrogate pairs.
_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")


def text_of(fields: Mapping[str, Any], name: str) -> str:
    """Return a text, empty if there is none; or raise InvalidManifest naming the field."""
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT or _UNSTORABLE.search(value):
        raise InvalidManifest(f"'{name}' is no text of at most {_LONGEST_TEXT} characters.")
    return value


def texts_of(fields: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Return a list of texts, or one text as a list; or raise InvalidManifest naming the field."""
    values = fields.get(name)
    values = [] if values is None else [values] if isinstance(values, str) else values
    if not isinstance(values, list) or len(values) > LONGEST_LIST:
        raise InvalidManifest(f"'{name}' is no list of at most {LONGEST_LIST} texts.")
    return tuple(require(text_of({name: value}, name), name) for value in values)


def require(value: T, name: str) -> T:
    """Return the value unless it is empty; then raise InvalidManifest naming the field."""
    if not value:
        raise InvalidManifest(f"'{name}' is missing or empty.")
    return value
