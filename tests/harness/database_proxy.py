"""A proxy on a Unix socket for PostgreSQL, which can cut, stall and restore connections."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

_SOCKET = ".s.PGSQL.5432"
#: The statement by which asyncpg listens to our channel.
LISTEN = b'LISTEN "pulp_contentroutes"'


@dataclass(eq=False)
class Link:
    """One connection through the proxy."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    #: Cleared while data is held back.
    flows: asyncio.Event = field(default_factory=asyncio.Event)
    #: Whether the content app listens for changes on it.
    is_listening: bool = False

    def abort(self) -> None:
        for writer in (self.client, self.server):
            writer.transport.abort()


class DatabaseProxy:
    """A proxy whose event loop has a thread of its own; `folder` is `HOST` in Django's settings."""

    def __init__(self, folder: Path, server: Path) -> None:
        self.folder = folder
        self._server = server
        self._loop = asyncio.new_event_loop()
        self._links: set[Link] = set()
        #: Whether new connections are closed at once.
        self.is_closed = False
        #: A connection that listens, or is about to, is cut when it sends these bytes.
        self.cuts_at: bytes | None = None
        self._is_silent = False
        self.accepted = 0
        #: The number of bytes that clients have sent.
        self.asked = 0

    @contextlib.contextmanager
    def running(self) -> Iterator["DatabaseProxy"]:
        thread = threading.Thread(target=self._loop.run_forever)
        thread.start()
        try:
            listening = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
            yield self
            self._call(listening.close)
            self.cut()
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join(10)
            self._loop.close()

    # Called by tests.

    def cut(self, *, only_listening: bool = False) -> None:
        """End all existing connections; this does not affect new ones."""

        def cut() -> None:
            for link in self._chosen(only_listening):
                link.abort()

        self._call(cut)

    def stall(self, *, only_listening: bool = False) -> None:
        """Forward nothing and close nothing, like a firewall that lost track of a connection."""

        def stall() -> None:
            self._is_silent = not only_listening
            for link in self._chosen(only_listening):
                link.flows.clear()

        self._call(stall)

    def restore(self) -> None:
        """Forward everything again, including data that was held back."""

        def restore() -> None:
            self.is_closed = self._is_silent = False
            self.cuts_at = None
            for link in self._links:
                link.flows.set()

        self._call(restore)

    @property
    def links(self) -> int:
        return len(self._links)

    @property
    def listening(self) -> int:
        return len(self._chosen(True))

    def _chosen(self, only_listening: bool) -> list[Link]:
        return [link for link in list(self._links) if link.is_listening or not only_listening]

    def _call(self, function: Callable[[], object]) -> None:
        async def call() -> None:
            function()

        asyncio.run_coroutine_threadsafe(call(), self._loop).result(10)

    # The connections.

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_unix_server(self._accepted, self.folder / _SOCKET)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        with contextlib.suppress(OSError):
            if not self.is_closed:
                await self._forward(reader, writer)
        writer.transport.abort()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_unix_connection(self._server)
        link = Link(writer, to_server)
        if not self._is_silent:
            link.flows.set()
        self._links.add(link)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(link, reader, to_server, self._heard))
                both.create_task(self._pump(link, from_server, writer, lambda link, data: None))
        except* OSError:
            pass
        finally:
            self._links.discard(link)
            link.abort()

    async def _pump(
        self,
        link: Link,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        heard: Callable[[Link, bytes], None],
    ) -> None:
        while data := await reader.read(64 * 1024):
            heard(link, data)
            await link.flows.wait()
            writer.write(data)
            await writer.drain()
        link.abort()

    def _heard(self, link: Link, data: bytes) -> None:
        self.asked += len(data)
        link.is_listening |= LISTEN in data
        if link.is_listening and self.cuts_at and self.cuts_at in data:
            raise ConnectionAbortedError
