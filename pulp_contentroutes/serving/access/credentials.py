"""The Authorization header → credentials: RFC 9110 §11.6.2, RFC 7617 (Basic), RFC 6750 (Bearer)."""

import base64
import binascii
import enum
import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import Final

#: The prefix by which people, and scanners for leaked secrets, recognise one of our tokens.
TOKEN_PREFIX: Final = "pcr_"
_TOKEN: Final = re.compile(rf"{TOKEN_PREFIX}[A-Za-z0-9_-]{{43}}")
_SECRET_BYTES: Final = 32
#: Longest value that is looked at, in characters: RFC 7617 has no limit, and tickets are long.
MAX_LENGTH: Final = 4096


@dataclass(frozen=True, slots=True)
class Token:
    """An API token, as the digest that is stored of it; the token itself is not passed on."""

    #: SHA-256, in hexadecimal.
    digest: str


@dataclass(frozen=True, slots=True)
class Password:
    """A user's name and password, which only Pulp can check."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """Credentials with an invalid syntax, which cannot be right for any user."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """Credentials of a kind that is not ours to judge."""


Credentials = Token | Password | Malformed | Foreign


class Accepted(enum.Enum):
    """The credentials that can satisfy a content guard."""

    #: It asks for certificates, headers or signed URLs.
    NONE = enum.auto()
    TOKENS = enum.auto()
    PASSWORDS_AND_TOKENS = enum.auto()


_PASSWORD: Final = Password()
_MALFORMED: Final = Malformed()
_FOREIGN: Final = Foreign()


def new_token() -> str:
    """Return a new token: 256 random bits."""
    return TOKEN_PREFIX + secrets.token_urlsafe(_SECRET_BYTES)


def digest_of(token: str) -> str:
    """Return the digest that is stored of a token. Its 256 bits need no salt and no slow hash."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def credentials_of(authorization: str | None) -> Credentials | None:
    """Return the credentials of the header's value, None if there are none."""
    if not authorization or authorization.isspace():
        return None
    # Any white space separates them, as in Django REST framework.
    scheme, *parts = authorization.split(None, 1)
    rest = parts[0].rstrip() if parts else ""
    match scheme.lower():
        case "bearer" | "token":
            return _of_token(rest)
        case "basic":
            return _of_basic(rest)
    return _FOREIGN


def _of_token(text: str) -> Credentials:
    if _TOKEN.fullmatch(text):
        return Token(digest_of(text))
    # With our prefix it is a truncated token of ours; without, another plugin may know it.
    return _MALFORMED if not text or text.startswith(TOKEN_PREFIX) else _FOREIGN


def _of_basic(text: str) -> Credentials:
    # As lenient as Django REST framework, which reads the password after us.
    try:
        data = base64.b64decode(text)
    except (binascii.Error, ValueError):
        return _MALFORMED
    try:
        decoded = data.decode()
    except UnicodeDecodeError:
        decoded = data.decode("latin-1")
    _, colon, password = decoded.partition(":")
    if not colon:
        return _MALFORMED
    if password.startswith(TOKEN_PREFIX):
        # The user's name does not matter: clients that must send one may send any.
        return _of_token(password)
    return _PASSWORD
