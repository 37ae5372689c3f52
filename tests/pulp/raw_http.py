"""Requests with a path exactly as given: no client library tidies it up."""

import http.client
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

PREFIXES = {"ours": "/pulp_contentroutes/content/", "stock": "/pulp/content/"}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


def request(
    port: int, target: str, method: str = "GET", headers: Mapping[str, str] | None = None
) -> Answer:
    """Send one request to loopback; header names of the answer are in lower case."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.putrequest(method, "/", skip_accept_encoding=True)
        # http.client refuses what we want to try: put the target in behind its back.
        line = f"{method} {target} HTTP/1.1".encode("utf-8", "surrogateescape")
        connection._buffer[0] = line  # type: ignore[attr-defined]
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        names = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, names, response.read())
    finally:
        connection.close()


@dataclass(frozen=True)
class Route:
    """One of the two prefixes of one server, with the domain segment if there is one."""

    port: int
    prefix: str

    def url(self, path: str) -> str:
        """Return the path of the URL for content at the decoded `path`."""
        return self.prefix + quote(path)

    def get(self, path: str, **headers: str) -> Answer:
        return self.raw(quote(path), **headers)

    def head(self, path: str, **headers: str) -> Answer:
        return request(self.port, self.url(path), "HEAD", _named(headers))

    def raw(self, encoded: str, **headers: str) -> Answer:
        """Send what follows the prefix as it is."""
        return request(self.port, self.prefix + encoded, headers=_named(headers))


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
