"""Two upstreams that record their requests, and the real servers in front of them.

All of them start once per module and run in the module's event loop.
"""

import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import ClientSession, ClientTimeout, web
from aiohttp.test_utils import TestServer

from tests.harness.waiting import connects, wait_until
from tests.snippets import fronts

#: More than 32 bits can count. The file is sparse: it takes no space on the disk.
SPARSE_SIZE = 5 * 1024**3


@dataclass
class Seen:
    """One request as an upstream saw it."""

    service: str
    method: str
    raw_path: str
    headers: dict[str, str]
    body_size: int


@dataclass
class Upstreams:
    """The addresses of both, and the requests that have reached them."""

    api: str
    content: str
    seen: list[Seen]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def upstreams(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Upstreams]:
    """`pulp-api` and `pulp-content`, each answering with its name unless a path asks for more."""
    seen: list[Seen] = []
    sparse = tmp_path_factory.mktemp("upstreams") / "sparse"
    with sparse.open("wb") as file:
        file.truncate(SPARSE_SIZE)

    def application(service: str) -> web.Application:
        async def answer(request: web.Request) -> web.StreamResponse:
            size = 0
            async for chunk in request.content.iter_any():
                size += len(chunk)
            headers = {name.lower(): value for name, value in request.headers.items()}
            seen.append(Seen(service, request.method, request.raw_path, headers, size))
            if request.path.endswith("/sparse"):
                return web.FileResponse(sparse)
            if request.path.endswith("/with-headers"):
                status = 404 if "/gone/" in request.path else 200
                return web.Response(text=service, headers=request.query, status=status)
            if request.path.endswith("/ranges"):
                kind = {
                    "Content-Type": "multipart/byteranges; boundary=x",
                    "Accept-Ranges": "bytes",
                }
                return web.Response(body=b"as it is", status=206, headers=kind)
            if request.path.endswith("/moved"):
                raise web.HTTPMovedPermanently(request.path + "/")
            return web.Response(text=service)

        # As pulpcore-content.
        limits = {"max_field_size": 16 * 1024}
        app = web.Application(client_max_size=2**40, handler_args=limits)
        app.router.add_route("*", "/{path:.*}", answer)
        return app

    async with TestServer(application("api")) as api, TestServer(application("content")) as content:
        yield Upstreams(f"127.0.0.1:{api.port}", f"127.0.0.1:{content.port}", seen)


@dataclass
class Front:
    """A web server with one of its sites in front of the upstreams."""

    name: str
    url: str
    log: Path
    seen: list[Seen]
    session: ClientSession

    @property
    def last(self) -> Seen:
        return self.seen[-1]


@contextmanager
def run_server(command: fronts.Command, port: int, log: Path) -> Iterator[None]:
    """Check a server's configuration and run the server until the block ends."""
    with log.open("wb") as output:
        checked = subprocess.run(command.check, stdout=output, stderr=output, check=False)
        assert checked.returncode == 0, log.read_text()
        with subprocess.Popen(command.run, stdout=output, stderr=output) as server:

            def listens() -> bool:
                assert server.poll() is None, log.read_text()
                return connects(port)

            try:
                wait_until(listens)
                yield
            finally:
                server.terminate()


@pytest_asyncio.fixture(
    scope="module",
    loop_scope="module",
    params=["nginx-ours", "nginx-image", "nginx-compose", "apache-ours", "apache-installer"],
)
async def front(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, upstreams: Upstreams
) -> AsyncIterator[Front]:
    """A running web server; its configuration test has passed."""
    server, _, which = request.param.partition("-")
    folder = tmp_path_factory.mktemp(request.param)
    log = folder / "server.log"
    make = fronts.nginx if server == "nginx" else fronts.apache
    with socket.socket() as reserved:
        # Held for the server: the kernel gives the port to no other process. nginx and Apache can
        # listen on it because they set this option, too.
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        command = make(folder, which, f"127.0.0.1:{port}", upstreams.api, upstreams.content)
        with run_server(command, port, log):
            async with ClientSession(timeout=ClientTimeout(total=120)) as session:
                yield Front(request.param, f"http://127.0.0.1:{port}", log, upstreams.seen, session)
