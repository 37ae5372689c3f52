"""A PostgreSQL of our own: on a unix socket only, owned by one account, under our supervision."""

import hashlib
import os
import secrets
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Final

from pulp_contentroutes.standalone import database, environment, programs
from pulp_contentroutes.standalone.data_dir import (
    DATABASE_FOLDER,
    OWNER_FILE,
    Identity,
    read_identity,
)
from pulp_contentroutes.standalone.environment import SYSTEM_FOLDER, command_line
from pulp_contentroutes.standalone.errors import NoPostgreSQL, StepFailed, hold_back_interrupts
from pulp_contentroutes.standalone.programs import Account

_NAME: Final = "pulp"
# sun_path has 108 bytes (unix(7)); the last is NUL, and PostgreSQL appends the name of the socket.
PORT: Final = "5432"
_MAX_SOCKET_FOLDER: Final = 107 - len(f"/.s.PGSQL.{PORT}")
_START_SECONDS: Final = 60


class Cluster:
    """The PostgreSQL of the data folder `folder`; made on disk by `initialise`."""

    def __init__(self, folder: Path) -> None:
        self._link = folder / DATABASE_FOLDER

    # Looked up when they are needed: only `serve` and `manage` start a server.
    @cached_property
    def account(self) -> Account | None:
        return Account.for_postgresql()

    @cached_property
    def programs(self) -> Path:
        return programs.find_postgresql(self.account)

    @property
    def home(self) -> Path:
        """Return the folder of data and sockets: in the data folder, or the target of its link."""
        return self._link.resolve()

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def sockets(self) -> Path:
        sockets = self.home / "socket"
        if len(os.fsencode(sockets)) <= _MAX_SOCKET_FOLDER:
            return sockets
        digest = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"pulp_contentroutes-{digest}"

    @property
    def database(self) -> dict[str, str]:
        """Return the keyword arguments of a libpq connection."""
        # The port is given because libpq would otherwise take it from PGPORT.
        return {"host": str(self.sockets), "port": PORT, "user": _NAME, "dbname": _NAME}

    @property
    def command(self) -> tuple[str, ...]:
        """Return the command line that runs the server in the foreground."""
        return (str(self.programs / "postgres"), "-D", str(self.data), *self._server_options())

    def _server_options(self) -> tuple[str, ...]:
        return (
            *("-c", "listen_addresses=", "-c", "log_checkpoints=off"),
            *("-c", f"unix_socket_directories={self.sockets}"),
        )

    def initialise(self) -> None:
        """Make the cluster if there is none yet."""
        self.place()
        for path in (self.home, self.sockets):
            self._make(path)
        if self.data.exists():
            made_by = int((self.data / "PG_VERSION").read_text(encoding="ascii"))
            found = programs.version_of(self.programs)
            if made_by != found:
                raise NoPostgreSQL(
                    f"The database in {self.data} was made by PostgreSQL {made_by}, and "
                    f"{self.programs} has version {found}: install version {made_by}, or move the "
                    "data with pg_dump."
                )
            return
        # An initdb that was interrupted leaves a draft, never half a cluster.
        draft = self.home / "draft"
        shutil.rmtree(draft, ignore_errors=True)
        self._initdb(draft)
        draft.rename(self.data)

    def place(self) -> None:
        """Place the database in SYSTEM_FOLDER if its account cannot enter the data folder."""
        folder = self._link.parent
        if self.is_linked and not self._link.exists():
            raise NoPostgreSQL(
                f"The database of {folder} was in {self.home}, which is gone: put it back, or "
                f"begin anew after '{command_line(folder, 'reset')}'."
            )
        if self.account and not self._link.exists() and not self.account.can_use(folder):
            home = self.make_home()
            read_identity(folder).write(home / OWNER_FILE)
            self.move_to(home)

    @property
    def is_linked(self) -> bool:
        """Tell whether the data folder has only a link to the database."""
        return self._link.is_symlink()

    def make_home(self) -> Path:
        """Make an empty folder with a new name in SYSTEM_FOLDER, and return it."""
        programs.make_system_folder()
        # A data folder that is made again must not find the data of its predecessor.
        home = SYSTEM_FOLDER / f"cluster-{secrets.token_hex(8)}"
        self._make(home)
        return home

    def move_to(self, home: Path) -> None:
        """Link the data folder to the database in `home`."""
        draft = self._link.with_name(f".{DATABASE_FOLDER}.{os.getpid()}")
        draft.symlink_to(home)
        draft.replace(self._link)

    def write_owner(self, owner: Identity) -> None:
        """Record the `owner` of a linked database beside it."""
        if self.is_linked and self.home.is_dir():
            owner.write(self.home / OWNER_FILE)

    def copy_to(self, home: Path) -> None:
        """Copy PostgreSQL's files, which no server may use, to `home`, owned by its account."""
        draft = home / "draft"
        shutil.copytree(
            self.data, draft, symlinks=True, ignore=shutil.ignore_patterns(database.POSTMASTER_FILE)
        )
        if self.account:
            for path in (draft, *draft.rglob("*")):
                os.chown(path, self.account.uid, self.account.gid, follow_symlinks=False)
        draft.rename(home / "data")

    def _initdb(self, data: Path) -> None:
        arguments = (
            # Without a locale, PostgreSQL sorts by bytes and can use its indexes for path prefixes.
            *("-D", str(data), "--username", _NAME, "--encoding", "UTF8", "--no-locale"),
            *("--auth-local", "trust", "--auth-host", "reject"),
        )
        if not programs.is_user_without_name():
            self._run("initdb", *arguments)
            return
        with programs.variables_with_name(_NAME) as variables:
            ended = self._run_program("initdb", *arguments, variables=variables)
        if programs.NO_NAME in ended.stdout:
            raise NoPostgreSQL(
                f"The user id {os.geteuid()} has no entry in /etc/passwd, and PostgreSQL's initdb "
                "needs one: install nss_wrapper (Debian package libnss-wrapper), add a line to "
                "/etc/passwd before this command, run it as a user that has one, or give "
                "--database-url."
            )
        self._check("initdb", ended)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run the server for the block, for work outside the supervisor."""
        if database.forget_other_server(self.data):
            self.remove_sockets()
        # This folder is removed at every stop, with the sockets in it.
        self._make(self.sockets)
        # A server may be left from a start that was killed before its supervisor ran; the folder is
        # ours alone.
        self._stop()
        try:
            self._run(*self._control, "-o", shlex.join(self._server_options()), "start")
            arguments = {**self.database, "dbname": "postgres"}
            with database.connect(arguments, _START_SECONDS, autocommit=True) as server:
                known = server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [_NAME])
                if known.fetchone() is None:
                    server.execute(f"CREATE DATABASE {_NAME}")
            yield
        finally:
            with hold_back_interrupts():
                self._stop()

    def is_in_use(self) -> bool:
        """Tell whether a server runs on these very files."""
        return database.is_in_use(self.data)

    @property
    def _control(self) -> tuple[str, ...]:
        return ("pg_ctl", "-D", str(self.data), "-w", "-t", str(_START_SECONDS))

    def _stop(self) -> None:
        if self._run_program(*self._control, "status").returncode == 0:
            self._run(*self._control, "-m", "fast", "stop")

    def remove_sockets(self) -> None:
        shutil.rmtree(self.sockets, ignore_errors=True)

    def _make(self, path: Path) -> None:
        # Mode 0700 keeps other users out: inside, PostgreSQL trusts every client that connects.
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = self.account.uid if self.account else os.geteuid()
        if self.account and path.lstat().st_uid == 0 and not path.is_symlink():
            os.chown(path, self.account.uid, self.account.gid)
        if path.is_symlink() or path.lstat().st_uid != owner:
            raise NoPostgreSQL(
                f"{path} belongs to another user: remove it, or choose another --data."
            )

    def _run(self, name: str, *arguments: str) -> None:
        self._check(name, self._run_program(name, *arguments))

    @staticmethod
    def _check(name: str, ended: subprocess.CompletedProcess[str]) -> None:
        if ended.returncode:
            said = " ".join(ended.stdout.split()[-60:])
            raise StepFailed(f"PostgreSQL's {name} failed (exit code {ended.returncode}): {said}")

    def _run_program(
        self, name: str, *arguments: str, variables: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        command = [str(self.programs / name), *arguments]
        # A file, not a pipe: the server that pg_ctl starts would keep its end of a pipe open.
        with tempfile.TemporaryFile("w+") as output:
            ended = subprocess.run(
                command,
                cwd="/",
                env=environment.for_system_programs() if variables is None else variables,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
                **(self.account.popen_options if self.account else {}),
            )
            output.seek(0)
            return subprocess.CompletedProcess(command, ended.returncode, output.read())
