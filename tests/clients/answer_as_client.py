"""Program for the Python of an ansible-core release: runs `ansible-galaxy` often, imports it once.

Each line of standard input is a JSON list of arguments, each line of output a list of the command's
exit code and output. Each command runs in a fork, so that nothing is left of it.
"""

import json
import os
import sys
import traceback
from typing import NoReturn

from ansible.cli.galaxy import GalaxyCLI  # type: ignore[import-untyped,unused-ignore]
from ansible.galaxy.dependency_resolution.versioning import (  # type: ignore[import-untyped,unused-ignore]
    meets_requirements,
)


def run_in_fork(arguments: list[str], output: str) -> int:
    child = os.fork()
    if not child:
        run(arguments, output)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def run(arguments: list[str], output: str) -> NoReturn:
    code = 250
    try:
        file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, 1)
        os.dup2(file, 2)
        if arguments[0] == "meets_requirements":
            meets_requirements(*arguments[1:])
            code = 0
        else:
            code = GalaxyCLI(["ansible-galaxy", *arguments]).run() or 0
    except BaseException as error:  # noqa: BLE001  any exception is the answer
        traceback.print_exception(error)
        code = 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def main() -> None:
    output = os.path.join(os.environ["HOME"], "output")
    for line in sys.stdin:
        code = run_in_fork(json.loads(line), output)
        with open(output, errors="replace") as file:
            sys.stdout.write(json.dumps([code, file.read()]) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
