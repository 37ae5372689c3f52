"""Options with secrets, kept out of the process list, which every user of the machine can read.

The environment of a process, in contrast, can be read by its own user only.
"""

import os
import sys
from collections.abc import Sequence
from typing import Final

#: Options of `serve`, and the environment variables with the same meaning.
VARIABLES: Final = {
    "--admin-password": "CONTENTROUTES_ADMIN_PASSWORD",
    "--database-url": "CONTENTROUTES_DATABASE_URL",
    "--redis-url": "CONTENTROUTES_REDIS_URL",
}


def move_to_environment() -> None:
    """Restart this program with its secrets in the environment, if any is an argument."""
    arguments = sys.argv[1:]
    kept, secrets = split(arguments)
    if secrets:
        program = sys.orig_argv[: len(sys.orig_argv) - len(arguments)]
        os.execve(sys.executable, [*program, *kept], {**os.environ, **secrets})


def split(arguments: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Return the arguments that others may see, and the secrets as environment variables.

    An empty value stays an argument: it unsets a remembered value, an empty variable does not.
    """
    if list(arguments[:1]) != ["serve"]:
        return list(arguments), {}
    kept: list[str] = []
    secrets: dict[str, str] = {}
    rest = iter(arguments)
    for argument in rest:
        name, equals, text = argument.partition("=")
        value: str | None = text
        if name in VARIABLES and not equals:
            value = next(rest, None)
        if name in VARIABLES and value:
            secrets[VARIABLES[name]] = value
        elif name in VARIABLES and value is not None:
            kept.append(f"{name}=")
        else:
            kept.append(argument)
    return kept, secrets
