"""Header fields that operators add to files of a route: which ones, and in which form."""

import re
from collections.abc import Mapping
from typing import Final

from pulp_contentroutes.serving.model import Fields
from pulp_contentroutes.serving.routing.mount_patterns import InvalidPattern

MAX_FIELDS: Final = 16
_MAX_VALUE: Final = 1000
#: RFC 9110 §5.6.2, and §5.5 without obs-text: neither begins nor ends with white space.
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}")
_VALUE: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?")
#: Fields that say how the message is made, or what the content is; those that a proxy would obey;
#: and those that are decided for each client.
_RESERVED: Final = frozenset(
    {
        "accept-ranges",
        "age",
        "allow",
        "alt-svc",
        "authorization",
        "cache-control",
        "cdn-cache-control",
        "clear-site-data",
        "connection",
        "content-encoding",
        "content-length",
        "content-md5",
        "content-range",
        "content-type",
        "date",
        "digest",
        "etag",
        "host",
        "keep-alive",
        "last-modified",
        "location",
        "proxy-authenticate",
        "repr-digest",
        "server",
        "set-cookie",
        "set-cookie2",
        "status",
        "strict-transport-security",
        "surrogate-control",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "www-authenticate",
        "x-contentroutes",
        "x-pulp-artifact-size",
        "x-pulp-cache",
        "x-sendfile",
    }
)
_RESERVED_PREFIXES: Final = ("x-accel-", "docker-", "proxy-")


def parse_fields(given: Mapping[str, object]) -> Fields:
    """Return the fields of a route, or raise InvalidPattern."""
    if len(given) > MAX_FIELDS:
        raise InvalidPattern(f"A route has at most {MAX_FIELDS} header fields.")
    seen: set[str] = set()
    for name, value in given.items():
        lower = name.lower()
        if _NAME.fullmatch(name) is None:
            raise InvalidPattern(f"{name[:64]!r} is not the name of a header field.")
        if lower in seen:
            raise InvalidPattern(f"The header field {name} occurs twice.")
        if lower == "cache-control":
            raise InvalidPattern("Cache-Control has an option of its own: 'cache_control'.")
        is_reserved = lower in _RESERVED or lower.startswith(_RESERVED_PREFIXES)
        if is_reserved or lower.endswith("-cdn-cache-control"):
            raise InvalidPattern(f"{name} is set by the content app, and cannot be given.")
        _check_value(name, value)
        seen.add(lower)
    return tuple((name, str(value)) for name, value in given.items())


def check_cache_control(value: str) -> None:
    """Raise InvalidPattern unless it can be the value of Cache-Control."""
    _check_value("Cache-Control", value)


def _check_value(name: str, value: object) -> None:
    if not isinstance(value, str) or len(value) > _MAX_VALUE or _VALUE.fullmatch(value) is None:
        raise InvalidPattern(
            f"The value of {name} is printable ASCII, of at most {_MAX_VALUE} characters, without "
            f"white space at its begin and end."
        )
