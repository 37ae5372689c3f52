"""A response that is bytes already: its head and a small body are written in one piece."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Final

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import HttpVersion10, HttpVersion11
from multidict import CIMultiDict

from pulp_contentroutes.serving.errors import FileDamaged
from pulp_contentroutes.serving.files import Descriptor, Files
from pulp_contentroutes.serving.heads import Fields, Tail, fields_of, head
from pulp_contentroutes.serving.ranges import Span

log = logging.getLogger(__name__)

#: Bodies up to here are read at once and sent with their head; larger ones in pieces of this size.
PIECE: Final = 256 * 1024
# Where the kernel takes everything at once, it is somebody else's turn after so many bytes.
_TURN: Final = 1024 * 1024
# A client that takes none of a piece for this long is gone.
_STALLED_SECONDS: Final = 600

_TAIL: Final = Tail()

#: Buffers of finished responses: a new one costs as much as a tenth of sending it.
_BUFFERS: Final[list[bytearray]] = []
_KEPT_BUFFERS: Final = 16


class RenderedResponse(web.StreamResponse):
    """Status, head and a whole body, as aiohttp's server sends them.

    `rendered_head` has the status line for HTTP/1.1 and the fields; what depends on the moment and
    on the connection is added when it is sent. aiohttp's own `__init__` is not called: its headers
    would be made for each response, and are made here when somebody reads them (the access log).
    """

    def __init__(self, status: int, rendered_head: bytes, data: bytes | bytearray = b"") -> None:
        self._status = status
        self._head = rendered_head
        self._data = data
        self._state: dict[Any, Any] = {}

    def __bool__(self) -> bool:
        """aiohttp before 3.12 has responses that are false: mappings without anything in them."""
        return True

    @property
    def headers(self) -> CIMultiDict[str]:
        return CIMultiDict(fields_of(self._head))

    @property
    def reason(self) -> str:
        return self._head.split(b"\r\n", 1)[0].split(b" ", 2)[2].decode()

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        if not self._eof_sent:
            self._eof_sent = True
            transport = _transport_of(request)
            transport.write(b"".join((self._whole_head(request), self._data)))
            self._body_length = len(self._data)
            # Without it, a client that pipelines requests and reads nothing would fill the memory.
            if transport.get_write_buffer_size():
                await request.writer.drain()
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing is left to be written."""

    def _whole_head(self, request: web.BaseRequest) -> bytes:
        if self._keep_alive is None:
            self._keep_alive = request.keep_alive
        if request.version == HttpVersion11:
            connection = b"" if self._keep_alive else b"Connection: close\r\n"
            return self._head + _TAIL.of_moment(connection)
        connection = b"Connection: keep-alive\r\n" if self._keep_alive else b""
        version = b"HTTP/1.0" if request.version <= HttpVersion10 else b"HTTP/1.1"
        return version + self._head[len(version) :] + _TAIL.of_moment(connection)


class FileResponse(RenderedResponse):
    """A response whose body is pieces of a file, with text between them if there are several."""

    def __init__(
        self,
        status: int,
        rendered_head: bytes,
        files: Files,
        descriptor: Descriptor,
        parts: Sequence[bytes | Span],
    ) -> None:
        super().__init__(status, rendered_head)
        self._files = files
        self._descriptor = descriptor
        self._parts = parts

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        if self._eof_sent:
            return None
        self._eof_sent = True
        transport = _transport_of(request)
        # A drained transport has (next to) nothing left, so that the buffer can be used again.
        transport.set_write_buffer_limits(1)
        try:
            await self._send_parts(request, transport)
        except FileDamaged as damaged:
            # The head is gone: only a broken connection tells the client.
            log.error("Broke off a response: %s", damaged)
            raise ConnectionResetError("The file ended early.") from damaged
        transport.set_write_buffer_limits()
        return None

    async def _send_parts(
        self, request: web.BaseRequest, transport: asyncio.WriteTransport
    ) -> None:
        buffer = _BUFFERS.pop() if _BUFFERS else bytearray(PIECE)
        # What goes out before the next bytes of the file, in one piece with them.
        pending = self._whole_head(request)
        for part in self._parts:
            if isinstance(part, bytes):
                pending += part
                self._body_length += len(part)
                continue
            offset, end = part.first, part.last + 1
            while offset < end:
                length = min(PIECE - len(pending), end - offset)
                piece = memoryview(buffer)[: len(pending) + length]
                piece[: len(pending)] = pending
                await self._files.read(self._descriptor, offset, piece[len(pending) :])
                await self._send(request, piece, offset // _TURN != (offset + length) // _TURN)
                if transport.get_write_buffer_size():
                    # Some transports keep a reference, not a copy, to what is still to be sent.
                    buffer = bytearray(PIECE)
                pending = b""
                offset += length
                self._body_length += length
        transport.write(pending)
        if len(_BUFFERS) < _KEPT_BUFFERS:
            _BUFFERS.append(buffer)

    async def _send(self, request: web.BaseRequest, piece: memoryview, is_turn_over: bool) -> None:
        transport = _transport_of(request)
        transport.write(piece)
        if transport.get_write_buffer_size():
            async with asyncio.timeout(_STALLED_SECONDS):
                await request.writer.drain()
        elif is_turn_over:
            await asyncio.sleep(0)


def _transport_of(request: web.BaseRequest) -> asyncio.Transport:
    transport = request.transport
    if transport is None or transport.is_closing():
        raise ConnectionResetError("The client is gone.")
    return transport


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
