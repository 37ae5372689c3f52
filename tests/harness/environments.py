"""Virtual environments with third-party programs from PyPI, made when they are needed.

They are kept for the next run in `.cache/clients`, or in the folder that the environment variable
CLIENTS_CACHE names.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_CACHE = Path(__file__).parents[2] / ".cache/clients"
_SECONDS = 600


def make_environment(name: str, *requirements: str, made_of: Sequence[Path] = ()) -> Path:
    """Return the folder of an environment with the requirements, made if there is none.

    It is made again after a change in one of the files `made_of`, as the metadata of a checkout.
    """
    folder = Path(os.environ.get("CLIENTS_CACHE") or _CACHE).resolve() / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _complete(folder, requirements, made_of)
    return folder


def _complete(folder: Path, requirements: Sequence[str], made_of: Sequence[Path]) -> None:
    """Make the environment if it has no valid stamp, as after an interruption."""
    digests = [hashlib.sha256(file.read_bytes()).hexdigest() for file in made_of]
    stamp, wanted = (
        folder / ".installed",
        f"{' '.join([*requirements, *digests])} on Python {sys.version}",
    )
    if stamp.exists() and stamp.read_text() == wanted:
        return
    stamp.unlink(missing_ok=True)
    _run(sys.executable, "-m", "venv", "--clear", str(folder))
    python = str(folder / "bin/python")
    _run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements)
    stamp.write_text(wanted)


def _run(*command: str) -> None:
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SECONDS)
    assert ended.returncode == 0, ended.stdout + ended.stderr
