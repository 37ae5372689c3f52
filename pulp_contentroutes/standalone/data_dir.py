"""The data folder: its layout, its owner and identity, and the lock of the instance that holds it.

The identity tells a copy from the original, and from a moved folder: a copy has the id of its
original, but only the original has the recorded place on the disk, which the kernel keeps when a
folder is renamed.
"""

import ast
import contextlib
import dataclasses
import errno
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Self

from pulp_contentroutes.standalone.environment import SYSTEM_FOLDER, command_line
from pulp_contentroutes.standalone.errors import AlreadyRunning, NoDiskSpace, UnusableFolder


def write_private(path: Path, text: str) -> None:
    """Replace `path` in one step by a file that only its owner can read."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        # The draft of a process that crashed, or a link that another account has put into a folder
        # of its own for root to follow.
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


#: The file that tells a data folder from any other folder. Earlier versions left it empty.
MARKER: Final = ".pulp_contentroutes"
_MOST_BYTES: Final = 16 * 1024
# Written by earlier versions: a key of each data folder, and the setting with its path.
_KEY: Final = "secret.key"
_SETTINGS: Final = "settings.py"
_PATH_SETTING: Final = "DEPLOY_ROOT"


@dataclass(frozen=True, slots=True)
class Identity:
    """A data folder as it was when it was last used; `path` has no symbolic link in it."""

    id: str
    path: str
    device: int
    inode: int

    @classmethod
    def of(cls, folder: Path, identifier: str | None = None) -> Self:
        """Return the identity of `folder` as it is now, with a new id if `identifier` is None."""
        found = folder.stat()
        path = os.path.realpath(folder)
        return cls(identifier or secrets.token_hex(16), path, found.st_dev, found.st_ino)

    @classmethod
    def read(cls, file: Path) -> Self | None:
        """Return the identity in `file`, None if there is none."""
        try:
            with file.open("rb") as opened:
                found = cls(**json.loads(opened.read(_MOST_BYTES)))
        except (OSError, ValueError, TypeError):
            return None
        is_sound = isinstance(found.id, str) and isinstance(found.path, str)
        return found if is_sound and found.id else None

    def write(self, file: Path) -> None:
        write_private(file, json.dumps(dataclasses.asdict(self), indent=2) + "\n")

    def is_of(self, folder: Path) -> bool:
        """Tell whether `folder` is the very folder described here, under its path or renamed."""
        here = self.of(folder, self.id)
        # Device numbers may change when the machine starts.
        is_near = here.path == self.path or here.device == self.device
        return here.inode == self.inode and is_near

    def original_of(self, folder: Path) -> Path | None:
        """Return the folder described here if it is not `folder`, and still exists.

        Return None also if `folder` was moved to another disk, or restored from a backup.
        """
        other = Path(self.path)
        if self.is_of(folder) or self.path == os.path.realpath(folder) or not other.is_dir():
            return None
        return other if read_identity(other).id == self.id else None


def read_identity(folder: Path) -> Identity:
    """Return the identity recorded in the data folder `folder`; a copy has that of its original.

    That of a folder of an earlier version follows from its key and its settings.
    """
    found = Identity.read(folder / MARKER)
    if found:
        return found
    identifier, path = None, None
    with contextlib.suppress(OSError):
        identifier = hashlib.sha256((folder / _KEY).read_bytes()).hexdigest()[:32]
    with contextlib.suppress(OSError, ValueError, SyntaxError):
        for line in (folder / _SETTINGS).read_text(encoding="utf-8").splitlines():
            name, equals, value = line.partition(" = ")
            if equals and name == _PATH_SETTING:
                path = str(ast.literal_eval(value))
                break
    here = Identity.of(folder, identifier)
    if path is None or os.path.realpath(path) == here.path:
        return here
    return dataclasses.replace(here, path=os.path.realpath(path), device=0, inode=0)


#: PostgreSQL's files, or a link to them in SYSTEM_FOLDER.
DATABASE_FOLDER: Final = "postgresql"
#: Beside PostgreSQL's files: the identity of the data folder that they belong to.
OWNER_FILE: Final = "owner.json"
OPTIONS_FILE: Final = "instance.json"
#: The token of the demo's Galaxy server.
DEMO_FILE: Final = "demo.json"
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
    DEMO_FILE,
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
    """Raise NoDiskSpace if too little is free, or OSError if nothing can be written."""
    is_new = not (folder / DATABASE_FOLDER).exists()
    needed = _NEEDED_FOR_A_NEW_ONE if is_new else _NEEDED_FOR_A_START
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise NoDiskSpace(
            f"{folder} has {free // 1_000_000} MB free, and a Pulp needs {needed // 1_000_000} MB "
            "to start: free some, or choose another folder with --data DIR."
        )
    # On a full disk, this is the first write that fails, not one in the middle of a database.
    probe = folder / _RUN_FOLDER / ".probe"
    probe.write_bytes(b"\0" * 65536)
    probe.unlink()


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
    return found or read_identity(folder)


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
