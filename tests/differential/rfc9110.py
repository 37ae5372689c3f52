"""RFC 9110 for one stored file: the right answers to a GET or HEAD, computed from its bytes."""

import re
from dataclasses import dataclass
from itertools import pairwise

from tests.differential.conditions import File, read_date
from tests.harness.http1 import Answer, Request

_SPEC = re.compile(r"(\d+)-(\d*)|-(\d+)")
# A member of a list of entity tags (RFC 9110 §8.8.3): `w/"x"` and `x` are not members, and a list
# with one of these is not a list.
_TAG = re.compile(r'(W/)?"([^"]*)"')
_TAGS = re.compile(r'\s*((W/)?"[^"]*"\s*)?(,\s*((W/)?"[^"]*"\s*)?)*')
_MANY = 16

Slice = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Right:
    """The statuses that are right, and the slices (start, end) that a 206 has to cover."""

    statuses: frozenset[int]
    slices: tuple[Slice, ...] = ()


def right(request: Request, file: File) -> Right:
    """Evaluate the conditions in the order of RFC 9110 §13.2.2, then the range."""
    failed = _precondition(request, file)
    if failed:
        return Right(frozenset({failed}))
    header = _joined(request, "Range")
    if header is None or request.method != "GET" or not _if_range(request, file):
        return Right(frozenset({200}))
    return _range(header, file)


def _joined(request: Request, name: str) -> str | None:
    values = [value for key, value in request.headers if key == name]
    return ", ".join(values) if values else None


def _precondition(request: Request, file: File) -> int | None:
    match = _joined(request, "If-Match")
    unmodified = read_date(_joined(request, "If-Unmodified-Since") or "")
    if match is not None:
        if not _matches(match, file, weak=False):
            return 412
    elif unmodified is not None and file.entered != unmodified:
        return 412
    none_match = _joined(request, "If-None-Match")
    modified = read_date(_joined(request, "If-Modified-Since") or "")
    if none_match is not None:
        return 304 if _matches(none_match, file, weak=True) else None
    # Only the very date that was sent: after a roll-back, a later one is that of another file.
    return 304 if modified == file.entered else None


def _matches(header: str, file: File, weak: bool) -> bool:
    if header.strip() == "*":
        return True
    tags = _TAG.findall(header) if _TAGS.fullmatch(header) else []
    return any(tag == file.sha256 and (weak or not is_weak) for is_weak, tag in tags)


def _if_range(request: Request, file: File) -> bool:
    """Tell if the range is to be honoured: a strong tag or the very date (RFC 9110 §13.1.5)."""
    value = _joined(request, "If-Range")
    return value is None or value == file.etag or read_date(value) == file.entered


def _range(header: str, file: File) -> Right:
    """Evaluate a Range header; an odd but readable one may be ignored or honoured."""
    unit, _, text = header.partition("=")
    specs = [spec.strip() for spec in text.split(",") if spec.strip()]
    if unit.lower() != "bytes":
        return Right(frozenset({200}))
    if not specs:
        return Right(frozenset({416}))
    slices = []
    for spec in specs:
        found = _SPEC.fullmatch(spec)
        if not found or (found[2] and int(found[2]) < int(found[1])):
            return Right(frozenset({416}))
        start, end = _slice(found, len(file.data))
        if start < end:
            slices.append((start, end))
    if len(specs) > 1 and _are_whole(slices, len(file.data)):
        return Right(frozenset({200}))
    statuses = {206} if slices else {416}
    is_odd = header != "bytes=" + ",".join(specs) and header != "bytes=" + ", ".join(specs)
    if is_odd or not file.data or len(specs) > _MANY or _overlap(slices):
        # RFC 9110 §14.2: a server may ignore Range; other servers do so for these.
        statuses.add(200)
    return Right(frozenset(statuses), tuple(slices))


def _are_whole(slices: list[Slice], size: int) -> bool:
    covered = {position for start, end in slices for position in range(start, end)}
    return size > 0 and len(covered) == size


def _overlap(slices: list[Slice]) -> bool:
    ordered = sorted(slices)
    return any(one[1] > other[0] for one, other in pairwise(ordered))


def _slice(found: re.Match[str], size: int) -> Slice:
    if found[3] is not None:
        return size - min(int(found[3]), size), size
    last = int(found[2]) + 1 if found[2] else size
    return int(found[1]), min(last, size)


# Rules for an answer of ours.

