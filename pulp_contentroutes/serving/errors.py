"""Every refusal that is decided before Pulp is asked, with its HTTP status (RFC 9110 §15.5).

RequestRefused
├── MalformedPath   400  the bytes of the path are no text: nothing can have this name
├── UnservablePath  404  a well-formed path that no content can have
└── PathTooLong     414  longer than CONTENTROUTES_MAX_PATH_BYTES
"""

from typing import ClassVar


class RequestRefused(Exception):
    """The request is refused; `str(error)` is a sentence for the client.

    The sentence names the rule, never the request's own bytes: what a client sends is not echoed.
    """

    status: ClassVar[int]


class MalformedPath(RequestRefused):
    status = 400


class UnservablePath(RequestRefused):
    status = 404


class PathTooLong(RequestRefused):
    status = 414
