"""Where things are on this machine, and the environment of each kind of child process.

The environment of `serve` may hold a password (CONTENTROUTES_ADMIN_PASSWORD), database URLs with
passwords in them, and the user's secrets for other programs: each child gets what it needs.
"""

import os
import shlex
import shutil
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import platformdirs

from pulp_contentroutes.standalone.errors import UnusableFolder

#: Options of our own commands.
_OPTIONS: Final = "CONTENTROUTES_"
#: Another Pulp's settings.
_PULP: Final = ("PULP_", "DJANGO_SETTINGS_MODULE")
# The locations of programs, libraries, messages and temporary files. PGPORT and the like, which are
# for clients, would move our server to another port.
_SYSTEM: Final = ("PATH", "LANG", "LANGUAGE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "LD_PRELOAD")
_SYSTEM_PREFIXES: Final = ("LC_", "DYLD_", "NSS_WRAPPER_")


def for_system_programs() -> dict[str, str]:
    """Return the environment of PostgreSQL, nginx and other programs that know nothing of Pulp."""
    return {
        name: value
        for name, value in os.environ.items()
        if name in _SYSTEM or name.startswith(_SYSTEM_PREFIXES)
    }


def for_pulp(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of Pulp's processes: `variables`, and the user's own.

    Storages, HTTP clients and telemetry are set up by variables that only the user knows.
    """
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith((_OPTIONS, *_PULP))
    }
    return {**inherited, **variables, "PYTHONUNBUFFERED": "1"}


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
    try:
        is_default = data == default_folder()
    except UnusableFolder:
        is_default = False
    where = [] if is_default else ["--data", str(data)]
    # The name alone will do if every terminal of this user finds this very program under it.
    started = Path(os.path.abspath(sys.argv[0]))
    is_ours = started.name == _NAME and started.exists()
    own = started if is_ours else Path(program(_NAME))
    folders = os.environ.get("PATH", "").split(os.pathsep)
    if sys.prefix != sys.base_prefix:
        # The virtual environment is not activated in another terminal.
        own_folder = os.path.realpath(sysconfig.get_path("scripts"))
        folders = [each for each in folders if os.path.realpath(each) != own_folder]
    found = shutil.which(_NAME, path=os.pathsep.join(folders))
    is_found = found and own.exists() and os.path.samefile(found, own)
    return shlex.join([_NAME if is_found else str(own), *words, *where])
