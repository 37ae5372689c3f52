"""The answers to clients that are not admitted; the same whatever they asked for."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from aiohttp import hdrs, web

from pulp_contentroutes.serving.heads import Fields
from pulp_contentroutes.serving.respond import not_found
from pulp_contentroutes.serving.wire import RenderedResponse, text_response

# 429 has no Retry-After: pip would wait for it in silence, once for each package.
_FIELDS: Final[Mapping[HTTPStatus, Fields]] = {
    # Two fields: many clients read only the first challenge of a list (RFC 9110 §11.6.1).
    HTTPStatus.UNAUTHORIZED: (
        ("WWW-Authenticate", 'Basic realm="Pulp", charset="UTF-8"'),
        ("WWW-Authenticate", 'Bearer realm="Pulp"'),
    ),
}
_NOT_KEPT: Final[Fields] = (("Cache-Control", "no-store"),)


def refusal(status: HTTPStatus, request: web.BaseRequest, *, is_hidden: bool) -> RenderedResponse:
    """Return the refusal, or where they are hidden the 404 of what does not exist."""
    if is_hidden:
        return not_found(request)
    fields = (*_FIELDS.get(status, ()), *_NOT_KEPT)
    has_body = request.method != hdrs.METH_HEAD
    return text_response(status, f"{status.value}: {status.phrase}", fields, has_body=has_body)
