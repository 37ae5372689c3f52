"""Options of the command line: each refusal is one sentence with the value and with advice."""

import ipaddress
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from pulp_contentroutes.standalone import passwords
from pulp_contentroutes.standalone.errors import BadPassword, BadSetting
from pulp_contentroutes.standalone.locations import default_folder
from pulp_contentroutes.standalone.options import parse_setting, quote


class Number(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4
    """A whole number from `lowest` to `highest`; errors call it `what`, and end with `advice`."""

    name = "integer"

    def __init__(self, what: str, lowest: int, highest: int, advice: str = "") -> None:
        self._what = what
        self._lowest, self._highest = lowest, highest
        self._advice = advice

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> int:
        text = str(value)
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
LINES: Final = Number("a number of lines", 0, 10_000_000)


def data_option(command: Callable[..., Any], text: str = "Data folder of the Pulp.") -> Any:
    return click.option(
        "--data",
        metavar="DIR",
        default=lambda: str(default_folder()),
        envvar="CONTENTROUTES_DATA",
        callback=_folder,
        help=f"{text} Without this option: CONTENTROUTES_DATA, or a folder of your own (for root: "
        "/var/lib/pulp_contentroutes/pulp).",
    )(command)


def new_data_option(command: Callable[..., Any]) -> Any:
    return data_option(command, "Data folder; made when it does not exist.")


def _folder(context: click.Context, parameter: click.Parameter, value: str) -> Path:
    return Path(os.path.abspath(value))


def make_absolute(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> str | None:
    return os.path.abspath(value) if value else value


def parse_address(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> str | None:
    if value is None or value == "localhost":
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


def check_password(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> str | None:
    try:
        return passwords.check(value) if value else None
    except BadPassword as error:
        raise click.BadParameter(error.message) from error
