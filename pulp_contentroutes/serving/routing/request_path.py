"""The check whether content can have a path. Pure text, no I/O."""

import re
from urllib.parse import unquote_to_bytes

from pulp_contentroutes.serving.errors import (
    MalformedPath,
    NulInPath,
    PathTooLong,
    UnservablePath,
)

# RFC 3986 §2.1: a percent sign starts a pair of hexadecimal digits, or it is an error.
_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
# RFC 3986 §6.2.2.2: "%2E" is another spelling of ".".
_DOT_SEGMENTS = re.compile(r"(?:/(?:\.|%2[Ee])(?=/|\Z))+(/?)")


def decode_path(raw_path: str, prefix: str, max_bytes: int | None) -> str:
    """Return the path below `prefix`, decoded, or raise `RequestRefused` if no content can have it.

    Without `max_bytes`, a path of any length passes.

    `raw_path` is the path of the request as it was sent (still percent-encoded, no query) and is
    known to be below `prefix`. Pulp's own handler would answer some refused paths with a 500
    (PostgreSQL refuses NUL), some with the same file under a second name (`//`), and would join
    `..` to the URL of an upstream.
    """
    # Bytes are counted as sent: aiohttp passes those above 127 on as characters or surrogates.
    if max_bytes is not None and len(raw_path.encode("utf-8", "surrogatepass")) > max_bytes:
        raise PathTooLong(f"The path is longer than {max_bytes} bytes.")
    if _LONE_PERCENT.search(raw_path):
        raise MalformedPath("The path has a '%' without two hexadecimal digits; send it as %25.")
    try:
        # A byte above 127 that was sent unencoded arrives as a surrogate (or as the character).
        text = unquote_to_bytes(raw_path).decode("utf-8")
    except UnicodeError:
        raise MalformedPath("The path is not UTF-8.") from None
    if "\0" in text:
        raise NulInPath("The path has a NUL byte.")
    path = text.removeprefix(prefix)
    segments = path.split("/")
    if ".." in segments:
        raise UnservablePath("The path has a '..' segment.")
    # The last one is empty for a directory.
    if "" in segments[:-1]:
        raise UnservablePath("The path has an empty segment: send one slash where two follow.")
    return path


def without_dot_segments(raw_path: str) -> str:
    """Return the path, still encoded, without its "." segments: the same resource.

    RFC 3986 §6.2.2.3. ".." segments stay, and are refused by `decode_path`.
    """
    # A "." at the end stands for the directory before it.
    return _DOT_SEGMENTS.sub("/", raw_path)
