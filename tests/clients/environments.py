"""Every supported release of `ansible-galaxy`, each in a virtual environment of its own.

They are made when they are needed, from PyPI, and kept for the next run in `.cache/clients` or in
the folder that the environment variable CLIENTS_CACHE names.
"""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

_CACHE = Path(__file__).parents[2] / ".cache/clients"
_SECONDS = 240

#: Release of ansible-core → the oldest and the newest Python 3 that it is made for.
_PYTHONS = {
    "2.14": (9, 11),
    "2.16": (10, 12),
    "2.18": (11, 13),
    "2.19": (11, 13),
    "2.20": (12, 14),
    "2.21": (12, 14),
}
#: Those that run on this Python, the oldest first.
RELEASES = [
    release
    for release, (oldest, newest) in _PYTHONS.items()
    if oldest <= sys.version_info.minor <= newest
]


def program(release: str) -> Path:
    """Return the path of `ansible-galaxy`, of the newest patch of a release when it was made."""
    folder = _cache() / f"ansible-core-{release}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _complete(folder, f"ansible-core~={release}.0")
    return folder / "bin/ansible-galaxy"


def _cache() -> Path:
    return Path(os.environ.get("CLIENTS_CACHE") or _CACHE).resolve()


def _complete(folder: Path, requirement: str) -> None:
    """Make what is missing; one that was left half-made has no stamp, and is made anew."""
    stamp, wanted = folder / ".installed", f"{requirement} on Python {sys.version}"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    stamp.unlink(missing_ok=True)
    _run(sys.executable, "-m", "venv", "--clear", str(folder))
    python = str(folder / "bin/python")
    _run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", requirement)
    stamp.write_text(wanted)


def _run(*command: str) -> None:
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SECONDS)
    assert ended.returncode == 0, ended.stdout + ended.stderr