_FILE = {"etag", "last-modified", "cache-control", "accept-ranges", "repr-digest"}
_WITH_BODY = _FILE | {"content-type", "content-length", "x-pulp-artifact-size"}
_ERROR = {"content-type", "content-length", "etag", "last-modified", "cache-control"}
_OF_THE_CONNECTION = {"connection", "date", "server"}
#: Every header that an answer may have, next to those of the connection.
ALLOWED = {
    200: _WITH_BODY,
    206: _WITH_BODY | {"content-range"},
    304: {"etag", "last-modified", "cache-control"},
    412: _ERROR | {"accept-ranges"},
    416: _ERROR | {"accept-ranges", "content-range"},
}


def faults(request: Request, answer: Answer, file: File) -> list[str]:
    """Return the faults of our answer for a stored file."""
    expected = right(request, file)
    if answer.status not in expected.statuses:
        return [f"the status {answer.status} is not one of {sorted(expected.statuses)}"]
    allowed = ALLOWED[answer.status] | _OF_THE_CONNECTION | file.plugin_fields
    found = [
        f"the header {name} does not belong there"
        for name in sorted(answer.headers.keys() - allowed)
    ]
    return found + _wrong_headers(answer, file) + _wrong_body(request, answer, file, expected)


def _wrong_headers(answer: Answer, file: File) -> list[str]:
    expected = {"etag": file.etag}
    if answer.status in (200, 206, 304):
        cache_control = file.cache_control
        if file.is_guarded:
            directives = ["private", cache_control.removeprefix("public, ")]
            cache_control = ", ".join(filter(None, directives))
        expected |= {"last-modified": file.last_modified, "cache-control": cache_control}
    if answer.status in (200, 206):
        expected |= {"accept-ranges": "bytes", "x-pulp-artifact-size": str(len(file.data))}
        expected |= {"repr-digest": file.digests}
    if answer.status == 416:
        expected = {"content-range": f"bytes */{len(file.data)}"}
    return [
        f"{name} is {answer[name]!r} and should be {value!r}"
        for name, value in expected.items()
        if answer[name] != value
    ]


def _wrong_body(request: Request, answer: Answer, file: File, expected: Right) -> list[str]:
    if answer.status == 304:
        return ["there is a body"] if answer.body else []
    if answer.status in (412, 416):
        is_text = not answer.body or answer["content-type"].startswith("text/plain")
        return [] if is_text and len(answer.body) < 200 else ["the body is no small text"]
    if answer.status == 206:
        return _wrong_parts(answer, file, expected.slices)
    if answer["content-length"] != str(len(file.data)):
        return [f"Content-Length is {answer['content-length']}, the file has {len(file.data)}"]
    body = file.data if request.method == "GET" else b""
    return [] if answer.body == body else ["the body is not the file"]


def _wrong_parts(answer: Answer, file: File, slices: tuple[Slice, ...]) -> list[str]:
    """Compare the one part or the parts with the file, and with the requested ranges."""
    if answer["content-length"] != str(len(answer.body)):
        return [f"Content-Length is {answer['content-length']}, not {len(answer.body)}"]
    if answer["content-type"].startswith("multipart/byteranges"):
        parts = _parts(answer)
    else:
        parts = [(answer["content-range"], answer.body)]
    covered = set()
    for content_range, data in parts:
        found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", content_range)
        if not found or int(found[3]) != len(file.data):
            return [f"Content-Range is {content_range!r}"]
        start, end = int(found[1]), int(found[2]) + 1
        if data != file.data[start:end] or len(data) != end - start:
            return [f"the part {content_range} has other bytes than the file"]
        covered |= set(range(start, end))
    asked = {position for start, end in slices for position in range(start, end)}
    # Ranges that overlap or nearly touch may be joined; the bytes between may then come along.
    too_much = len(covered - asked) > 100 * len(slices) if len(slices) > 1 else covered != asked
    return ["the parts are not what was asked for"] if too_much or asked - covered else []


def _parts(answer: Answer) -> list[tuple[str, bytes]]:
    """Return Content-Range and bytes of each part of a multipart/byteranges body."""
    boundary = answer["content-type"].partition("boundary=")[2].strip('"').encode()
    _, *sections = (b"\r\n" + answer.body).split(b"\r\n--" + boundary)
    parts = []
    for section in sections[:-1]:
        head, _, data = section.partition(b"\r\n\r\n")
        found = re.search(rb"(?i)^content-range: *(.*?)\r?$", head, re.MULTILINE)
        parts.append((found[1].decode() if found else "", data))
    is_ended = bool(sections) and sections[-1].strip() == b"--"
    return parts if is_ended else [("", b"")]
