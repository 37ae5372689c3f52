"""The headers of answers from Pulp's handler: none of an upstream's, private behind a guard."""

from http import HTTPStatus
from typing import Final

from aiohttp import hdrs, web
from aiohttp.helpers import rfc822_formatted_time
from aiohttp.http import SERVER_SOFTWARE

from pulp_contentroutes.serving.http.headers import private
from pulp_contentroutes.serving.request_state import RequestState

# Pulp's handler copies nearly all headers of an upstream into the answer: a proxy would obey its
# X-Accel-Redirect, and clients its Set-Cookie, Refresh or Strict-Transport-Security.
_OF_THE_REPRESENTATION: Final = frozenset(
    {"content-type", "content-length", "content-range", "last-modified", "etag"}
)
_OF_THE_CONNECTION: Final = frozenset({"connection", "transfer-encoding"})
#: Pulp's own, set by its handler in each of these answers.
_OF_PULP: Final = frozenset({"x-pulp-artifact-size"})
#: Those of the distribution specification of OCI, which clients of a registry read.
_OF_REGISTRIES: Final = frozenset({"docker-content-digest", "docker-distribution-api-version"})
_ALLOWED: Final = _OF_THE_REPRESENTATION | _OF_THE_CONNECTION | _OF_PULP | _OF_REGISTRIES
#: The statuses of answers with a file, or with a part of it.
_FILES: Final = frozenset({HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT})


def correct_headers(
    state: RequestState | None, response: web.StreamResponse, cache_control: str | None
) -> None:
    """Change the headers of an answer that Pulp's handler has made, before they are sent.

    `cache_control` is pulpcore's field for files.
    """
    # Only answers that pass on an upstream's response have exactly this type.
    if type(response) is web.StreamResponse:
        for name in set(response.headers):
            if name.lower() not in _ALLOWED:
                response.headers.popall(name, None)
        if cache_control is not None:
            response.headers[hdrs.CACHE_CONTROL] = cache_control
        response.headers[hdrs.DATE] = rfc822_formatted_time()
        response.headers[hdrs.SERVER] = SERVER_SOFTWARE
    if state is not None and state.routed is not None and _is_file(state, response):
        for name, value in state.routed.fields:
            response.headers[name] = value
    if state is not None and state.is_guarded:
        given = response.headers.get(hdrs.CACHE_CONTROL, "")
        response.headers[hdrs.CACHE_CONTROL] = private(given)


def _is_file(state: RequestState, response: web.StreamResponse) -> bool:
    """Tell whether an answer has content, and is no page: Pulp raises its pages as exceptions."""
    is_page = isinstance(response, web.HTTPException) or bool(state.listed)
    return response.status in _FILES and not is_page
