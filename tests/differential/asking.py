"""Raw HTTP/1 questions over kept connections, and the answers to the byte."""

import http.client
from collections.abc import Iterable
from dataclasses import dataclass, field

Header = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Request:
    """`target` is sent as it is; bytes that are not UTF-8 are surrogates."""

    target: str
    method: str = "GET"
    headers: tuple[Header, ...] = ()
    http: str = "1.1"

    def __str__(self) -> str:
        lines = [f"{self.method} {self.target} HTTP/{self.http}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        return "\n".join(lines).encode("utf-8", "backslashreplace").decode()


@dataclass(frozen=True, slots=True)
class Answer:
    """Header names are in lower case, in the order of the answer."""

    status: int
    reason: str
    http: str
    headers: tuple[Header, ...]
    body: bytes = field(repr=False)

    def __getitem__(self, name: str) -> str:
        """Return the value of a header, "" if there is none, the list if there are several."""
        return ", ".join(value for key, value in self.headers if key == name)

    def names(self) -> set[str]:
        return {name for name, _ in self.headers}


@dataclass
class Server:
    """One content worker: a kept connection to a port of loopback."""

    name: str
    port: int
    _connection: http.client.HTTPConnection | None = None

    def ask(self, request: Request) -> Answer:
        """Send a request; once more on a new connection if the server had closed the kept one."""
        if self._connection is not None:
            try:
                return self._ask(self._connection, request)
            except (http.client.RemoteDisconnected, ConnectionError):
                self.close()
        self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        return self._ask(self._connection, request)

    def _ask(self, connection: http.client.HTTPConnection, request: Request) -> Answer:
        connection.putrequest(request.method, "/", skip_accept_encoding=True)
        # http.client refuses what we want to try: put the line in behind its back.
        line = f"{request.method} {request.target} HTTP/{request.http}"
        connection._buffer[0] = line.encode("utf-8", "surrogateescape")  # type: ignore[attr-defined]
        for name, value in request.headers:
            connection.putheader(name, value.encode("utf-8", "surrogateescape"))
        connection.endheaders()
        response = connection.getresponse()
        headers = tuple((name.lower(), value) for name, value in response.getheaders())
        version = "1.1" if response.version == 11 else "1.0"
        answer = Answer(response.status, response.reason, version, headers, response.read())
        if response.will_close:
            self.close()
        return answer

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def close_all(servers: Iterable[Server]) -> None:
    for server in servers:
        server.close()
