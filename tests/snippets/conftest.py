"""Two upstreams that record their requests, and the real servers in front of them.

All of them start once per module and run in the module's event loop.
"""

import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import ClientSession, ClientTimeout, web
from aiohttp.http import HttpVersion
from aiohttp.test_utils import TestServer

from pulp_contentroutes.paths import CONTENT_PREFIX, GALAXY_PREFIX
from tests.snippets import fronts

#: Prefixes of the URLs in a form that no user intends.
WITHOUT_SLASH = tuple(
    prefix.removesuffix("/")
    for prefix in (CONTENT_PREFIX, GALAXY_PREFIX, "/pulp/content/", "/pulp/api/v3/")
)
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
    http: HttpVersion
    #: The web server's address and port: the same for all requests of a kept connection.
    peer: object


@dataclass
class Upstreams:
    """The addresses of both upstreams, and the requests that have reached them."""

    api: str
    content: str
    seen: list[Seen]


def reply(request: web.Request, service: str) -> web.Response:
    """Return the answer that a path asks for, or the name of the service."""
    if request.path in WITHOUT_SLASH:
        # As our content app does, and Django for the root of Pulp's API.
        raise web.HTTPMovedPermanently(
            request.rel_url.with_path(f"{request.path}/", keep_query=True)
        )
    if request.path.endswith("/moved"):
        raise web.HTTPMovedPermanently(request.query.get("to", f"{request.path}/"))
    if request.path.endswith("/with-headers"):
        status = 404 if "/gone/" in request.path else 200
        return web.Response(text=service, headers=request.query, status=status)
    if request.path.endswith("/ranges"):
        kind = {"Content-Type": "multipart/byteranges; boundary=x", "Accept-Ranges": "bytes"}
        return web.Response(body=b"as it is", status=206, headers=kind)
    return web.Response(text=service)


async def break_off(request: web.Request) -> web.StreamResponse:
    """Send a part of a body whose length is not announced."""
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"a part")
    assert request.transport
    request.transport.close()
    return response


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
            assert request.transport
            peer = request.transport.get_extra_info("peername")
            seen.append(
                Seen(
                    service,
                    request.method,
                    request.raw_path,
                    headers,
                    size,
                    request.version,
                    peer,
                )
            )
            if request.path.endswith("/sparse"):
                return web.FileResponse(sparse)
            if request.path.endswith("/breaks-off"):
                return await break_off(request)
            return reply(request, service)

        # The same as pulpcore-content.
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
def reserved_port() -> Iterator[int]:
    """Hold a port for a server: the kernel gives it to no other process.

    nginx and Apache can listen on it because they set this option, too.
    """
    with socket.socket() as reserved:
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]


@pytest_asyncio.fixture(
    scope="module",
    loop_scope="module",
    params=[
        *("nginx-ours", "nginx-serve", "nginx-image", "nginx-compose"),
        *("apache-ours", "apache-installer"),
    ],
)
async def front(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, upstreams: Upstreams
) -> AsyncIterator[Front]:
    """A running web server; its configuration test has passed."""
    folder = tmp_path_factory.mktemp(request.param)
    log = folder / "server.log"
    with reserved_port() as port:
        place = fronts.Place(folder, f"127.0.0.1:{port}", upstreams.api, upstreams.content)
        with fronts.run_server(fronts.write(request.param, place), port, log):
            async with ClientSession(timeout=ClientTimeout(total=120)) as session:
                yield Front(request.param, f"http://127.0.0.1:{port}", log, upstreams.seen, session)
