"""The data folder: its layout, its owner, and the lock of the instance that holds it."""

import errno
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from pulp_contentroutes.standalone import identity
from pulp_contentroutes.standalone.errors import AlreadyRunning, NoDiskSpace, UnusableFolder
from pulp_contentroutes.standalone.identity import MARKER, Identity
from pulp_contentroutes.standalone.locations import SYSTEM_FOLDER, command_line

#: PostgreSQL's files, or a link to them in SYSTEM_FOLDER.
DATABASE_FOLDER: Final = "postgresql"
#: Beside PostgreSQL's files: the identity of the data folder that they belong to.
OWNER_FILE: Final = "owner.json"
OPTIONS_FILE: Final = "instance.json"
#: The name of the lock in _RUN_FOLDER; the file is never replaced.
LOCK_FILE: Final = "lock"
#: The folder with the lock.
_RUN_FOLDER: Final = "run"
_SUBFOLDERS: Final = ("logs", "media", _RUN_FOLDER, "static", "tmp")
#: Everything that `serve` makes in a data folder, and therefore everything that `reset` removes, in
#: this order: the lock and the marker go last, so that the folder is held until then, and a later
#: `reset` can remove the rest.
CONTENTS: Final = (
    *(name for name in _SUBFOLDERS if name != _RUN_FOLDER),
    DATABASE_FOLDER,
    OPTIONS_FILE,
    "database_fields.key",
    "demo.json",
    "secret.key",
    "settings.py",
    _RUN_FOLDER,
    # The other names could be those of a Django project.
    MARKER,
)
# An empty PostgreSQL with Pulp's tables takes 110 MB, and the write-ahead log grows beside it.
_NEEDED_FOR_A_NEW_ONE: Final = 300 * 1000 * 1000
_NEEDED_FOR_A_START: Final = 50 * 1000 * 1000
_LOCK_SECONDS: Final = 1


def is_ours(folder: Path) -> bool:
    """Tell whether `serve` has made this folder."""
    return (folder / MARKER).exists()


def create(folder: Path) -> None:
    """Make `folder` a data folder, or check that it is one.

    Raises UnusableFolder or NoDiskSpace. Nothing is written into a folder that holds other things.
    """
    try:
        check_owner(folder)
        if not folder.exists():
            folder.mkdir(parents=True)
            # Root's PostgreSQL runs under another account, which must be able to pass through.
            folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
        strangers = sorted(path.name for path in folder.iterdir())
        if strangers and not is_ours(folder):
            raise UnusableFolder(
                f"{folder} is not empty and holds no Pulp (found: {strangers[0]}): give --data a "
                "new folder."
            )
        if not is_ours(folder):
            Identity.of(folder).write(folder / MARKER)
        for name in _SUBFOLDERS:
            (folder / name).mkdir(mode=0o700, exist_ok=True)
        _check_space(folder)
        # On a full disk, this is the first write that fails, not one in the middle of a database.
        probe = folder / _RUN_FOLDER / ".probe"
        probe.write_bytes(b"\0" * 65536)
        probe.unlink()
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoDiskSpace(
                f"The disk with {folder} is full: free some space, or choose another folder with "
                "--data DIR."
            ) from error
        raise UnusableFolder(
            f"The data folder {folder} cannot be used: {error.strerror}. Choose another with "
            "--data DIR."
        ) from error


def check_owner(folder: Path) -> None:
    """Refuse another user's folder: its owner could not read the files that root writes into it."""
    if is_ours(folder) and (folder / MARKER).stat().st_uid != os.geteuid():
        raise UnusableFolder(
            f"The Pulp in {folder} belongs to another user: run this as that user, or choose "
            "another folder with --data DIR."
        )


def _check_space(folder: Path) -> None:
    is_new = not (folder / DATABASE_FOLDER).exists()
    needed = _NEEDED_FOR_A_NEW_ONE if is_new else _NEEDED_FOR_A_START
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise NoDiskSpace(
            f"{folder} has {free // 1_000_000} MB free, and a Pulp needs {needed // 1_000_000} MB "
            "to start: free some, or choose another folder with --data DIR."
        )


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Hold the data folder against a second instance; raise AlreadyRunning if one holds it."""
    # The folder is missing if a `reset` was interrupted near its end.
    (folder / _RUN_FOLDER).mkdir(mode=0o700, exist_ok=True)
    with _lock_file(folder) as lock:
        # `is_held` in another command takes the lock for a moment, too.
        deadline = time.monotonic() + _LOCK_SECONDS
        while not _try_lock(lock, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise AlreadyRunning(
                    f"A Pulp is already running in {folder}: see '{command_line(folder, 'status')}'"
                    f", or end it with '{command_line(folder, 'stop')}'."
                )
            time.sleep(0.05)
        yield


def is_held(folder: Path) -> bool:
    """Tell whether an instance holds the folder; the kernel unlocks it when its processes end."""
    try:
        with _lock_file(folder) as lock:
            return not _try_lock(lock, fcntl.LOCK_SH)
    except FileNotFoundError:
        return False


def _lock_file(folder: Path) -> IO[str]:
    return open(folder / _RUN_FOLDER / LOCK_FILE, "a", encoding="utf-8")


def _try_lock(file: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def database_owner(folder: Path) -> Identity:
    """Return the owner of the database of `folder`: a copied link leads to the original's."""
    database = folder / DATABASE_FOLDER
    found = Identity.read(database.resolve() / OWNER_FILE) if database.is_symlink() else None
    return found or identity.read(folder)


def remove_contents(folder: Path) -> Path | None:
    """Remove what `serve` made in `folder`, and `folder` itself if nothing else is in it.

    Also remove a database in SYSTEM_FOLDER if it is proven to be that of `folder`; if it is not,
    return its path.
    """
    left = None
    for name in CONTENTS:
        path = folder / name
        if path.is_symlink():
            # A folder that the user has moved elsewhere stays; PostgreSQL's, which we moved, goes.
            if name == DATABASE_FOLDER and path.resolve().parent == SYSTEM_FOLDER:
                if database_owner(folder).is_of(folder):
                    shutil.rmtree(path.resolve(), ignore_errors=True)
                elif path.exists():
                    left = path.resolve()
            path.unlink()
        elif path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()
    return left
