"""Responses that are already bytes: the head and a small body are written in one piece."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Final, Self

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import HttpVersion10, HttpVersion11
from multidict import CIMultiDict

from pulp_contentroutes.serving.byte_source import OpenSource
from pulp_contentroutes.serving.errors import FileFault
from pulp_contentroutes.serving.http.headers import CurrentHeaders, fields_of, head
from pulp_contentroutes.serving.http.ranges import Span
from pulp_contentroutes.serving.http.sending import (
    CHUNK_SIZE,
    MOST_BUFFERED,
    SMALL_CHUNK_SIZE,
    drain,
    transport_of,
    write_some,
)
from pulp_contentroutes.serving.model import Fields

log = logging.getLogger(__name__)

#: Bodies up to this size are read at once, and sent with their head; larger ones in pieces.
AT_ONCE: Final = SMALL_CHUNK_SIZE
# Even if the kernel takes everything at once, other tasks get a turn after this many bytes.
_YIELD_EVERY_BYTES: Final = 1024 * 1024

_CURRENT_HEADERS: Final = CurrentHeaders()

#: Buffers of finished responses, for reuse: a new one costs a tenth as much as sending it.
_BUFFERS: Final[list[bytearray]] = []
_KEPT_BUFFERS: Final = 16


class RenderedResponse(web.StreamResponse):
    """Status, head and a whole body, as aiohttp's server sends them.

    `rendered_head` has the status line for HTTP/1.1 and the fields; those that depend on the time
    or the connection are added when it is sent. aiohttp's own `__init__` is not called: it would
    make the headers for each response; here they are made when they are read (access log).
    """

    def __init__(self, status: int, rendered_head: bytes, data: bytes | bytearray = b"") -> None:
        self._status = status
        self._head = rendered_head
        self._data = data
        self._state: dict[Any, Any] = {}

    def __bool__(self) -> bool:
        """Return True: before aiohttp 3.12, responses are empty mappings, and therefore false."""
        return True

    @property
    def headers(self) -> CIMultiDict[str]:
        return CIMultiDict(fields_of(self._head))

    def append_field(self, name: str, text: str) -> None:
        """Add a field to the head."""
        self._head += f"{name}: {text}\r\n".encode()

    @property
    def reason(self) -> str:
        return self._head.split(b"\r\n", 1)[0].split(b" ", 2)[2].decode()

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        if not self._eof_sent:
            self._eof_sent = True
            transport = transport_of(request)
            transport.write(b"".join((self._whole_head(request), self._data)))
            self._body_length = len(self._data)
            # Otherwise a client that pipelines requests and reads nothing would fill the memory.
            # (uvloop's transports write at the end of a loop's turn, so they always have a little.)
            if transport.get_write_buffer_size() > MOST_BUFFERED:
                await drain(request, transport)
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Do nothing: all bytes are written already."""

    def _whole_head(self, request: web.BaseRequest) -> bytes:
        if self._keep_alive is None:
            self._keep_alive = request.keep_alive
        if request.version == HttpVersion11:
            connection = b"" if self._keep_alive else b"Connection: close\r\n"
            return self._head + _CURRENT_HEADERS.render(connection)
        connection = b"Connection: keep-alive\r\n" if self._keep_alive else b""
        version = b"HTTP/1.0" if request.version <= HttpVersion10 else b"HTTP/1.1"
        return version + self._head[len(version) :] + _CURRENT_HEADERS.render(connection)


class FileResponse(RenderedResponse):
    """A response whose body consists of pieces of a file, with text between several pieces."""

    def __init__(
        self,
        status: int,
        rendered_head: bytes,
        source: OpenSource,
        parts: Sequence[bytes | Span],
    ) -> None:
        super().__init__(status, rendered_head)
        self._source = source
        self._parts = parts
        #: The first bytes of the file, and the buffer that they are in.
        self._first: tuple[memoryview, bytearray] | None = None
        self._reads = 0

    def begin_nowait(self) -> bool:
        """Read the first bytes of the file if that needs no wait; tell whether they were read."""
        span, buffer = self._first_span, _take_buffer()
        piece = memoryview(buffer)[: min(CHUNK_SIZE, span.length)]
        if not self._source.fill_nowait(piece, span.first):
            _give_back(buffer)
            return False
        self._first = piece, buffer
        self._reads = 1
        return True

    async def begin(self) -> Self:
        """Read the first bytes of the file, or raise FileFault while nothing is sent yet."""
        if not self.begin_nowait():
            span = self._first_span
            self._first = await self._read(span.first, min(CHUNK_SIZE, span.length))
        return self

    @property
    def _first_span(self) -> Span:
        return next(part for part in self._parts if isinstance(part, Span))

    async def _read(self, offset: int, length: int) -> tuple[memoryview, bytearray]:
        buffer = _take_buffer()
        piece = memoryview(buffer)[:length]
        self._source = await self._source.read(offset, piece)
        self._reads += 1
        return piece, buffer

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        if self._eof_sent:
            return None
        self._eof_sent = True
        transport = transport_of(request)
        try:
            # The bytes that go out before the next bytes of the file, in one piece with them.
            pending = self._whole_head(request)
            for part in self._parts:
                if isinstance(part, bytes):
                    pending += part
                    self._body_length += len(part)
                else:
                    await self._send_span(request, transport, pending, part)
                    pending = b""
            if pending:
                transport.write(pending)
                await drain(request, transport)
        except FileFault as fault:
            # The head was already sent: only a broken connection can tell the client.
            log.error("Broke off a response: %s", fault)
            transport.abort()
            raise ConnectionResetError("The file cannot be sent to its end.") from fault
        return None

    async def _send_span(
        self, request: web.BaseRequest, transport: asyncio.Transport, pending: bytes, span: Span
    ) -> None:
        """Send `pending`, and a part of the file."""
        limit, turn = CHUNK_SIZE, 0
        offset, end = span.first, span.last + 1
        while offset < end:
            piece, buffer = self._first or await self._read(offset, min(limit, end - offset))
            self._first = None
            if self._reads > 1 and offset + len(piece) == end:
                # Bytes that were read in several pieces may stem from two files.
                await self._source.confirm()
            sent = write_some(transport, pending, piece)
            whole = len(pending) + len(piece)
            # Not in a `finally`: after a cancellation a thread may still be reading into it.
            _give_back(buffer)
            # For a client that is slower than we are, the same bytes would be read again and again.
            limit = min(2 * limit, CHUNK_SIZE) if sent == whole else max(sent, SMALL_CHUNK_SIZE)
            taken = sent - len(pending)
            pending = b""
            offset += taken
            self._body_length += taken
            turn += sent
            if transport.get_write_buffer_size():
                await drain(request, transport)
                turn = 0
            elif turn >= _YIELD_EVERY_BYTES:
                await asyncio.sleep(0)
                turn = 0


def _take_buffer() -> bytearray:
    return _BUFFERS.pop() if _BUFFERS else bytearray(CHUNK_SIZE)


def _give_back(buffer: bytearray) -> None:
    if len(_BUFFERS) < _KEPT_BUFFERS:
        _BUFFERS.append(buffer)


def text_response(
    status: int, text: str, fields: Fields = (), *, has_body: bool = True
) -> RenderedResponse:
    """Return a short answer in plain text; without `has_body` (HEAD) only its head."""
    body = text.encode()
    all_fields = (
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", str(len(body))),
        *fields,
    )
    return RenderedResponse(status, head(status, all_fields), body if has_body else b"")
