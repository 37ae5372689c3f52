"""Found → response: RFC 9110 for GET and HEAD, every header made here or in heads.py."""

import uuid
from collections.abc import Callable
from typing import Final

from aiohttp import hdrs, web

from pulp_contentroutes.serving import ranges
from pulp_contentroutes.serving.descriptors import Descriptor
from pulp_contentroutes.serving.files import Files
from pulp_contentroutes.serving.heads import VALIDATING, Fields, fields_of, head, head_of
from pulp_contentroutes.serving.model import Found
from pulp_contentroutes.serving.preconditions import (
    CONDITIONAL,
    Verdict,
    evaluate,
    range_applies,
)
from pulp_contentroutes.serving.ranges import Span, content_range
from pulp_contentroutes.serving.wire import AT_ONCE, FileResponse, RenderedResponse, text_response

CountBytes = Callable[[str, int], None]


# What Pulp answers, to the byte (aiohttp's HTTPNotFound).
_NOT_FOUND: Final = b"404: Not Found"
_NOT_FOUND_FIELDS: Final = (
    ("Content-Type", "text/plain; charset=utf-8"),
    ("Content-Length", str(len(_NOT_FOUND))),
)
_NOT_FOUND_HEAD: Final = head(404, _NOT_FOUND_FIELDS)
_PRIVATE_NOT_FOUND_HEAD: Final = head(404, (*_NOT_FOUND_FIELDS, ("Cache-Control", "private")))


def not_found(request: web.BaseRequest, *, is_private: bool = False) -> RenderedResponse:
    body = _NOT_FOUND if request.method != hdrs.METH_HEAD else b""
    return RenderedResponse(404, _PRIVATE_NOT_FOUND_HEAD if is_private else _NOT_FOUND_HEAD, body)


class Responder:
    """Answers with stored files; `count_bytes(domain, number)` is told of each body.

    `is_private`: there is a guard, so that shared caches may not store the answer.
    """

    def __init__(self, files: Files, max_ranges: int, count_bytes: CountBytes | None) -> None:
        self._files = files
        self._max_ranges = max_ranges
        self._count_bytes = count_bytes

    def respond_at_once(
        self, request: web.BaseRequest, found: Found, domain: str, *, is_private: bool
    ) -> RenderedResponse | None:
        """Return the whole of an open file to an unconditional GET, None for anything else.

        None, too, if its first bytes are not in memory.
        """
        if request.method != hdrs.METH_GET:
            return None
        headers = request.headers
        for name in CONDITIONAL:
            if name in headers:
                return None
        descriptor = self._files.ready_nowait(found.file)
        if descriptor is None:
            return None
        whole_head = head_of(found, is_private=is_private)
        response = self._whole_nowait(found, whole_head, descriptor)
        if response and self._count_bytes:
            self._count_bytes(domain, found.file.size)
        return response

    def _whole_nowait(
        self, found: Found, whole_head: bytes, descriptor: Descriptor
    ) -> RenderedResponse | None:
        size = found.file.size
        if descriptor.data is not None:
            return RenderedResponse(200, whole_head, descriptor.data)
        if size <= AT_ONCE:
            data = bytearray(size)
            return (
                RenderedResponse(200, whole_head, data) if descriptor.fill_nowait(data, 0) else None
            )
        parts = (Span(0, size - 1),)
        response = FileResponse(200, whole_head, self._files, descriptor, parts)
        return response if response.begin_nowait() else None

    async def respond(
        self, request: web.BaseRequest, found: Found, domain: str, *, is_private: bool
    ) -> RenderedResponse:
        """Return the response, or raise FileFault before anything is sent."""
        whole_head = head_of(found, is_private=is_private)
        headers = request.headers
        for name in CONDITIONAL:
            if name in headers:
                return await self._conditional(request, found, whole_head, domain)
        return await self._whole(request, found, whole_head, domain)

    async def _conditional(
        self, request: web.BaseRequest, found: Found, whole_head: bytes, domain: str
    ) -> RenderedResponse:
        verdict = evaluate(request.headers, found.validators)
        if verdict is Verdict.NOT_MODIFIED:
            fields = (each for each in fields_of(whole_head) if each[0] in VALIDATING)
            return RenderedResponse(304, head(304, fields))
        is_get = request.method == hdrs.METH_GET
        if verdict is Verdict.FAILED:
            etag = (("ETag", found.validators.etag),)
            return text_response(412, "412: Precondition Failed", etag, has_body=is_get)
        # RFC 9110 §14.2: Range is defined for GET alone.
        lines = request.headers.getall(hdrs.RANGE, ()) if is_get else ()
        if len(lines) == 1 and range_applies(request.headers, found.validators):
            try:
                spans = ranges.parse(lines[0], found.file.size, self._max_ranges)
            except ranges.NotSatisfiable:
                return _unsatisfiable(found)
            if spans is not None:
                return await self._partial(found, whole_head, spans, domain)
        return await self._whole(request, found, whole_head, domain)

    async def _whole(
        self, request: web.BaseRequest, found: Found, whole_head: bytes, domain: str
    ) -> RenderedResponse:
        file = found.file
        size = file.size
        descriptor = await self._files.ready(file)
        if request.method == hdrs.METH_HEAD:
            return RenderedResponse(200, whole_head)
        if self._count_bytes:
            self._count_bytes(domain, size)
        if size <= AT_ONCE:
            data = await self._files.whole(descriptor)
            return RenderedResponse(200, whole_head, data)
        parts = (Span(0, size - 1),)
        return await FileResponse(200, whole_head, self._files, descriptor, parts).begin()

    async def _partial(
        self, found: Found, whole_head: bytes, spans: tuple[Span, ...], domain: str
    ) -> RenderedResponse:
        file = found.file
        descriptor = await self._files.ready(file)
        if self._count_bytes:
            self._count_bytes(domain, sum(span.length for span in spans))
        own, parts = _multipart(found, spans) if len(spans) > 1 else _single(found, spans[0])
        replaced = {name for name, _ in own}
        kept = tuple(each for each in fields_of(whole_head) if each[0] not in replaced)
        response = FileResponse(206, head(206, kept + own), self._files, descriptor, parts)
        return await response.begin()


def _single(found: Found, span: Span) -> tuple[Fields, tuple[bytes | Span, ...]]:
    fields = (
        ("Content-Range", content_range(span, found.file.size)),
        ("Content-Length", str(span.length)),
    )
    return fields, (span,)


def _multipart(found: Found, spans: tuple[Span, ...]) -> tuple[Fields, tuple[bytes | Span, ...]]:
    """Return the fields and the body of a multipart/byteranges (RFC 9110 §14.6)."""
    boundary = uuid.uuid4().hex
    content_type = dict(fields_of(found.head))["Content-Type"]
    parts: list[bytes | Span] = []
    length = 0
    for span in spans:
        preamble = (
            f"\r\n--{boundary}\r\nContent-Type: {content_type}\r\n"
            f"Content-Range: {content_range(span, found.file.size)}\r\n\r\n"
        ).encode()
        parts += [preamble, span]
        length += len(preamble) + span.length
    end = f"\r\n--{boundary}--\r\n".encode()
    fields = (
        ("Content-Type", f"multipart/byteranges; boundary={boundary}"),
        ("Content-Length", str(length + len(end))),
    )
    return fields, (*parts, end)


def _unsatisfiable(found: Found) -> RenderedResponse:
    fields = (("Content-Range", f"bytes */{found.file.size}"), ("ETag", found.validators.etag))
    return text_response(416, "416: Range Not Satisfiable", fields)
