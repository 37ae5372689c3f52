"""The data folder: what stands where in it, whose it is, and who holds it."""

import errno
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from pulp_contentroutes.standalone.errors import AlreadyRunning, NoDiskSpace, UnusableFolder

OPTIONS_FILE: Final = "instance.json"
_SUBFOLDERS: Final = ("media", "run", "static", "tmp")
#: All that `serve` makes in a data folder, and so all that `reset` removes.
CONTENTS: Final = (
    *_SUBFOLDERS,
    "postgresql",
    OPTIONS_FILE,
    "database_fields.key",
    "demo.json",
    "prepared.json",
    "secret.key",
    "settings.py",
)
# An empty PostgreSQL with Pulp's tables takes 110 MB, and the write-ahead log grows beside it.
_NEEDED_BYTES: Final = 300 * 1000 * 1000


def create(folder: Path) -> None:
    """Make `folder` a data folder, or check that it is one.

    Raises UnusableFolder or NoDiskSpace. Nothing is written into a folder that holds other things.
    """
    try:
        folder.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        strangers = {path.name for path in folder.iterdir()} - set(CONTENTS)
        if strangers and not (folder / OPTIONS_FILE).exists():
            raise UnusableFolder(
                f"{folder} is not empty and holds no Pulp (found: {sorted(strangers)[0]}): give "
                "--data a new folder."
            )
        for name in _SUBFOLDERS:
            (folder / name).mkdir(mode=0o700, exist_ok=True)
        _check_space(folder)
        # The first byte that a full disk refuses is this one, not one in the middle of a database.
        probe = folder / "run" / ".probe"
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


def _check_space(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < _NEEDED_BYTES:
        raise NoDiskSpace(
            f"{folder} has {free // 1_000_000} MB free, and a Pulp needs "
            f"{_NEEDED_BYTES // 1_000_000} MB to start: free some, or choose "
            "another folder with --data DIR."
        )


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the data folder against a second instance; raise AlreadyRunning if one holds it."""
    with _lock_file(folder) as lock:
        # `is_held` of another command holds it for a moment, too.
        deadline = time.monotonic() + 1
        while not _locked(lock, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise AlreadyRunning(
                    f"A Pulp is already running in {folder}: see 'pulp-contentroutes status --data "
                    f"{folder}', or end it with 'pulp-contentroutes stop --data {folder}'."
                )
            time.sleep(0.05)
        yield


def is_held(folder: Path) -> bool:
    """Tell whether an instance holds the folder; the kernel lets go when its processes are gone."""
    try:
        with _lock_file(folder) as lock:
            return not _locked(lock, fcntl.LOCK_SH)
    except FileNotFoundError:
        return False


def _lock_file(folder: Path) -> IO[str]:
    return open(folder / "run" / "lock", "a", encoding="utf-8")


def _locked(file: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def remove_contents(folder: Path) -> None:
    """Remove what `serve` made in `folder`, and `folder` itself if nothing else is in it."""
    for name in CONTENTS:
        path = folder / name
        if path.is_symlink():
            # PostgreSQL's files stand elsewhere where its account cannot reach this folder.
            shutil.rmtree(path.resolve(), ignore_errors=True)
            path.unlink()
        elif path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()
