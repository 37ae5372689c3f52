"""Response heads (RFC 9112 §2-6), rendered when an entry is stored and not for each request."""

import re
import time
from base64 import b64encode
from collections.abc import Iterable
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Final

from aiohttp.http import SERVER_SOFTWARE

from pulp_contentroutes.serving.byte_source import ByteSource
from pulp_contentroutes.serving.model import Fields, Representation, Validators

#: The field of answers that say nothing about the content.
NO_STORE: Final = ("Cache-Control", "no-store")

_CACHE_CONTROL_LINE: Final = re.compile(rb"(?<=\r\nCache-Control: )[^\r]*")
# The line of pulpcore since 3.122, and the same for one client.
_PUBLIC: Final = b"\r\nCache-Control: public, max-age=0, must-revalidate\r\n"
_PRIVATE: Final = _PUBLIC.replace(b"public", b"private")
#: Directives that let shared caches store an answer (RFC 9111 §5.2.2).
_SHARED: Final = frozenset({"public", "s-maxage", "proxy-revalidate"})
_LAST_MODIFIED_LINE: Final = re.compile(rb"\r\nLast-Modified: [^\r]*")

#: Fields of a 200 that a 304 repeats (RFC 9110 §15.4.5).
VALIDATING: Final = frozenset({"Cache-Control", "Last-Modified", "ETag"})


def make_representation(
    source: ByteSource,
    sha256: str,
    sha512: str | None,
    last_modified: int,
    given: Fields,
) -> Representation:
    """Return a file at one path as a representation with the head of a 200; digests are in hex.

    `given` are the fields of pulpcore, then those of a plugin: the last one with a name counts.
    """
    etag = f'"{sha256}"'
    # RFC 9530 §3: byte sequences in base64 between colons.
    repr_digest = f"sha-256=:{b64encode(bytes.fromhex(sha256)).decode()}:"
    if sha512:
        repr_digest += f", sha-512=:{b64encode(bytes.fromhex(sha512)).decode()}:"
    fields: Fields = (
        ("Content-Type", "application/octet-stream"),
        ("Last-Modified", formatdate(last_modified, usegmt=True)),
        ("ETag", etag),
        ("X-PULP-ARTIFACT-SIZE", str(source.size)),
        ("Repr-Digest", repr_digest),
        ("Accept-Ranges", "bytes"),
        ("Content-Length", str(source.size)),
    )
    # In one spelling of their names, by which fields are found in a head.
    named = {name.title(): text for name, text in given}
    rest = (field for field in fields if field[0].title() not in named)
    return Representation(
        source, Validators(etag, last_modified), head(200, (*named.items(), *rest))
    )


@lru_cache(maxsize=100)
def private(cache_control: str) -> str:
    """Return the field for an answer that no shared cache may store (RFC 9111 §5.2.2.7)."""
    given = [each.strip() for each in cache_control.split(",") if each.strip()]
    kept = [each for each in given if each.partition("=")[0].strip().lower() not in _SHARED]
    if not {"private", "no-store"} & {each.lower() for each in kept}:
        kept.insert(0, "private")
    return ", ".join(kept)


def head_of(found: Representation, *, is_private: bool) -> bytes:
    """Return the head of a 200 as it is for this request.

    Content behind a guard `is_private`: no shared cache may store it (RFC 9111 §5.2.2.7).
    """
    rendered_head = found.head
    if is_private:
        rendered_head = rendered_head.replace(_PUBLIC, _PRIVATE, 1)
        if rendered_head == found.head:
            # Its Cache-Control, if any, is another than pulpcore's.
            rendered_head, count = _CACHE_CONTROL_LINE.subn(
                lambda field: private(field[0].decode()).encode(), rendered_head, 1
            )
            if not count:
                rendered_head += b"Cache-Control: private\r\n"
    now = time.time()
    if found.validators.last_modified > now:
        # The database's clock is ahead; Last-Modified is never later than Date (RFC 9110 §8.8.2.1).
        line = f"\r\nLast-Modified: {formatdate(now, usegmt=True)}".encode()
        rendered_head = _LAST_MODIFIED_LINE.sub(line, rendered_head, 1)
    return rendered_head


def fields_of(rendered_head: bytes) -> Fields:
    """Return the fields of a head; only the rare responses need them one by one."""
    lines = rendered_head.decode().split("\r\n")[1:-1]
    return tuple((name, text) for name, _, text in (line.partition(": ") for line in lines))


def head(status: int, fields: Iterable[tuple[str, str]]) -> bytes:
    """Return the status line and the field lines for HTTP/1.1, each ending in CRLF."""
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *map(": ".join, fields), ""]
    return "\r\n".join(lines).encode()


class CurrentHeaders:
    """The lines that end a head: Date changes once a second, Connection depends on the client."""

    def __init__(self) -> None:
        self._second = 0
        self._kept = b""

    def render(self, connection: bytes = b"") -> bytes:
        """Return the last lines and the empty line, preceded by the line `connection`."""
        now = int(time.time())
        if now != self._second:
            date = formatdate(now, usegmt=True)
            self._kept = f"Date: {date}\r\nServer: {SERVER_SOFTWARE}\r\n\r\n".encode()
            self._second = now
        return connection + self._kept
