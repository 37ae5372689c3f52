"""The headers of answers from Pulp's handler: none of an upstream's, private behind a guard."""

from typing import Final

from aiohttp import hdrs, web
from aiohttp.helpers import rfc822_formatted_time
from aiohttp.http import SERVER_SOFTWARE

from pulp_contentroutes.serving.http.headers import CACHE_CONTROL
from pulp_contentroutes.serving.request_state import RequestState

# Pulp's handler copies nearly all headers of an upstream into the answer: a proxy would obey its
# X-Accel-Redirect, and clients its Set-Cookie, Refresh or Strict-Transport-Security.
_OF_THE_REPRESENTATION: Final = frozenset(
    {"content-type", "content-length", "content-range", "last-modified", "etag"}
)
_OF_THE_CONNECTION: Final = frozenset({"connection", "transfer-encoding"})
#: Pulp's own, set by its handler in each of these answers.
_OF_PULP: Final = frozenset({"x-pulp-artifact-size"})
_ALLOWED: Final = _OF_THE_REPRESENTATION | _OF_THE_CONNECTION | _OF_PULP

#: Directives that let shared caches store an answer (RFC 9111 §5.2.2).
_SHARED: Final = frozenset({"public", "s-maxage", "proxy-revalidate"})


def correct_headers(state: RequestState | None, response: web.StreamResponse) -> None:
    """Change the headers of an answer that Pulp's handler has made, before they are sent."""
    # Only answers that pass on an upstream's response have exactly this type.
    if type(response) is web.StreamResponse:
        _remove_upstream_headers(response)
    if state is not None and state.is_guarded:
        response.headers[hdrs.CACHE_CONTROL] = _private(response.headers.get(hdrs.CACHE_CONTROL))


def _remove_upstream_headers(response: web.StreamResponse) -> None:
    for name in set(response.headers):
        if name.lower() not in _ALLOWED:
            response.headers.popall(name, None)
    response.headers[hdrs.CACHE_CONTROL] = CACHE_CONTROL
    response.headers[hdrs.DATE] = rfc822_formatted_time()
    response.headers[hdrs.SERVER] = SERVER_SOFTWARE


def _private(cache_control: str | None) -> str:
    """Return the field's value for an answer that no shared cache may store (RFC 9111 §5.2.2.7)."""
    directives = [each.strip() for each in (cache_control or "").split(",") if each.strip()]
    kept = [each for each in directives if each.partition("=")[0].strip().lower() not in _SHARED]
    if {"private", "no-store"} & {each.lower() for each in kept}:
        return ", ".join(kept)
    return ", ".join(["private", *kept])
