"""The answers to clients that are not admitted; the same whatever they asked for."""

from http import HTTPStatus
from typing import Final

from aiohttp import hdrs, web

from pulp_contentroutes.serving.http.headers import NO_STORE
from pulp_contentroutes.serving.http.responder import not_found
from pulp_contentroutes.serving.http.responses import RenderedResponse, text_response
from pulp_contentroutes.serving.model import Fields

#: For clients that send a password, or nothing, although only tokens are accepted.
TOKEN_NEEDED: Final = "Send a valid API token of Pulp: passwords are not accepted here."


def _challenge(realm: str) -> Fields:
    # Two fields: many clients read only the first challenge of a list (RFC 9110 §11.6.1).
    return (
        ("WWW-Authenticate", f'Basic realm="{realm}", charset="UTF-8"'),
        ("WWW-Authenticate", f'Bearer realm="{realm}"'),
    )


_CHALLENGE: Final = _challenge("Pulp")
# Another realm (RFC 9110 §11.5): a password is of no use here. Browsers show it to their users.
_TOKEN_CHALLENGE: Final = _challenge("Pulp API token")


def refusal(
    status: HTTPStatus, request: web.BaseRequest, *, is_hidden: bool, needs_token: bool = False
) -> RenderedResponse:
    """Return the refusal or, if refusals are hidden, the 404 of a path that does not exist.

    `needs_token`: a token would be accepted, but not a password.
    """
    if is_hidden:
        return not_found(request)
    text = f"{status.value}: {status.phrase}"
    if needs_token:
        text = f"{text}. {TOKEN_NEEDED}"
    # No Retry-After with a 429: pip would wait for it in silence, once for each package.
    fields: Fields = (NO_STORE,)
    if status is HTTPStatus.UNAUTHORIZED:
        fields = (*(_TOKEN_CHALLENGE if needs_token else _CHALLENGE), *fields)
    has_body = request.method != hdrs.METH_HEAD
    return text_response(status, text, fields, has_body=has_body)
