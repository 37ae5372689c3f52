"""The options of `serve`: how each is read from the command line, and remembered.

Each refusal is one sentence with the value and with advice.
"""

import dataclasses
import ipaddress
import json
import os
import re
import sys
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

import click

from pulp_contentroutes.standalone.environment import default_folder
from pulp_contentroutes.standalone.errors import (
    BadPassword,
    BadSetting,
    StandaloneError,
    UnusableFolder,
)

# How many characters of a bad value a message quotes.
_QUOTED = 40
# Dynaconf reads nested values with two underscores: DATABASES__default__CONN_MAX_AGE.
_SETTING_NAME = re.compile(r"[A-Z][A-Z0-9_]*?(__[A-Za-z0-9_]+)*")


@dataclass(frozen=True, slots=True)
class Options:
    """Everything that defines this instance; each field is an option of `serve`."""

    port: int = 8080
    bind: str = "127.0.0.1"
    content_workers: int = 2
    api_workers: int = 1
    task_workers: int = 1
    database_url: str | None = None
    media_root: str | None = None
    redis_url: str | None = None
    nginx: bool = True
    settings: dict[str, str] = field(default_factory=dict)

    def with_changes(self, given: dict[str, Any]) -> Self:
        """Return these options with the `given` values, except for those that are None.

        Settings are merged; an empty string unsets an option or a setting.
        """
        unset = dataclasses.asdict(type(self)())
        changes: dict[str, Any] = {
            name: unset[name] if value == "" else value
            for name, value in given.items()
            if value is not None
        }
        merged = {**self.settings, **(given.get("settings") or {})}
        changes["settings"] = {name: value for name, value in merged.items() if value != ""}
        return dataclasses.replace(self, **changes)

    @classmethod
    def load(cls, file: Path) -> Self:
        """Return the options of an earlier start, the defaults if there was none."""
        try:
            return cls(**json.loads(file.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return cls()
        except (ValueError, TypeError) as error:
            raise UnusableFolder(
                f"{file} cannot be understood ({error}): mend it, or delete it and give the "
                "options again."
            ) from error

    def dump(self) -> str:
        return json.dumps(dataclasses.asdict(self), indent=2) + "\n"


def quote(value: str) -> str:
    """Return a user's value quoted for a message, cut to a bound and without control characters."""
    return repr(value if len(value) <= _QUOTED else f"{value[:_QUOTED]}…")


def parse_setting(text: str) -> tuple[str, str]:
    """Split `NAME=VALUE`; Pulp reads the value as TOML (`true`, `5`, `["a"]`) or text."""
    name, equals, value = text.partition("=")
    name = name.removeprefix("PULP_")
    if not equals or not _SETTING_NAME.fullmatch(name):
        raise BadSetting(
            f"--set {quote(text)}: write NAME=VALUE with the name of a Pulp setting in "
            "capitals, for instance --set DOMAIN_ENABLED=true."
        )
    return name, value


#: Longest password, in characters; encoded in Base64, it must fit into a header.
MOST_PASSWORD_CHARACTERS: Final = 256


def check_password(password: str) -> str:
    """Return the password; raise BadPassword if a client could not send it."""
    if not password:
        raise BadPassword("The password is empty: give one of at least one character.")
    if len(password) > MOST_PASSWORD_CHARACTERS:
        raise BadPassword(
            f"The password has {len(password)} characters: give one of at most "
            f"{MOST_PASSWORD_CHARACTERS}."
        )
    # RFC 7617 §2: no control characters. Surrogates are bytes that are not UTF-8.
    if any(unicodedata.category(each) in ("Cc", "Cs") for each in password):
        raise BadPassword(
            "The password has a control character in it, or is not UTF-8: no client can send it."
        )
    return password


def ask_password() -> str:
    """Ask twice on a terminal; without one, read one line from standard input."""
    if sys.stdin.isatty():
        answer: str = click.prompt(
            "New password of 'admin'", hide_input=True, confirmation_prompt="Once more"
        )
        return check_password(answer)
    # Four bytes per character, the end of the line, and one byte to detect that there is more.
    line = sys.stdin.buffer.readline(4 * MOST_PASSWORD_CHARACTERS + 3)
    return check_password(
        line.decode(errors="surrogateescape").removesuffix("\n").removesuffix("\r")
    )


def confirm(question: str) -> bool:
    """Ask on a terminal; raise StandaloneError without one."""
    try:
        return click.confirm(question)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        raise StandaloneError("Nothing was deleted: without a terminal, give --yes.") from None


class Number(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4
    """A whole number from `lowest` to `highest`; errors call it `what`, and end with `advice`.

    If it `is_remembered`, an empty value is passed on, too: `Options.with_changes` unsets it.
    """

    name = "integer"

    def __init__(
        self, what: str, lowest: int, highest: int, advice: str = "", *, is_remembered: bool = True
    ) -> None:
        self._is_remembered = is_remembered
        self._what = what
        self._lowest, self._highest = lowest, highest
        self._advice = advice

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> int | str:
        text = str(value)
        if self._is_remembered and not text:
            return text
        # No number in range has more digits.
        is_number = text.isascii() and text.isdigit() and len(text) <= len(str(self._highest))
        if not is_number or not self._lowest <= int(text) <= self._highest:
            self.fail(
                f"{quote(text)} is not {self._what}: give a whole number from {self._lowest} to "
                f"{self._highest}{self._advice}."
            )
        return int(text)


PORT: Final = Number("a port", 1, 65533, ", for instance 8080; Pulp takes the next ports, too")
PROCESSES: Final = Number("a number of processes", 1, 64)
LINES: Final = Number("a number of lines", 0, 10_000_000, is_remembered=False)


def data_option(command: Callable[..., Any], text: str = "Data folder of the Pulp.") -> Any:
    return click.option(
        "--data",
        metavar="DIR",
        default=lambda: str(default_folder()),
        envvar="CONTENTROUTES_DATA",
        callback=lambda context, parameter, value: Path(os.path.abspath(value)),
        help=f"{text} Without this option: CONTENTROUTES_DATA, or a folder of your own (for root: "
        "/var/lib/pulp_contentroutes/pulp).",
    )(command)


def new_data_option(command: Callable[..., Any]) -> Any:
    return data_option(command, "Data folder; made when it does not exist.")


def make_absolute(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> str | None:
    return os.path.abspath(value) if value else value


def parse_address(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> str | None:
    if not value or value == "localhost":
        return value and "127.0.0.1"
    try:
        return str(ipaddress.ip_address(value))
    except ValueError as error:
        raise click.BadParameter(
            f"{quote(value)} is not an IP address: give one of this machine, such as 127.0.0.1, or "
            "for all of them 0.0.0.0 or ::. The name that clients use goes into --set "
            "CONTENT_ORIGIN=http://NAME:PORT."
        ) from error


def parse_settings(
    context: click.Context, parameter: click.Parameter, values: Any
) -> dict[str, str]:
    try:
        return dict(parse_setting(value) for value in values)
    except BadSetting as error:
        raise click.BadParameter(error.message) from error


def take_password(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> str | None:
    try:
        return check_password(value) if value else None
    except BadPassword as error:
        raise click.BadParameter(error.message) from error
