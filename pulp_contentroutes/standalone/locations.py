"""Default locations, and the command lines that reach an instance from another terminal."""

import os
import shlex
import shutil
import sys
import sysconfig
from pathlib import Path
from typing import Final

import platformdirs

from pulp_contentroutes.standalone.errors import UnusableFolder

#: The folder for root's files: any account can reach it, and PostgreSQL refuses to run as root.
SYSTEM_FOLDER: Final = Path("/var/lib/pulp_contentroutes")
_NAME: Final = "pulp-contentroutes"


def default_folder() -> Path:
    """Return the data folder if the user names none; raise UnusableFolder without a home folder."""
    if os.geteuid() == 0:
        return SYSTEM_FOLDER / "pulp"
    if not os.path.isabs(os.path.expanduser("~")):
        raise UnusableFolder("This user has no home folder: say where with --data DIR.")
    return Path(platformdirs.user_data_dir("pulp_contentroutes"))


def program(name: str) -> str:
    """Return the path of a console script installed beside this interpreter."""
    return str(Path(sysconfig.get_path("scripts")) / name)


def command_line(data: Path, *words: str) -> str:
    """Return the line that runs `pulp-contentroutes <words>` on `data` in any terminal.

    It has the path of the program and --data only if they are needed, and is quoted for a shell.
    """
    where = [] if _is_default(data) else ["--data", str(data)]
    return shlex.join([_own_program(), *words, *where])


def _is_default(data: Path) -> bool:
    try:
        return data == default_folder()
    except UnusableFolder:
        return False


def _own_program() -> str:
    """Return the program's name if every terminal of this user finds it, else its path."""
    started = Path(os.path.abspath(sys.argv[0]))
    is_ours = started.name == _NAME and started.exists()
    own = started if is_ours else Path(program(_NAME))
    folders = os.environ.get("PATH", "").split(os.pathsep)
    if sys.prefix != sys.base_prefix:
        # The virtual environment is not activated in another terminal.
        own_folder = os.path.realpath(sysconfig.get_path("scripts"))
        folders = [each for each in folders if os.path.realpath(each) != own_folder]
    found = shutil.which(_NAME, path=os.pathsep.join(folders))
    if found and own.exists() and os.path.samefile(found, own):
        return _NAME
    return str(own)
