"""Every public URL prefix, once.

The route table, the reverse-proxy snippets and the documentation are tested against these names.
"""

from typing import Final
from urllib.parse import quote

#: The prefix of all others; at this URL itself is only a page that says that nothing is here.
ROOT: Final = "/pulp_contentroutes/"

#: Content route: `<CONTENT_PREFIX>[<domain>/]<base_path>/<relative path>`, on `pulp-content`.
CONTENT_PREFIX: Final = ROOT + "content/"

#: Galaxy-style API: `<GALAXY_PREFIX>[<domain>/]<base_path>/…`, on `pulp-api`.
GALAXY_PREFIX: Final = ROOT + "galaxy/"


def with_domain(prefix: str, domain: str | None) -> str:
    """Return `prefix`, with `<domain>/` appended where domains are enabled (`domain` not None)."""
    return prefix if domain is None else f"{prefix}{domain}/"


def percent_encode(path: str) -> str:
    """Return a decoded `path` as it must stand in a URL; `/` separates segments (RFC 3986 §3.3)."""
    return quote(path)
