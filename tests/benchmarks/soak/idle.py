"""Clients that ask for a file and read nothing of it."""

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.benchmarks.soak.samples import BROKEN, Sample
from tests.benchmarks.soak.site import Site

IDLE: Final = "idle readers"
#: The kernel takes at most twice this much of the file: the rest stays with the server.
_BUFFER_BYTES: Final = 4096
#: Segments like those of Ethernet. With those of loopback, the server's kernel takes the whole MiB,
#: and the worker has nothing to keep.
_SEGMENT_BYTES: Final = 1448
_LOOK_SECONDS: Final = 5.0
#: A Pulp is to be flooded with readers, not with connections.
_CONNECT_SECONDS: Final = 0.005
#: States of TCP (Linux: include/net/tcp_states.h) in which the server sends nothing more.
_ENDED_STATES: Final = (7, 8)


@dataclass(frozen=True, slots=True)
class _Idle:
    connection: socket.socket
    asked: float


class IdleReaders:
    """Keeps a number of connections to the content app, past nginx, whose limits would help it."""

    def __init__(self, site: Site, keep: Callable[[Sample], None]) -> None:
        self._site = site
        self._keep = keep
        self._idle: list[_Idle] = []

    async def keep(self, count: int) -> None:
        """Keep `count` connections open, in spite of the server, until cancelled."""
        while True:
            for _ in range(count - len(self._idle)):
                await self._open()
                await asyncio.sleep(_CONNECT_SECONDS)
            await asyncio.sleep(_LOOK_SECONDS)
            for each in [each for each in self._idle if _is_ended(each.connection)]:
                self._idle.remove(each)
                self._end(each)

    def close(self) -> None:
        """End all connections; compare the few bytes that have come on each."""
        while self._idle:
            self._end(self._idle.pop())

    async def _open(self) -> None:
        asked = time.monotonic()
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _SEGMENT_BYTES)
        connection.setblocking(False)
        loop = asyncio.get_running_loop()
        request = f"GET {self._site.idle} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        try:
            await loop.sock_connect(connection, ("127.0.0.1", self._site.content))
            await loop.sock_sendall(connection, request)
        except OSError as error:
            connection.close()
            status = f"{BROKEN}: {type(error).__name__}"
            self._keep(Sample(IDLE, asked, time.monotonic() - asked, status))
            return
        self._idle.append(_Idle(connection, asked))

    def _end(self, idle: _Idle) -> None:
        with idle.connection as connection:
            data = b""
            # A reset has discarded all data that came before.
            with contextlib.suppress(OSError):
                data = connection.recv(2 * _BUFFER_BYTES)
        head, _, body = data.partition(b"\r\n\r\n")
        status = head[9:12].decode("latin-1") or f"{BROKEN}: nothing received"
        is_right = status != "200" or self._site.idle_body.startswith(body)
        wrong = "" if is_right else f"{self._site.idle}: {len(body)} bytes of another file"
        seconds = time.monotonic() - idle.asked
        self._keep(Sample(IDLE, idle.asked, seconds, status, wrong))


def _is_ended(connection: socket.socket) -> bool:
    return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] in _ENDED_STATES
