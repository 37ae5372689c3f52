"""The machine of the measurements: an absolute number means nothing without it."""

import os
import platform
import re
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import psutil

from pulp_contentroutes.standalone import configuration, programs
from pulp_contentroutes.standalone.programs import Account

_ROOT: Final = Path(__file__).parents[2]
_PACKAGES: Final = (
    *("pulp-contentroutes", "pulpcore", "aiohttp", "asyncpg", "yarl", "uvloop", "gunicorn"),
    *("Django", "psycopg", "redis"),
)


def busy_percent() -> float:
    """Return the percentage of all cores that others use, before anything of ours runs."""
    return psutil.cpu_percent(interval=2)


def described() -> dict[str, Any]:
    return {
        **hardware(),
        "packages": {name: metadata.version(name) for name in _PACKAGES},
        "programs": {
            "nginx": nginx_version(),
            "postgresql": str(
                programs.version_of(programs.find_postgresql(Account.for_postgresql()))
            ),
            "redis": _version("redis-server", "--version"),
            "wrk": _version("wrk", "-v"),
        },
        "commit": commit(),
    }


def hardware() -> dict[str, Any]:
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "kernel": platform.release(),
        "python": platform.python_version(),
    }


def nginx_version() -> str:
    return _version(configuration.find_nginx() or "nginx", "-v")


def _cpu() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        text = ""
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.M)
    return found.group(1) if found else platform.processor()


def _version(program: str, option: str) -> str:
    """Return the version in a program's output; some programs print it as an error."""
    ended = subprocess.run([program, option], capture_output=True, text=True, check=False)
    found = re.search(r"\d+(\.\d+)+", ended.stdout + ended.stderr)
    return found.group() if found else "unknown"


def commit() -> str:
    """Return the commit of the plugin, with a plus when files differ from it."""
    command = ["git", "-C", str(_ROOT), "describe", "--always", "--dirty=+"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    return ended.stdout.strip() or "unknown"
