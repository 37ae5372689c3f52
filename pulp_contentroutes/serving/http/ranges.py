"""The bytes of a representation that a Range header asks for (RFC 9110 §14), without I/O."""

import re
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

# RFC 9110 §14.1.2 and §5.6.1: members may be empty. No two repetitions can share a character, so
# that the cost of a hostile header is linear in its length.
_MEMBER = r"[ \t]*+(?:(?:[0-9]++-[0-9]*+|-[0-9]++)[ \t]*+)?"
_RANGE_SET = re.compile(rf"{_MEMBER}(?:,{_MEMBER})*")
_RANGE = re.compile(r"([0-9]*+)-([0-9]*+)")

# Python's int() is quadratic and refuses 4300 digits. No file has this many bytes (10^18).
_MAX_DIGITS: Final = 18
_BEYOND: Final = 10**_MAX_DIGITS


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes `first` to `last` of a representation, both included (RFC 9110 §14.1.2)."""

    first: int
    last: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1


class NotSatisfiable(Exception):
    """The range set is malformed, or none of its ranges has a byte of the representation (416)."""


def parse(value: str, size: int, max_spans: int) -> tuple[Span, ...] | None:
    """Return the disjoint spans asked for, None if the header is to be ignored (RFC 9110 §14.2).

    It is ignored if it has another unit, more than `max_spans` ranges, or several that together are
    the whole representation. Raise NotSatisfiable for malformed ranges, too, as Pulp, nginx and Go
    do.
    """
    unit, _, range_set = value.partition("=")
    if unit.lower() != "bytes":
        return None
    texts = _RANGE.findall(range_set) if _RANGE_SET.fullmatch(range_set) else ()
    if not texts:
        raise NotSatisfiable
    if len(texts) > max_spans:
        return None
    bounds = [(_position(first), _position(last)) for first, last in texts]
    if any(first is not None and last is not None and last < first for first, last in bounds):
        raise NotSatisfiable
    spans = []
    for first, last in bounds:
        # Without `first`, `last` is the length of a suffix.
        start = size - min(last or 0, size) if first is None else first
        end = size - 1 if first is None or last is None else min(last, size - 1)
        if start < size:
            spans.append(Span(start, end))
    if spans:
        disjoint = _disjoint(spans)
        is_whole = disjoint == (Span(0, size - 1),)
        return None if is_whole and len(texts) > 1 else disjoint
    # RFC 9110 §14.1.2: a suffix is satisfiable unless it is -0. For an empty representation it
    # means all of it, which Content-Range cannot express.
    if any(first is None and last for first, last in bounds):
        return None
    raise NotSatisfiable


def content_range(span: Span, size: int) -> str:
    return f"bytes {span.first}-{span.last}/{size}"


def _position(digits: str) -> int | None:
    if not digits:
        return None
    significant = digits.lstrip("0")
    return int(significant or "0") if len(significant) <= _MAX_DIGITS else _BEYOND


def _disjoint(spans: list[Span]) -> tuple[Span, ...]:
    """Return the spans in the order asked, unless some overlap or touch (RFC 9110 §15.3.7.2)."""
    merged: list[Span] = []
    for span in sorted(spans, key=attrgetter("first")):
        if merged and span.first <= merged[-1].last + 1:
            before = merged.pop()
            merged.append(Span(before.first, max(before.last, span.last)))
        else:
            merged.append(span)
    return tuple(spans if len(merged) == len(spans) else merged)
