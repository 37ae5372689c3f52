"""The environment of each kind of child process, without the secrets that it does not need.

The environment of `serve` may hold a password (CONTENTROUTES_ADMIN_PASSWORD), database URLs with
passwords in them, and the user's secrets for other programs.
"""

import os
from collections.abc import Mapping
from typing import Final

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
