"""The documented differences: the rows of docs/differences.md, and when each applies."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from tests.differential.cases import CONTENT, ROUTE, Case, is_listing

ALL: Final = frozenset({"*"})
BOTH: Final = (CONTENT, ROUTE)


@dataclass(frozen=True, slots=True)
class Row:
    """A documented difference: `name` is in docs/differences.md."""

    name: str
    covers: frozenset[str]
    applies: Callable[[Case], bool]
    where: tuple[str, ...] = BOTH


def _covering(*names: str) -> frozenset[str]:
    return frozenset(names)


def _ranged(pattern: str) -> Callable[[Case], bool]:
    """Return a test for a question about a file whose Range makes the statuses differ."""

    def applies(case: Case) -> bool:
        is_other_part = case.ours.status < 400 and case.stock.body != case.ours.body
        is_changed = case.statuses[0] != case.statuses[1] or is_other_part
        return bool(case.file) and is_changed and case.has("Range", pattern)

    return applies


def _conditional(name: str, pattern: str = "") -> Callable[[Case], bool]:
    def applies(case: Case) -> bool:
        is_changed = case.statuses[0] != case.statuses[1]
        return bool(case.file) and is_changed and case.has(name, pattern)

    return applies


def _both(status: int) -> Callable[[Case], bool]:
    return lambda case: bool(case.file) and case.statuses == (status, status)


def _is_refused(status: int, pattern: str) -> Callable[[Case], bool]:
    return lambda case: (
        case.ours.status == status
        and bool(re.search(pattern, case.decoded if status == 404 else case.path, re.DOTALL))
    )


def _is_not_text(case: Case) -> bool:
    try:
        unquote(case.path, errors="strict").encode()
    except UnicodeError:
        return case.ours.status == 400
    return case.ours.status == 400 and bool(re.search(r"%(?![0-9A-Fa-f]{2})", case.path))


_MOVED: Final = "Redirects that add a slash, or lead to a checkpoint"
_NAMES: Final = "`Location` of a name with `%`, `?` or `#`"

#: The first row that applies and covers a difference explains it.
ROWS: Final = (
    # Paths.
    Row("A path with NUL", ALL, _is_refused(400, "%00")),
    Row("A path that is not UTF-8, or has a `%` without two digits", ALL, _is_not_text, (ROUTE,)),
    Row(
        "A path longer than `CONTENTROUTES_MAX_PATH_BYTES`",
        ALL,
        lambda case: case.ours.status == 414 and len(case.path) > 4000,
        (ROUTE,),
    ),
    Row(
        "A path with `..` or an empty segment (`//`)",
        ALL,
        _is_refused(404, r"/\.\.(/|$)|//"),
        (ROUTE,),
    ),
    Row(
        "The prefix without its last slash",
        ALL,
        lambda case: case.statuses in ((404, 301), (301, 301)) and case.path.count("/") <= 3,
        (ROUTE,),
    ),
    Row(
        _NAMES,
        _covering("location"),
        lambda case: case.statuses == (301, 301) and bool(re.search("%(25|3f|23)", case.path, 2)),
        (ROUTE,),
    ),
    Row(_MOVED, _covering("location"), lambda case: case.statuses == (301, 301), (ROUTE,)),
    Row("Links in a listing", _covering("body", "content-length"), is_listing, (ROUTE,)),
    Row(
        "Headers of a listing",
        _covering("content-type", "content-security-policy", "x-content-type-options"),
        is_listing,
        (ROUTE,),
    ),
    # Access.
    Row(
        "A guard refuses a known user, or no credentials can satisfy it",
        ALL,
        lambda case: case.statuses == (403, 403) and case.ours.body in (b"403: Forbidden", b""),
    ),
    Row(
        "`Cache-Control` of content with a guard",
        _covering("cache-control"),
        lambda case: case.is_guarded and case.ours["cache-control"].startswith("private"),
    ),
    Row(
        "Headers of an upstream",
        _covering("x-upstream"),
        lambda case: case.file is None and case.statuses == (200, 200),
    ),
    # Choice of the file.
    Row(
        "Files of later publications below a checkpoint's timestamp",
        ALL,
        lambda case: (
            case.ours.status == 404
            and case.stock.status < 500
            and bool(re.search(r"/\d{8}T\d{6}Z/", case.decoded))
        ),
    ),
    Row(
        "A file with the name of a directory",
        ALL,
        lambda case: bool(case.file) and case.stock.status == 301,
    ),
    Row(
        "`index.html` in the content of a pass-through publication",
        ALL,
        lambda case: bool(case.file) and case.stock.status == 200 and not case.stock["etag"],
    ),
    Row(
        "The `index.html` of a version's or checkpoint's publication",
        ALL,
        lambda case: bool(case.file) and case.stock.status == 500,
    ),
    # Conditions and ranges.
    Row(
        "`HEAD` with `Range`",
        ALL,
        lambda case: case.asked.method == "HEAD" and _ranged("")(case),
    ),
    Row(
        "`ETag`",
        ALL,
        lambda case: (
            bool(case.file) and case.uses_stock_tag and case.statuses[0] != case.statuses[1]
        ),
    ),
    Row("`If-Match` with the sha256", ALL, _conditional("If-Match")),
    Row(
        "`If-None-Match` with `*`, with a weak tag, in several lines",
        ALL,
        _conditional("If-None-Match", r"(?i)W/"),
    ),
    Row(
        "`If-None-Match` with `*`, with a weak tag, in several lines",
        ALL,
        _conditional("If-None-Match"),
    ),
    Row("`If-Modified-Since`, `If-Unmodified-Since`", ALL, _conditional("If-Modified-Since")),
    Row("`If-Modified-Since`, `If-Unmodified-Since`", ALL, _conditional("If-Unmodified-Since")),
    Row(
        "`If-Range` that does not match, or is weak",
        ALL,
        lambda case: case.has("If-Range") and _ranged("")(case),
    ),
    Row(
        "A suffix of an empty file",
        ALL,
        lambda case: case.file is not None and not case.file.data and _ranged("-[1-9]")(case),
    ),
    Row("Several ranges", ALL, _ranged(r"^\s*bytes\s*=[^,]*\d[^,]*,")),
    Row("A range of another unit", ALL, _ranged(r"(?i)^(?!bytes)")),
    Row("`Range: bytes=-0`", ALL, _ranged(r"^bytes=-0+$")),
    Row("A range in another spelling", ALL, _ranged(r"")),
    # Headers.
    Row(
        "A 304",
        _covering(
            "content-type",
            "x-pulp-artifact-size",
            "last-modified",
            "cache-control",
            "etag",
            # Those of a blob in a registry.
            "docker-content-digest",
            "docker-distribution-api-version",
        ),
        _both(304),
    ),
    Row("A 412", ALL, _both(412)),
    Row("A 416", ALL, _both(416)),
    Row("`ETag`", _covering("etag"), lambda case: bool(case.file)),
    Row("`Last-Modified`", _covering("last-modified"), lambda case: bool(case.file)),
    Row("`Repr-Digest`", _covering("repr-digest"), lambda case: bool(case.file)),
)
