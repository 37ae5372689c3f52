"""Representation → response: RFC 9110 for GET and HEAD, every header made here or in headers.py."""

import logging
import uuid
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Final

from aiohttp import hdrs, web

from pulp_contentroutes.serving.errors import FileFault, RequestRefused
from pulp_contentroutes.serving.http import ranges
from pulp_contentroutes.serving.http.headers import (
    NO_STORE,
    VALIDATING,
    fields_of,
    head,
    head_of,
    private,
)
from pulp_contentroutes.serving.http.preconditions import (
    CONDITIONAL,
    Verdict,
    evaluate,
    range_applies,
)
from pulp_contentroutes.serving.http.ranges import Span, content_range
from pulp_contentroutes.serving.http.responses import (
    AT_ONCE,
    FileResponse,
    RenderedResponse,
    text_response,
)
from pulp_contentroutes.serving.model import Fields, Representation

log = logging.getLogger(__name__)

CountBytes = Callable[[str, int], None]


# Pulp's answer, byte for byte (aiohttp's HTTPNotFound).
_NOT_FOUND: Final = b"404: Not Found"
_NOT_FOUND_FIELDS: Final = (
    ("Content-Type", "text/plain; charset=utf-8"),
    ("Content-Length", str(len(_NOT_FOUND))),
)
_NOT_FOUND_HEAD: Final = head(404, _NOT_FOUND_FIELDS)
_PRIVATE_NOT_FOUND_HEAD: Final = head(404, (*_NOT_FOUND_FIELDS, ("Cache-Control", "private")))

_REFUSED: Final = (NO_STORE, ("X-Content-Type-Options", "nosniff"))
_UNAVAILABLE: Final = (NO_STORE, ("Retry-After", "1"))


def not_found(request: web.BaseRequest, *, is_private: bool = False) -> RenderedResponse:
    body = _NOT_FOUND if request.method != hdrs.METH_HEAD else b""
    return RenderedResponse(404, _PRIVATE_NOT_FOUND_HEAD if is_private else _NOT_FOUND_HEAD, body)


def refuse(request: web.BaseRequest, refused: RequestRefused) -> RenderedResponse:
    """Return the answer to a request for a path that no content can have."""
    text, has_body = f"{refused.status}: {refused}\n", request.method != hdrs.METH_HEAD
    return text_response(refused.status, text, _REFUSED, has_body=has_body)


def not_allowed(methods: Iterable[str]) -> RenderedResponse:
    """Return a 405 for any other method."""
    allowed = (("Allow", ", ".join(sorted(methods))),)
    return text_response(HTTPStatus.METHOD_NOT_ALLOWED, "405: Method Not Allowed", allowed)


def unavailable(request: web.BaseRequest) -> RenderedResponse:
    """Return a 503: neither we nor Pulp's handler can tell whether the client may have it."""
    text, has_body = "503: Service Unavailable", request.method != hdrs.METH_HEAD
    return text_response(HTTPStatus.SERVICE_UNAVAILABLE, text, _UNAVAILABLE, has_body=has_body)


def redirection(
    request: web.BaseRequest, status: int, location: str, fields: Fields, *, is_private: bool
) -> RenderedResponse:
    """Return a redirect to an encoded location; of the fields, it has Cache-Control."""
    cache_control = dict(fields).get("Cache-Control", "")
    if is_private:
        cache_control = private(cache_control)
    caching = (("Cache-Control", cache_control),) if cache_control else ()
    text, has_body = f"{status}: {HTTPStatus(status).phrase}", request.method != hdrs.METH_HEAD
    return text_response(status, text, (("Location", location), *caching), has_body=has_body)


def respond_to_fault(request: web.Request, fault: FileFault) -> RenderedResponse:
    """Return a 500: a fault of our disk must not look like a missing file."""
    log.error("Answered 500 for a file that cannot be sent: %s", fault)
    has_body = request.method != hdrs.METH_HEAD
    return text_response(500, "500: Internal Server Error", (NO_STORE,), has_body=has_body)


