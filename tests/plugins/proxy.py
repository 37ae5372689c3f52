"""An HTTP proxy between a client and nginx, which does something before it forwards a request."""

import http.client
from collections.abc import Callable
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from tests.harness.upstream import serve

#: The headers of answers that a client needs.
_KEPT = ("Content-Length", "Content-Type", "Last-Modified", "ETag")


class Proxy(ThreadingHTTPServer):
    """Calls `before` with the path of each request."""

    daemon_threads = True

    def __init__(self, before: Callable[[str], None]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.before = before

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Proxy

    def do_GET(self) -> None:
        # The target is a whole URL: RFC 9112, section 3.2.2.
        url = urlsplit(self.path)
        self.server.before(url.path)
        upstream = http.client.HTTPConnection(url.netloc, timeout=60)
        upstream.request("GET", url.path, headers=dict(self.headers))
        answer = upstream.getresponse()
        data = answer.read()
        upstream.close()
        self.send_response(answer.status)
        for name in _KEPT:
            if value := answer.headers[name]:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *arguments: object) -> None:
        """Log nothing."""


def run_proxy(before: Callable[[str], None]) -> AbstractContextManager[Proxy]:
    """Run a proxy for the block."""
    return serve(Proxy(before))
