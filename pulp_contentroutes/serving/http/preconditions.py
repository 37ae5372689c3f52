"""Preconditions (RFC 9110 §13), without I/O.

They tell whether the client already has this representation, or expects another one.
"""

import enum
import re
import time
from collections.abc import Iterator
from datetime import date
from typing import Final

from multidict import CIMultiDictProxy, istr

from pulp_contentroutes.serving.model import Validators

_IF_MATCH: Final = istr("If-Match")
_IF_NONE_MATCH: Final = istr("If-None-Match")
_IF_MODIFIED_SINCE: Final = istr("If-Modified-Since")
_IF_UNMODIFIED_SINCE: Final = istr("If-Unmodified-Since")
_IF_RANGE: Final = istr("If-Range")

#: A request without any of these gets the whole representation. If-Range matters only with Range.
CONDITIONAL: Final[tuple[istr, ...]] = (
    _IF_MATCH,
    _IF_NONE_MATCH,
    _IF_MODIFIED_SINCE,
    _IF_UNMODIFIED_SINCE,
    istr("Range"),
)

# RFC 9110 §8.8.3. Bytes above 127 arrive as characters or as surrogates.
_TAG = r'(?:W/)?"[!#-~\x80-\U0010ffff]*+"'
_ENTITY_TAG = re.compile(_TAG)
# RFC 9110 §5.6.1: members may be empty. No two repetitions can share a character, so that the
# cost of a hostile list is linear in its length.
_MEMBER = rf"[ \t]*+(?:{_TAG}[ \t]*+)?"
_ENTITY_TAGS = re.compile(rf"{_MEMBER}(?:,{_MEMBER})*")

# RFC 9110 §5.6.7: case-sensitive; the weekday is redundant, so a wrong one is ignored.
_MONTHS: Final = (
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
)
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)})"
_CLOCK = r"(?P<hour>[01][0-9]|2[0-3]):(?P<minute>[0-5][0-9]):(?P<second>[0-5][0-9]|60)"
_DATES: Final = (
    # IMF-fixdate
    re.compile(
        rf"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?P<day>[0-9]{{2}}) {_MONTH} (?P<year>[0-9]{{4}})"
        rf" {_CLOCK} GMT"
    ),
    # rfc850-date
    re.compile(
        r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, "
        rf"(?P<day>[0-9]{{2}})-{_MONTH}-(?P<year>[0-9]{{2}}) {_CLOCK} GMT"
    ),
    # asctime-date
    re.compile(
        rf"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) {_MONTH} (?P<day>[0-9]{{2}}| [0-9]) {_CLOCK}"
        r" (?P<year>[0-9]{4})"
    ),
)
# About 200 tags of ours; a longer list would keep the event loop busy for nothing.
_MAX_LIST: Final = 16 * 1024

_EPOCH: Final = date(1970, 1, 1).toordinal()


class Verdict(enum.Enum):
    PROCEED = enum.auto()
    NOT_MODIFIED = enum.auto()  # 304
    FAILED = enum.auto()  # 412


def evaluate(headers: CIMultiDictProxy[str], validators: Validators) -> Verdict:
    """Evaluate steps 1 to 4 of RFC 9110 §13.2.2, for GET and HEAD.

    A date matches only if it is the one that we sent, as with nginx's `if_modified_since exact`:
    after a roll-back, the older file is at the path again, and a later date belongs to the other
    file.
    """
    if _IF_MATCH in headers:
        listed = _list(headers, _IF_MATCH)
        is_as_expected = listed == "*" or validators.etag in _entity_tags(listed)
    else:
        limit = _seconds(_single(headers, _IF_UNMODIFIED_SINCE))
        is_as_expected = limit is None or limit == validators.last_modified
    if not is_as_expected:
        return Verdict.FAILED
    if _IF_NONE_MATCH in headers:
        listed = _list(headers, _IF_NONE_MATCH)
        # Weak comparison (RFC 9110 §8.8.3.2): caches and compressing proxies weaken our tags.
        is_known = listed == "*" or any(
            tag.removeprefix("W/") == validators.etag for tag in _entity_tags(listed)
        )
    else:
        since = _seconds(_single(headers, _IF_MODIFIED_SINCE))
        is_known = since == validators.last_modified
    return Verdict.NOT_MODIFIED if is_known else Verdict.PROCEED


def range_applies(headers: CIMultiDictProxy[str], validators: Validators) -> bool:
    """Tell whether Range applies, or is to be ignored (RFC 9110 §13.1.5)."""
    if _IF_RANGE not in headers:
        return True
    value = _single(headers, _IF_RANGE)
    # A date must be the very one that we sent: a later one does not prove that the bytes are equal.
    return value == validators.etag or _seconds(value) == validators.last_modified


def _list(headers: CIMultiDictProxy[str], name: istr) -> str:
    """Return all field lines as one list (RFC 9110 §5.3); an empty one if it is too long."""
    listed = ", ".join(headers.getall(name))
    return listed if len(listed) <= _MAX_LIST else ""


def _entity_tags(listed: str) -> Iterator[str]:
    if _ENTITY_TAGS.fullmatch(listed):
        for match in _ENTITY_TAG.finditer(listed):
            yield match[0]


def _single(headers: CIMultiDictProxy[str], name: istr) -> str | None:
    """Return the value; None if the header is missing or occurs twice."""
    values = headers.getall(name, ())
    return values[0] if len(values) == 1 else None


def _seconds(http_date: str | None) -> int | None:
    """Return seconds since the epoch, or None if this is not an HTTP-date (RFC 9110 §5.6.7)."""
    if http_date is None:
        return None
    for pattern in _DATES:
        if match := pattern.fullmatch(http_date):
            break
    else:
        return None
    month = _MONTHS.index(match["month"]) + 1
    day, hour, minute, second = (int(match[part]) for part in ("day", "hour", "minute", "second"))
    year = int(match["year"])
    if len(match["year"]) == 2:
        # A date more than 50 years ahead is in the past (RFC 9110 §5.6.7).
        now = time.gmtime()
        horizon = now.tm_year + 50
        year = horizon - (horizon - year) % 100
        if (year, month, day, hour, minute, second) > (horizon, *now[1:6]):
            year -= 100
    try:
        days = date(year, month, day).toordinal() - _EPOCH
    except ValueError:  # 30 February
        return None
    return ((days * 24 + hour) * 60 + minute) * 60 + second
