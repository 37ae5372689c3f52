"""A small web server that content of a world is still at."""

import contextlib
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from tests.differential.world import World


class Upstream(ThreadingHTTPServer):
    """Serves `files` by their paths; everything else is 404."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: Mapping[str, bytes] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"

    def offer(self, world: World) -> None:
        """Serve what the units of a world say is here, apart from what is `gone`."""
        self.files = {
            unit.url.removeprefix(self.url.removesuffix("/")): world.files[unit.sha256]
            for domain in world.domains
            for unit in domain.units
            if unit.url and unit.url.startswith(self.url) and "gone" not in unit.url
        }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Upstream

    def do_GET(self) -> None:
        data = self.server.files.get(self.path)
        self.send_response(404 if data is None else 200)
        self.send_header("Content-Length", str(len(data or b"")))
        self.send_header("X-Upstream", "yes")
        self.end_headers()
        self.wfile.write(data or b"")

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@contextlib.contextmanager
def upstream() -> Iterator[Upstream]:
    with Upstream() as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
