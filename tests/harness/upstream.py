"""A small web server for files that Pulp, or a client, fetches from elsewhere."""

import contextlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TypeVar

AnyServer = TypeVar("AnyServer", bound=ThreadingHTTPServer)


class Upstream(ThreadingHTTPServer):
    """A server of `files` by their paths, for every method; all other paths are 404."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        #: Sent with each answer.
        self.headers: list[tuple[str, str]] = [("X-Upstream", "yes")]
        #: The paths of all requests.
        self.requested: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Upstream

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.requested.append(self.path)
        data = self.server.files.get(self.path)
        self.send_response(404 if data is None else 200)
        self.send_header("Content-Length", str(len(data or b"")))
        for name, value in self.server.headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data or b"")

    do_POST = do_GET

    def log_message(self, format: str, *arguments: object) -> None:
        """Log nothing."""


@contextlib.contextmanager
def serve(server: AnyServer) -> Iterator[AnyServer]:
    """Let a server answer in a thread of its own for the block."""
    with server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def run_upstream() -> contextlib.AbstractContextManager[Upstream]:
    """Run a server for the block."""
    return serve(Upstream())
