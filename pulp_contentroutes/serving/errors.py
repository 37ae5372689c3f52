"""Every error of the fast path, and the HTTP status of those that are for clients (RFC 9110 §15.5).

RequestRefused: decided before Pulp is asked
├── MalformedPath   400  the bytes of the path are not text: no content can have this name
│   └── NulInPath        PostgreSQL cannot store such text: Pulp's handler would answer 500
├── UnservablePath  404  a well-formed path that no content can have
└── PathTooLong     414  longer than CONTENTROUTES_MAX_PATH_BYTES

FastPathError: internal, never shown to clients
├── DatabaseUnavailable  the database did not answer in time, or not at all
├── SchemaMismatch       pulpcore's tables, or our triggers, are not as the SQL expects
├── NotHeard             notifications do not reach the connection that listens
├── UnsupportedSetting   a setting of Pulp's database that asyncpg cannot obey
├── GuardGone            a content guard was deleted meanwhile
└── FileFault            an artifact's file cannot be sent
    ├── FileGone         it does not exist (any more)
    ├── FileDamaged      it is shorter or longer than the artifact: answered 500, never sent
    └── FileUnreadable   the operating system does not let us open or read it: answered 500
"""

from typing import ClassVar


class RequestRefused(Exception):
    """The request is refused; `str(error)` is a sentence for the client.

    The sentence names the rule, never the request's own bytes: a client's input is not echoed.
    """

    status: ClassVar[int]


class MalformedPath(RequestRefused):
    status = 400


class NulInPath(MalformedPath):
    pass


class UnservablePath(RequestRefused):
    status = 404


class PathTooLong(RequestRefused):
    status = 414


class FastPathError(Exception):
    """`str(error)` is a sentence for the log."""


class DatabaseUnavailable(FastPathError):
    pass


class SchemaMismatch(FastPathError):
    pass


class NotHeard(FastPathError):
    pass


class UnsupportedSetting(FastPathError):
    pass


class GuardGone(FastPathError):
    pass


class FileFault(FastPathError):
    pass


class FileGone(FileFault):
    pass


class FileDamaged(FileFault):
    pass


class FileUnreadable(FileFault):
    pass
