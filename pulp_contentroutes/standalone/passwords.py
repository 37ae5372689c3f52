"""The password of `admin`: its bounds, and the prompt that does not show it."""

import sys
import unicodedata
from typing import Final

import click

from pulp_contentroutes.standalone.errors import BadPassword

#: Longest password, in characters; encoded in Base64, it must fit into a header.
MOST_CHARACTERS: Final = 256


def check(password: str) -> str:
    """Return the password; raise BadPassword if a client could not send it."""
    if not password:
        raise BadPassword("The password is empty: give one of at least one character.")
    if len(password) > MOST_CHARACTERS:
        raise BadPassword(
            f"The password has {len(password)} characters: give one of at most {MOST_CHARACTERS}."
        )
    # RFC 7617 §2: no control characters. Surrogates are bytes that are not UTF-8.
    if any(unicodedata.category(each) in ("Cc", "Cs") for each in password):
        raise BadPassword(
            "The password has a control character in it, or is not UTF-8: no client can send it."
        )
    return password


def ask() -> str:
    """Ask twice on a terminal; without one, read one line from standard input."""
    if sys.stdin.isatty():
        answer: str = click.prompt(
            "New password of 'admin'", hide_input=True, confirmation_prompt="Once more"
        )
        return check(answer)
    # Four bytes per character, the end of the line, and one byte to detect that there is more.
    line = sys.stdin.buffer.readline(4 * MOST_CHARACTERS + 3)
    return check(line.decode(errors="surrogateescape").removesuffix("\n").removesuffix("\r"))
