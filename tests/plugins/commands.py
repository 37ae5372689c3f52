"""Programs of other projects, run to their end in a home of their own."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

_SECONDS = 120
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"


def find_program(name: str, package: str) -> str:
    """Return the path of a program; fail if it is not installed."""
    found = shutil.which(name, path=_PATH)
    assert found, f"'{name}' is not installed: install the Debian package {package}."
    return found


def run(
    *command: str, home: Path, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command in the folder `home`, with no configuration of this machine's user."""
    return subprocess.run(
        command,
        cwd=home,
        env={"PATH": _PATH, "HOME": str(home), "LC_ALL": "C.UTF-8", **(variables or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_SECONDS,
        check=False,
    )


def expect_success(*command: str, home: Path, variables: Mapping[str, str] | None = None) -> str:
    """Return the output of a command, which must succeed."""
    ended = run(*command, home=home, variables=variables)
    assert ended.returncode == 0, f"exit code {ended.returncode} of {command}:\n{ended.stdout}"
    return ended.stdout
