"""HTTP/1.1 requests to loopback, sent exactly as given: no library normalizes paths or headers."""

import http.client
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import quote

from pulp_contentroutes.paths import CONTENT_PREFIX, with_domain

STOCK_PREFIX = "/pulp/content/"
PREFIXES = {"ours": CONTENT_PREFIX, "stock": STOCK_PREFIX}
_SECONDS = 60

Header = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Request:
    """A request: `target` is sent as it is; names and values of headers may have surrogates."""

    target: str
    method: str = "GET"
    headers: tuple[Header, ...] = ()
    http: str = "1.1"

    def __str__(self) -> str:
        lines = [f"{self.method} {self.target} HTTP/{self.http}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        return "\n".join(lines).encode("utf-8", "backslashreplace").decode()


@dataclass(frozen=True)
class Answer:
    """An answer: names of `fields` are in lower case, in the order of the answer."""

    status: int
    reason: str = ""
    http: str = "1.1"
    fields: tuple[Header, ...] = ()
    body: bytes = field(default=b"", repr=False)

    def __getitem__(self, name: str) -> str:
        """Return the value of a header, "" if it is missing, or several values as one list."""
        return ", ".join(value for key, value in self.fields if key == name)

    @cached_property
    def headers(self) -> dict[str, str]:
        return {name: self[name] for name, _ in self.fields}

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class Connection:
    """A persistent connection to a local server, reopened when the server has closed it."""

    port: int
    _connection: http.client.HTTPConnection | None = None

    def ask(self, request: Request) -> Answer:
        if self._connection is not None:
            try:
                return self._ask(self._connection, request)
            except (http.client.RemoteDisconnected, ConnectionError):
                self.close()
        self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_SECONDS)
        return self._ask(self._connection, request)

    def _ask(self, connection: http.client.HTTPConnection, request: Request) -> Answer:
        connection.putrequest(request.method, "/", skip_accept_encoding=True)
        # http.client refuses some targets that tests need, so the line is put into its buffer.
        line = f"{request.method} {request.target} HTTP/{request.http}"
        connection._buffer[0] = line.encode("utf-8", "surrogateescape")  # type: ignore[attr-defined]
        for name, value in request.headers:
            connection.putheader(name, value.encode("utf-8", "surrogateescape"))
        connection.endheaders()
        response = connection.getresponse()
        fields = tuple((name.lower(), value) for name, value in response.getheaders())
        version = "1.1" if response.version == 11 else "1.0"
        answer = Answer(response.status, response.reason, version, fields, response.read())
        if response.will_close:
            self.close()
        return answer

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def ask(
    port: int, target: str, method: str = "GET", headers: Mapping[str, str] | None = None
) -> Answer:
    """Send one request on a connection of its own."""
    with Connection(port) as connection:
        return connection.ask(Request(target, method, tuple((headers or {}).items())))


@dataclass(frozen=True)
class Route:
    """One of the two prefixes of one server, with the domain segment if there is one."""

    port: int
    prefix: str

    @classmethod
    def of(cls, which: str, port: int, domain: str | None = None) -> "Route":
        return cls(port, with_domain(PREFIXES[which], domain))

    def url(self, path: str) -> str:
        """Return the path of the URL for content at the decoded `path`."""
        return self.prefix + quote(path)

    def get(self, path: str, **headers: str) -> Answer:
        return self.raw(quote(path), **headers)

    def head(self, path: str, **headers: str) -> Answer:
        return ask(self.port, self.url(path), "HEAD", _field_names(headers))

    def raw(self, encoded: str, **headers: str) -> Answer:
        """Send a GET; the encoded path after the prefix is sent as it is."""
        return ask(self.port, self.prefix + encoded, headers=_field_names(headers))


def _field_names(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
