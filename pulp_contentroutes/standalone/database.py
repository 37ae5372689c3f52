"""The instance's database, our own or one given with --database-url: connections, and its server.

The server's postmaster.pid may name another process: in a copy of a data folder it names the server
of the original, and after a crash any process may have been given its process id.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import psutil
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pulp_contentroutes.standalone.errors import DatabaseUnreachable


def arguments_of(url: str) -> dict[str, str]:
    """Return the libpq keyword arguments of `--database-url`; raise DatabaseUnreachable if bad."""
    try:
        return {name: str(value) for name, value in conninfo_to_dict(url).items()}
    except psycopg.ProgrammingError:
        # libpq's message may quote the URL, and so the password.
        raise DatabaseUnreachable(
            "--database-url cannot be understood: write "
            "postgresql://USER:PASSWORD@HOST:PORT/DATABASE."
        ) from None


def connect(
    arguments: Mapping[str, str], seconds: int, autocommit: bool = False
) -> psycopg.Connection[Any]:
    """Return a connection, or raise psycopg.Error after `seconds` (libpq takes at least 2)."""
    return psycopg.connect(
        make_conninfo(**arguments), connect_timeout=seconds, autocommit=autocommit
    )


def problem(arguments: Mapping[str, str], seconds: int) -> str | None:
    """Return why the database does not answer, None if it does."""
    try:
        with connect(arguments, seconds) as connection:
            connection.execute("SELECT 1")
    except psycopg.Error as error:
        return " ".join(str(error).split())
    return None


POSTMASTER_FILE: Final = "postmaster.pid"
# Greater than any process id of the kernel, and not greater than PostgreSQL can read.
_NO_PID: Final = 2**31 - 1


def is_in_use(data: Path) -> bool:
    """Tell whether a server runs on the files in `data`."""
    pid = _running_pid(data)
    return pid is not None and _serves(pid, data)


def forget_other_server(data: Path) -> bool:
    """Remove from `data` the id of a process that is not its server; tell whether there was one.

    pg_ctl would stop that process, and PostgreSQL would not start because of it.
    """
    pid = _running_pid(data)
    if pid is None or _serves(pid, data):
        return False
    file = data / POSTMASTER_FILE
    # The other lines are for PostgreSQL's own checks, such as for backends that outlived a server.
    lines = file.read_bytes().split(b"\n")
    with file.open("r+b") as opened:
        opened.write(b"\n".join([b"%d" % _NO_PID, *lines[1:]]))
        opened.truncate()
    return True


def _running_pid(data: Path) -> int | None:
    try:
        # The process id of a server without clients is negative.
        pid = abs(int((data / POSTMASTER_FILE).read_bytes().split(b"\n")[0]))
    except (FileNotFoundError, ValueError):
        return None
    return pid if psutil.pid_exists(pid) else None


def _serves(pid: int, data: Path) -> bool:
    try:
        # A server's working directory is its data folder; the kernel follows it when it is
        # renamed.
        return os.path.samefile(psutil.Process(pid).cwd(), data)
    except psutil.Error:
        pass
    except OSError:
        return False
    # In a container, root may not be allowed to look; rely on the path that the server wrote.
    try:
        lines = (data / POSTMASTER_FILE).read_bytes().split(b"\n")
    except FileNotFoundError:
        return False
    return len(lines) > 1 and os.fsdecode(lines[1]) == os.path.realpath(data)