class Responder:
    """The responses with stored files; `count_bytes(domain, number)` is called for each body.

    `is_private`: the content has a guard, so shared caches may not store the answer.
    """

    def __init__(self, max_ranges: int, count_bytes: CountBytes | None) -> None:
        self._max_ranges = max_ranges
        self._count_bytes = count_bytes

    def respond_at_once(
        self, request: web.BaseRequest, found: Representation, domain: str, *, is_private: bool
    ) -> RenderedResponse | None:
        """Return all of an open file for an unconditional GET, None for any other request.

        Return None, too, if its first bytes are not in memory.
        """
        if request.method != hdrs.METH_GET:
            return None
        headers = request.headers
        for name in CONDITIONAL:
            if name in headers:
                return None
        source = found.source.open_nowait()
        if source is None:
            return None
        whole_head = head_of(found, is_private=is_private)
        size = found.source.size
        if source.data is not None:
            response = RenderedResponse(200, whole_head, source.data)
        elif size <= AT_ONCE:
            data = bytearray(size)
            if not source.fill_nowait(data, 0):
                return None
            response = RenderedResponse(200, whole_head, data)
        else:
            response = FileResponse(200, whole_head, source, (Span(0, size - 1),))
            if not response.begin_nowait():
                return None
        if self._count_bytes:
            self._count_bytes(domain, size)
        return response

    async def respond(
        self, request: web.BaseRequest, found: Representation, domain: str, *, is_private: bool
    ) -> RenderedResponse:
        """Return the response, or raise FileFault before anything is sent."""
        whole_head = head_of(found, is_private=is_private)
        headers = request.headers
        for name in CONDITIONAL:
            if name in headers:
                break
        else:
            return await self._whole(request, found, whole_head, domain)
        verdict = evaluate(headers, found.validators)
        if verdict is Verdict.NOT_MODIFIED:
            kept = (each for each in fields_of(whole_head) if each[0] in VALIDATING)
            return RenderedResponse(304, head(304, kept))
        is_get = request.method == hdrs.METH_GET
        if verdict is Verdict.FAILED:
            etag = (("ETag", found.validators.etag),)
            return text_response(412, "412: Precondition Failed", etag, has_body=is_get)
        # RFC 9110 §14.2: Range is defined for GET alone.
        lines = headers.getall(hdrs.RANGE, ()) if is_get else ()
        if len(lines) == 1 and range_applies(headers, found.validators):
            try:
                spans = ranges.parse(lines[0], found.source.size, self._max_ranges)
            except ranges.NotSatisfiable:
                extent = ("Content-Range", f"bytes */{found.source.size}")
                fields = (extent, ("ETag", found.validators.etag))
                return text_response(416, "416: Range Not Satisfiable", fields)
            if spans is not None:
                return await self._partial(found, whole_head, spans, domain)
        return await self._whole(request, found, whole_head, domain)

    async def _whole(
        self, request: web.BaseRequest, found: Representation, whole_head: bytes, domain: str
    ) -> RenderedResponse:
        size = found.source.size
        source = await found.source.open()
        if request.method == hdrs.METH_HEAD:
            return RenderedResponse(200, whole_head)
        if self._count_bytes:
            self._count_bytes(domain, size)
        if size <= AT_ONCE:
            data = await source.read_all()
            return RenderedResponse(200, whole_head, data)
        parts = (Span(0, size - 1),)
        return await FileResponse(200, whole_head, source, parts).begin()

    async def _partial(
        self, found: Representation, whole_head: bytes, spans: tuple[Span, ...], domain: str
    ) -> RenderedResponse:
        source = await found.source.open()
        if self._count_bytes:
            self._count_bytes(domain, sum(span.length for span in spans))
        if len(spans) > 1:
            own, parts = _multipart(found, spans)
        else:
            parts = spans
            own = (
                ("Content-Range", content_range(spans[0], found.source.size)),
                ("Content-Length", str(spans[0].length)),
            )
        replaced = {name for name, _ in own}
        kept = tuple(each for each in fields_of(whole_head) if each[0] not in replaced)
        response = FileResponse(206, head(206, kept + own), source, parts)
        return await response.begin()


def _multipart(
    found: Representation, spans: tuple[Span, ...]
) -> tuple[Fields, tuple[bytes | Span, ...]]:
    """Return the fields and the body of a multipart/byteranges (RFC 9110 §14.6)."""
    boundary = uuid.uuid4().hex
    content_type = dict(fields_of(found.head))["Content-Type"]
    parts: list[bytes | Span] = []
    length = 0
    for span in spans:
        preamble = (
            f"\r\n--{boundary}\r\nContent-Type: {content_type}\r\n"
            f"Content-Range: {content_range(span, found.source.size)}\r\n\r\n"
        ).encode()
        parts += [preamble, span]
        length += len(preamble) + span.length
    end = f"\r\n--{boundary}--\r\n".encode()
    fields = (
        ("Content-Type", f"multipart/byteranges; boundary={boundary}"),
        ("Content-Length", str(length + len(end))),
    )
    return fields, (*parts, end)
