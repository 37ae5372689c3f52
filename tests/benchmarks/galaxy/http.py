"""GET over a connection of its own, as `ansible-galaxy` does it: HTTP/1.1, `Connection: close`."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

#: The timeout of ansible-galaxy for the API by default; it is the same for a tarball.
TIMEOUT_SECONDS: Final = 60
_HEAD: Final = (
    "GET {target} HTTP/1.1\r\nAccept-Encoding: identity\r\nHost: {host}\r\n"
    "User-Agent: ansible-galaxy/2.19 (Linux; python:3.11)\r\nConnection: close\r\n\r\n"
)


class BadAnswer(Exception):
    """The server closed the connection before a whole answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    #: By their names in lower case.
    headers: Mapping[str, str]
    body: bytes
    #: Bytes of head and body, as they came.
    size: int


async def get(url: str) -> Answer:
    """Ask once, without redirects; raise TimeoutError, OSError or BadAnswer without an answer."""
    parts = urlsplit(url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    async with asyncio.timeout(TIMEOUT_SECONDS):
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            writer.write(_HEAD.format(target=target, host=parts.netloc).encode())
            return _parsed(url, await reader.read())
        finally:
            writer.close()


def _parsed(url: str, data: bytes) -> Answer:
    head, end, body = data.partition(b"\r\n\r\n")
    if not end:
        raise BadAnswer(f"{url}: closed after {len(data)} bytes")
    status, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    if headers.get("transfer-encoding") == "chunked":
        body = _joined(url, body)
    elif len(body) != int(headers.get("content-length", len(body))):
        raise BadAnswer(f"{url}: {len(body)} bytes of {headers['content-length']}")
    return Answer(int(status.split()[1]), headers, body, len(data))


def _joined(url: str, chunked: bytes) -> bytes:
    """Return the body in chunks, which have their size in hexadecimal before them."""
    body = bytearray()
    while True:
        line, end, chunked = chunked.partition(b"\r\n")
        if not end:
            raise BadAnswer(f"{url}: no last chunk")
        size = int(line.split(b";")[0], 16)
        if not size:
            return bytes(body)
        body += chunked[:size]
        chunked = chunked[size + 2 :]
