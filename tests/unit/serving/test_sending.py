"""A client that reads nothing costs almost no memory, and one that reads slowly is served."""

import asyncio
import errno
import logging
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web

from pulp_contentroutes.serving.http import responses as wire
from pulp_contentroutes.serving.http import sending
from tests.unit.serving.conftest import OURS, Client, FastPath, get

#: More bytes than the kernel buffers for a client that reads nothing.
HUGE = 16 * 1024 * 1024


@pytest.fixture
def transports(monkeypatch: pytest.MonkeyPatch) -> list[asyncio.Transport]:
    """Return the transports on which the server has waited, in order of time."""
    waited, drain = [], sending.drain

    async def watched(request: web.BaseRequest, transport: asyncio.Transport) -> None:
        waited.append(transport)
        await drain(request, transport)

    monkeypatch.setattr(wire, "drain", watched)
    return waited


@asynccontextmanager
async def reader_of(client: Client, path: str, *, count: int = 1) -> AsyncIterator[socket.socket]:
    """Yield a connection that has requested a file `count` times, and reads nothing by itself."""
    with socket.create_connection(("127.0.0.1", client.port or 0)) as connection:
        connection.setblocking(False)
        request = f"GET {OURS}{path} HTTP/1.1\r\nHost: a\r\n\r\n".encode()
        await asyncio.get_running_loop().sock_sendall(connection, request * count)
        yield connection


async def until_stuck(transports: list[asyncio.Transport]) -> asyncio.Transport:
    """Return the transport once the kernel accepts no more of its bytes."""
    quiet = 0
    while quiet < 100:
        left = transports[-1].get_write_buffer_size() if transports else 0
        await asyncio.sleep(0.001)
        is_same = transports and transports[-1].get_write_buffer_size() == left > 0
        quiet = quiet + 1 if is_same else 0
    return transports[-1]


async def until_closing(transports: list[asyncio.Transport]) -> None:
    while not transports or not transports[-1].is_closing():  # noqa: ASYNC110  there is no event
        await asyncio.sleep(0.001)


async def read_all(connection: socket.socket, count: int) -> bytes:
    """Read and return at least `count` bytes."""
    loop, data = asyncio.get_running_loop(), bytearray()
    while len(data) < count:
        data += await loop.sock_recv(connection, 2**20)
    return bytes(data)


async def test_a_client_that_reads_nothing_has_no_buffer_of_ours(
    client: Client, fast_path: FastPath, transports: list[asyncio.Transport]
) -> None:
    """Or a few hundred such clients would exhaust the memory of a worker."""
    data = os.urandom(HUGE)
    fast_path.database.add_file("x", data, fast_path.root)
    buffers = len(wire._BUFFERS)
    async with reader_of(client, "base/x") as connection:
        transport = await until_stuck(transports)
        assert transport.get_write_buffer_size() <= sending.MOST_BUFFERED
        assert len(wire._BUFFERS) >= max(buffers, 1)
        # The client may still read later.
        head, _, body = (await read_all(connection, HUGE)).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        assert body + await read_all(connection, HUGE - len(body)) == data


@pytest.mark.parametrize("size", [10_000, 60_000, 200_000])
async def test_a_client_that_asks_and_asks_and_reads_nothing_has_one_answer_in_memory(
    client: Client, fast_path: FastPath, transports: list[asyncio.Transport], size: int
) -> None:
    fast_path.database.add_file("x", os.urandom(size), fast_path.root)
    async with reader_of(client, "base/x", count=HUGE // size):
        transport = await until_stuck(transports)
        assert (
            transport.get_write_buffer_size()
            <= sending.SMALL_CHUNK_SIZE + 2 * sending.MOST_BUFFERED
        )


async def test_a_client_that_takes_nothing_for_long_is_let_go_with_one_line(
    client: Client, fast_path: FastPath, transports: list[asyncio.Transport],
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(sending, "STALLED_SECONDS", 0.05)
    fast_path.database.add_file("x", os.urandom(HUGE), fast_path.root)
    async with reader_of(client, "base/x"):
        await until_closing(transports)
        # Its pending answer is dropped, whether it reads or not.
        assert transports[-1].get_write_buffer_size() == 0
    ours = [record for record in caplog.records if record.name.startswith("pulp_contentroutes")]
    assert [record.levelno for record in ours] == [logging.INFO]
    assert "127.0.0.1" in ours[0].getMessage()
    assert not [record for record in caplog.records if record.levelno > logging.INFO]
    assert (await get(client, "base/x")).ok


async def test_a_client_that_is_slow_is_served_as_long_as_it_takes_anything(
    client: Client, fast_path: FastPath, transports: list[asyncio.Transport],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Over a bad line, one piece may take longer than the time limit."""
    left, is_over = [9000, 8999, 8998, 8998], asyncio.Event()

    def unsent(_: asyncio.Transport) -> int:
        if len(left) == 1:
            is_over.set()
        return left.pop(0) if left else 0

    monkeypatch.setattr(sending, "STALLED_SECONDS", 0)
    monkeypatch.setattr(sending, "_unsent", unsent)
    fast_path.database.add_file("x", os.urandom(HUGE), fast_path.root)
    async with reader_of(client, "base/x"):
        await is_over.wait()
        assert transports[-1].is_closing()
    assert not left


async def test_a_connection_that_is_lost_as_its_time_is_over_is_no_fault(
    client: Client,
    fast_path: FastPath,
    transports: list[asyncio.Transport],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its timer runs in the same turn of the event loop, and finds no socket any more."""
    caplog.set_level(logging.INFO)
    watches, begin = [], sending._StallWatch.__init__

    def watched(watch: sending._StallWatch, *arguments: Any) -> None:
        begin(watch, *arguments)
        watches.append(watch)

    monkeypatch.setattr(sending._StallWatch, "__init__", watched)
    fast_path.database.add_file("x", os.urandom(HUGE), fast_path.root)
    async with reader_of(client, "base/x"):
        transport = await until_stuck(transports)
        transport.abort()
        while transport.get_extra_info("socket").fileno() >= 0:  # noqa: ASYNC110  there is no event
            await asyncio.sleep(0)
        watches[-1]._look(0)
    assert "Closed the connection" not in caplog.text


async def test_bytes_that_only_the_kernel_has_count_as_not_taken(
    client: Client, fast_path: FastPath, transports: list[asyncio.Transport]
) -> None:
    fast_path.database.add_file("x", os.urandom(HUGE), fast_path.root)
    async with reader_of(client, "base/x") as connection:
        transport = await until_stuck(transports)
        before = sending._unsent(transport)
        assert before > transport.get_write_buffer_size()
        taken = 0
        while sending._unsent(transport) >= before:
            taken += len(await asyncio.get_running_loop().sock_recv(connection, 4096))
            assert taken < HUGE


async def test_an_error_of_the_socket_is_a_client_that_is_gone() -> None:
    class Transport:
        def is_closing(self) -> bool:
            return False

        def get_extra_info(self, name: str) -> Any:
            return SimpleNamespace(fileno=lambda: -1) if name == "socket" else None

        def get_write_buffer_size(self) -> int:
            return 0

    with pytest.raises(ConnectionResetError, match=os.strerror(errno.EBADF)):
        sending.write_some(Transport(), b"head", memoryview(b"body"))  # type: ignore[arg-type]
