"""The identity of a data folder: it tells a copy from the original, and from a moved folder.

A copy has the id of its original. Only the original has the recorded place on the disk, which
the kernel keeps when a folder is renamed.
"""

import ast
import contextlib
import dataclasses
import hashlib
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from pulp_contentroutes.standalone.files import write_private

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
        return other if read(other).id == self.id else None


def read(folder: Path) -> Identity:
    """Return the identity recorded in the data folder `folder`; a copy has that of its original."""
    found = Identity.read(folder / MARKER)
    return found or _read_earlier(folder)


def _read_earlier(folder: Path) -> Identity:
    """Return the identity of a folder of an earlier version, from its key and its settings."""
    identifier, path = None, None
    with contextlib.suppress(OSError):
        identifier = hashlib.sha256((folder / _KEY).read_bytes()).hexdigest()[:32]
    with contextlib.suppress(OSError, ValueError, SyntaxError):
        path = _read_setting((folder / _SETTINGS).read_text(encoding="utf-8"), _PATH_SETTING)
    here = Identity.of(folder, identifier)
    if path is None or os.path.realpath(path) == here.path:
        return here
    return dataclasses.replace(here, path=os.path.realpath(path), device=0, inode=0)


def _read_setting(code: str, name: str) -> str | None:
    for line in code.splitlines():
        left, equals, right = line.partition(" = ")
        if equals and left == name:
            return str(ast.literal_eval(right))
    return None
