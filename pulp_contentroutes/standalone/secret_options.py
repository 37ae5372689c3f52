"""Keep secrets out of the list of processes, which every user of the machine can read.

The environment of a process, in contrast, can be read by its own user only.
"""

import os
import sys
from collections.abc import Sequence
from typing import Final

#: Options of `serve`, and the variables that mean the same.
VARIABLES: Final = {
    "--admin-password": "CONTENTROUTES_ADMIN_PASSWORD",
    "--database-url": "CONTENTROUTES_DATABASE_URL",
    "--redis-url": "CONTENTROUTES_REDIS_URL",
}


def move_to_environment() -> None:
    """Start this program anew with its secrets in the environment, if any is an argument."""
    arguments = sys.argv[1:]
    kept, secrets = split(arguments)
    if secrets:
        program = sys.orig_argv[: len(sys.orig_argv) - len(arguments)]
        os.execve(sys.executable, [*program, *kept], {**os.environ, **secrets})


def split(arguments: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Return the arguments that may be seen, and the secrets as variables.

    An empty value stays an argument: it takes a remembered one back, an empty variable does not.
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
