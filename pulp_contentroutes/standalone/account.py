"""The system account for PostgreSQL, which refuses to run as root."""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from pulp_contentroutes.standalone import environment
from pulp_contentroutes.standalone.errors import NoPostgreSQL

_NAME: Final = "pulp_contentroutes"


@dataclass(frozen=True, slots=True)
class Account:
    """A separate account, so that the files of no other server are within reach."""

    uid: int
    gid: int

    @classmethod
    def for_postgresql(cls) -> Self | None:
        """Return the account to switch to (created if missing), None if this user will do."""
        if os.geteuid() != 0:
            return None
        try:
            entry = pwd.getpwnam(_NAME)
        except KeyError:
            _create()
            entry = pwd.getpwnam(_NAME)
        return cls(entry.pw_uid, entry.pw_gid)

    @property
    def popen_options(self) -> dict[str, Any]:
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can_use(self, path: Path) -> bool:
        """Tell whether the account can enter the folder, or run the program, at `path`."""
        # Ask the kernel, which also takes access lists and capabilities into account.
        command = [shutil.which("test") or "/usr/bin/test", "-x", str(path)]
        ended = subprocess.run(
            command,
            cwd="/",
            env=environment.for_system_programs(),
            check=False,
            **self.popen_options,
        )
        return ended.returncode == 0


def _create() -> None:
    command = [
        *("useradd", "--system", "--no-create-home", "--user-group"),
        *("--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", _NAME),
    ]
    try:
        subprocess.run(
            command,
            env=environment.for_system_programs(),
            check=True,
            capture_output=True,
            text=True,
        )
    except (OSError, subprocess.CalledProcessError) as error:
        detail = getattr(error, "stderr", None) or error
        raise NoPostgreSQL(
            f"PostgreSQL refuses to run as root, and the account '{_NAME}' could not be made for "
            f"it ({str(detail).strip()}): run as an ordinary user, or give --database-url."
        ) from error
