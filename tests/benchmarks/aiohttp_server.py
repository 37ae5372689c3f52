"""A server to compare with: plain aiohttp, as gunicorn's worker runs it, without Pulp.

`python -m tests.benchmarks.aiohttp_server memory|file asyncio|uvloop PORT FOLDER`
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

#: Bytes of the largest file that is kept in memory.
_LARGEST = 1024**2

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def _from_memory(file: Path) -> _Handler:
    body = file.read_bytes()

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(body=body)

    return answer


def _from_file(file: Path) -> _Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.FileResponse(file)

    return answer


def _application(how: str, folder: Path) -> web.Application:
    application = web.Application()
    make = {"memory": _from_memory, "file": _from_file}[how]
    files = [file for file in folder.iterdir() if how == "file" or file.stat().st_size <= _LARGEST]
    for file in files:
        application.router.add_get(f"/{file.name}", make(file))
    return application


async def _serve(application: web.Application, port: int) -> None:
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    # Until the signal that ends this process.
    await asyncio.Event().wait()


def main(how: str, loop: str, port: str, folder: str) -> None:
    factory: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
    if loop == "uvloop":
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(_serve(_application(how, Path(folder)), int(port)))


if __name__ == "__main__":
    main(*sys.argv[1:])
