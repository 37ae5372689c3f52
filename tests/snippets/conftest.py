"""Two upstreams that tell what they were asked, and the real servers in front of them."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from string import Template

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from pytest_aiohttp.plugin import AiohttpServer

ROOT = Path(__file__).parents[2]
SNIPPETS = ROOT / "pulp_contentroutes" / "app" / "webserver_snippets"
SITES = Path(__file__).parent / "sites"

CHUNK = b"\0" * 65536
SPARSE_SIZE = 1536 * 1024 * 1024


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
    api: TestServer
    content: TestServer
    seen: list[Seen]


@pytest.fixture
async def upstreams(aiohttp_server: AiohttpServer, tmp_path: Path) -> Upstreams:
    """`pulp-api` and `pulp-content`, each answering with its name unless a path asks for more."""
    seen: list[Seen] = []
    sparse = tmp_path / "sparse"
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
            if request.path.endswith("/moved"):
                raise web.HTTPMovedPermanently(request.path + "/")
            return web.Response(text=service)

        app = web.Application(client_max_size=2**40)
        app.router.add_route("*", "/{path:.*}", answer)
        return app

    return Upstreams(
        await aiohttp_server(application("api")), await aiohttp_server(application("content")), seen
    )


@dataclass
class Front:
    """A web server with one of its sites in front of the upstreams."""

    name: str
    url: str
    upstreams: Upstreams
    session: ClientSession

    @property
    def last(self) -> Seen:
        return self.upstreams.seen[-1]


Start = Callable[..., Awaitable[None]]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Start a server, wait until it listens, and end it after the test."""
    processes = []

    async def starter(command: list[str], port: int) -> None:
        log = (tmp_path / "server.log").open("wb")
        process = await asyncio.create_subprocess_exec(*command, stdout=log, stderr=log)
        processes.append(process)
        log.close()
        async with asyncio.timeout(30):
            while True:
                assert process.returncode is None, (tmp_path / "server.log").read_text()
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    # No event tells when a port is open.
                    await asyncio.sleep(0.02)
                    continue
                writer.close()
                await writer.wait_closed()
                return

    yield starter
    for process in processes:
        process.terminate()
        await process.wait()


async def succeeded(*command: str) -> str:
    """Run a command and return what it printed; fail if it fails."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return output.decode()


def program(name: str, package: str) -> str:
    """Return a server's program, or skip the test."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.skip(f"'{name}' is not installed (Debian package {package})")
    return found


def site(name: str, **values: object) -> str:
    """Return a site of tests/snippets/sites with its `@{names}` filled in."""

    class _Site(Template):
        delimiter = "@"

    return _Site((SITES / name).read_text(encoding="utf-8")).substitute(values)
