"""An HTTP proxy that keeps all requests of a client, and their answers.

Clients use it because of the variable `http_proxy`. It changes no URL, so that requests to every
host that an answer names go through it, too.
"""

import contextlib
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from tests.harness.upstream import serve

_SECONDS = 60
#: Headers that describe one connection, or a body as it was sent.
_OWN = {"connection", "content-length", "transfer-encoding"}


@dataclass(frozen=True)
class Exchange:
    method: str
    url: str
    #: Headers of the request.
    headers: Message
    sent: bytes
    status: int
    answer_headers: Message
    body: bytes

    @property
    def path(self) -> str:
        """The path with the query."""
        parts = urlsplit(self.url)
        return f"{parts.path}?{parts.query}" if parts.query else parts.path


class Recorder(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self._exchanges: list[Exchange] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def keep(self, exchange: Exchange) -> None:
        self._exchanges.append(exchange)

    def take(self) -> list[Exchange]:
        """Return the exchanges recorded since the last call."""
        taken, self._exchanges = self._exchanges, []
        return taken


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Recorder

    def do_GET(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        target = parts._replace(scheme="", netloc="").geturl()
        with contextlib.closing(HTTPConnection(parts.netloc, timeout=_SECONDS)) as connection:
            connection.request(self.command, target, sent or None, dict(self.headers))
            answer = connection.getresponse()
            body = answer.read()
        # Kept before the client has its answer, so that all exchanges are there when it has ended.
        self.server.keep(
            Exchange(
                self.command, self.path, self.headers, sent, answer.status, answer.headers, body
            )
        )
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in _OWN:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, format: str, *arguments: object) -> None:
        """Log nothing."""


def run_recorder() -> contextlib.AbstractContextManager[Recorder]:
    """Run a proxy for the block."""
    return serve(Recorder())
