"""pgbouncer in front of the PostgreSQL of a test, as operators run it."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pulp_contentroutes.standalone.programs import Account
from tests.harness.waiting import wait_until

#: Debian installs it in a folder that only root has in PATH.
PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
requires_pgbouncer = pytest.mark.skipif(
    PROGRAM is None, reason="pgbouncer is not installed (Debian package pgbouncer)"
)
_SOCKET = ".s.PGSQL.5432"


@contextlib.contextmanager
def run_pgbouncer(server: str, pool_mode: str, **settings: str) -> Iterator[Path]:
    """Run a pgbouncer in front of the PostgreSQL whose socket is in the folder `server`.

    Yield the folder of its own socket. `settings` are added to its section `[pgbouncer]`.
    """
    values = {
        "pool_mode": pool_mode,
        "listen_addr": "",
        "auth_type": "any",
        "unix_socket_mode": "0777",
        "ignore_startup_parameters": "extra_float_digits",
        **settings,
    }
    # The path of a socket has at most 107 bytes.
    with tempfile.TemporaryDirectory(prefix="pgbouncer-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        configuration = folder / "pgbouncer.ini"
        lines = [f"{key} = {value}" for key, value in values.items()]
        configuration.write_text(
            f"[databases]\n* = host={server} user=pulp\n[pgbouncer]\nlisten_port = 5432\n"
            f"unix_socket_dir = {folder}\n" + "\n".join(lines) + "\n"
        )
        # Like PostgreSQL, it refuses to run as root; PostgreSQL's account can reach the socket.
        account = Account.for_postgresql()
        if account:
            for path in (folder, configuration):
                os.chown(path, account.uid, account.gid)
        log = stack.enter_context((folder / "log").open("w"))
        process = subprocess.Popen(
            [str(PROGRAM), "-q", str(configuration)],
            stdout=log,
            stderr=subprocess.STDOUT,
            **(account.popen_options if account else {}),
        )
        try:
            wait_until(lambda: (folder / _SOCKET).exists(), 20, "pgbouncer's socket")
            yield folder
        finally:
            process.terminate()
            process.wait(20)
