"""PostgreSQL's postmaster.pid, and whether the process that it names serves these very files.

In a copy of a data folder it names the server of the original, and after a crash any other process
may have been given its process id.
"""

import os
from pathlib import Path
from typing import Final

import psutil

FILE_NAME: Final = "postmaster.pid"
# Greater than any process id of the kernel, and not greater than PostgreSQL can read.
_NO_PID: Final = 2**31 - 1


def is_in_use(data: Path) -> bool:
    """Tell whether a server runs on the files in `data`."""
    pid = _running_pid(data)
    return pid is not None and _serves(pid, data)


def forget_other(data: Path) -> bool:
    """Remove from `data` the id of a process that is not its server; tell whether there was one.

    pg_ctl would stop that process, and PostgreSQL would not start because of it.
    """
    pid = _running_pid(data)
    if pid is None or _serves(pid, data):
        return False
    file = data / FILE_NAME
    # The other lines are for PostgreSQL's own checks, such as for backends that outlived a server.
    lines = file.read_bytes().split(b"\n")
    with file.open("r+b") as opened:
        opened.write(b"\n".join([b"%d" % _NO_PID, *lines[1:]]))
        opened.truncate()
    return True


def _running_pid(data: Path) -> int | None:
    try:
        # The process id of a server without clients is negative.
        pid = abs(int((data / FILE_NAME).read_bytes().split(b"\n")[0]))
    except (FileNotFoundError, ValueError):
        return None
    return pid if psutil.pid_exists(pid) else None


def _serves(pid: int, data: Path) -> bool:
    try:
        # A server's working directory is its data folder; the kernel follows it when it is
        # renamed.
        return os.path.samefile(psutil.Process(pid).cwd(), data)
    except psutil.Error:
        # In a container, root may not be allowed to look; rely on the path that the server wrote.
        lines = (data / FILE_NAME).read_bytes().split(b"\n")
        return len(lines) > 1 and os.fsdecode(lines[1]) == os.path.realpath(data)
    except OSError:
        return False
