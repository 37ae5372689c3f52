"""Bytes → a client's connection, as fast as the client takes them and without buffering many."""

import asyncio
import contextlib
import fcntl
import logging
import os
import struct
import termios
from typing import Final

from aiohttp import web

log = logging.getLogger(__name__)

#: A client that takes nothing at all for this long counts as gone; that is looked at once in this
#: time.
STALLED_SECONDS: Final = 600.0

#: The bytes of a file that are read at once, while the kernel takes them all.
CHUNK_SIZE: Final = 256 * 1024
#: The same for a client that is slower than we are.
SMALL_CHUNK_SIZE: Final = 64 * 1024
#: The bytes that a transport may keep, without TLS, for a client that reads nothing: it tells when
#: they are gone.
MOST_BUFFERED: Final = 16 * 1024


def transport_of(request: web.BaseRequest) -> asyncio.Transport:
    """Return the connection, or raise ConnectionResetError if the client is gone."""
    transport = request.transport
    if transport is None or transport.is_closing():
        raise ConnectionResetError("The client is gone.")
    return transport


def write_some(transport: asyncio.Transport, first: bytes, then: memoryview) -> int:
    """Write all of `first`, and as much of `then` as the kernel takes; return how many bytes.

    A transport would take everything, and buffer it for as long as the client reads nothing, so it
    is given at most MOST_BUFFERED of `then`; with TLS, whose bytes only it can send, at most
    SMALL_CHUNK_SIZE. The memory of `then` may be reused at once. Raise
    ConnectionResetError. Call `drain` afterwards.
    """
    # The file descriptor of a closed connection may belong to another one.
    _check_open(transport)
    if transport.get_extra_info("sslcontext") is not None:
        transport.write(first + then[:SMALL_CHUNK_SIZE])
        return len(first) + min(len(then), SMALL_CHUNK_SIZE)
    taken = 0
    # The bytes that the transport still has go first.
    if not transport.get_write_buffer_size():
        try:
            taken = os.writev(transport.get_extra_info("socket").fileno(), (first, then))
        except BlockingIOError:
            pass
        except OSError as error:
            raise ConnectionResetError(f"The client is gone: {error.strerror}.") from error
    if taken < len(first) + len(then):
        rest = first[taken:] + then[max(taken - len(first), 0) :][:MOST_BUFFERED]
        transport.write(rest)
        taken += len(rest)
    return taken


async def drain(request: web.BaseRequest, transport: asyncio.Transport) -> None:
    """Return when the kernel has taken everything.

    Close the connection and raise ConnectionResetError if the client takes nothing for too long; a
    client that reads, however slowly, may go on.
    """
    if not transport.get_write_buffer_size():
        return
    watch = _StallWatch(request, transport)
    transport.set_write_buffer_limits(0)
    try:
        await request.writer.drain()
    finally:
        watch.end()
    transport.set_write_buffer_limits()
    _check_open(transport)


class _StallWatch:
    """A timer that breaks off the connection of a client that takes nothing.

    Not `asyncio.timeout`: it would cancel the future that every later `drain` waits for.
    """

    def __init__(self, request: web.BaseRequest, transport: asyncio.Transport) -> None:
        self._request = request
        self._transport = transport
        self._wait()

    def end(self) -> None:
        self._timer.cancel()

    def _wait(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(STALLED_SECONDS, self._look, _unsent(self._transport))

    def _look(self, before: int) -> None:
        if self._transport.get_extra_info("socket").fileno() < 0:
            # Closed in this very moment: `drain` is about to end.
            return
        if _unsent(self._transport) < before:
            self._wait()
            return
        log.info(
            "Closed the connection of %s: it took nothing of an answer for %d s.",
            self._request.remote,
            STALLED_SECONDS,
        )
        # `close` would wait for the client.
        self._transport.abort()


def _check_open(transport: asyncio.Transport) -> None:
    if transport.is_closing():
        raise ConnectionResetError("The client is gone.")


def _unsent(transport: asyncio.Transport) -> int:
    """Return how many bytes the client's machine has not acknowledged yet."""
    unsent = transport.get_write_buffer_size()
    # A kernel may hold megabytes, and reports nothing until a third of them has been sent.
    with contextlib.suppress(OSError, ValueError):
        number = transport.get_extra_info("socket").fileno()
        unsent += struct.unpack("i", fcntl.ioctl(number, termios.TIOCOUTQ, b"\0" * 4))[0]
    return unsent
