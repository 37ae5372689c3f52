"""The harm of an operator and an unlucky day to a Pulp, in threads of the main process."""

import itertools
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psycopg

from tests.benchmarks.soak.samples import Period
from tests.benchmarks.soak.site import WAYS
from tests.benchmarks.soak.workers import Workers, pid_of
from tests.harness.standalone import Standalone
from tests.harness.waiting import wait_until

#: Ways of `WAYS` in which a reader may meet a part of the file.
DAMAGING: Final = ("copy", "truncate")
_HALF_SECONDS: Final = 0.3
_DATABASE_SECONDS: Final = 60


@dataclass
class History:
    """The faults, and their times."""

    #: From the end of PostgreSQL until every worker listens again.
    outages: list[Period] = field(default_factory=list)
    #: From the end of the listening connections until every worker listens again.
    cuts: list[Period] = field(default_factory=list)
    #: `text` is the way of the replacement.
    replacements: list[Period] = field(default_factory=list)
    #: The time when the publisher knew that a publication was committed, by its number.
    commits: dict[int, float] = field(default_factory=dict)
    #: Actions that were to be done and could not be done.
    failures: list[Period] = field(default_factory=list)


class Database:
    """The PostgreSQL of an instance, which is asked without Pulp."""

    def __init__(self, instance: Standalone) -> None:
        self._instance = instance
        self._socket = Path(instance.status()[1]["postgresql"]["address"])

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(host=str(self._socket.parent), user="pulp", dbname="pulp") as opened:
            cursor = opened.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def keep_commits(self) -> None:
        """Let no crash undo a commit, in sessions that begin from now on.

        The template commits asynchronously: a publication from the moment before a crash would be
        lost, and the older one would be the right answer.
        """
        self.sql("ALTER DATABASE pulp SET synchronous_commit = on")

    def answers(self) -> bool:
        try:
            return bool(self.sql("SELECT 1"))
        except psycopg.OperationalError:
            return False

    def connections(self) -> dict[str, int]:
        """Return the number of clients by the name that they give themselves, without our own."""
        rows = self.sql(
            "SELECT application_name, count(*) FROM pg_stat_activity WHERE backend_type ="
            " 'client backend' AND pid <> pg_backend_pid() GROUP BY application_name"
        )
        return {name or "(no name)": count for name, count in rows}

    def kill(self) -> None:
        """End PostgreSQL as a crash would; the instance starts it again."""
        os.kill(pid_of(self._instance, "postgresql"), signal.SIGKILL)


class Faults:
    """Everything that is done to the instance; `history` is the record of it."""

    def __init__(
        self,
        instance: Standalone,
        workers: Workers,
        artifacts: Mapping[str, tuple[Path, ...]],
        folder: Path,
    ) -> None:
        self.history = History(commits={0: time.monotonic()})
        self.database = Database(instance)
        self._console = instance.console
        self._workers = workers
        self._numbers = itertools.count(1)
        self._copies = {
            file: Path(shutil.copy2(file, folder / f"{way}-{number}"))
            for way, files in artifacts.items()
            for number, file in enumerate(files)
        }
        self._turns = itertools.cycle((way, file) for way in WAYS for file in artifacts[way])

    def publish(self) -> None:
        """Publish once more; after a failure the number is not used again."""
        number = next(self._numbers)
        self._console.run(f"publisher.publish({number})")
        self.history.commits[number] = time.monotonic()

    def replace(self) -> None:
        """Replace one file by the same bytes, each time in another way."""
        way, file = next(self._turns)
        begun = time.monotonic()
        _REPLACE[way](self._copies[file], file)
        self.history.replacements.append(Period(begun, time.monotonic(), way))

    def cut_listeners(self) -> None:
        """End the connection of PostgreSQL that each worker listens to, and no other one."""
        before = [pid for pids in self._workers.listening().values() for pid in pids]
        begun = time.monotonic()
        for pid in before:
            self.database.sql("SELECT pg_terminate_backend(%s)", pid)
        self._wait_for_listeners(before)
        self.history.cuts.append(Period(begun, time.monotonic()))

    def restart_database(self) -> None:
        """Kill PostgreSQL, and return when everything is as before."""
        before = [pid for pids in self._workers.listening().values() for pid in pids]
        begun = time.monotonic()
        try:
            self.database.kill()
            wait_until(self.database.answers, _DATABASE_SECONDS, "PostgreSQL answers again")
            self._wait_for_listeners(before)
        finally:
            self.history.outages.append(Period(begun, time.monotonic()))

    def _wait_for_listeners(self, before: list[int]) -> None:
        def listen() -> bool:
            return all(set(pids) - set(before) for pids in self._workers.listening().values())

        wait_until(listen, _DATABASE_SECONDS, "every worker listens again")


class Routine(threading.Thread):
    """Calls `act` every `seconds` until `ended`, for the first time after half of them."""

    def __init__(
        self, name: str, act: Callable[[], None], seconds: float, ended: threading.Event
    ) -> None:
        super().__init__(name=name)
        self._act = act
        self._seconds = seconds
        self._ended = ended
        self.failures: list[Period] = []
        self.count = 0

    def run(self) -> None:
        due = time.monotonic() + self._seconds / 2
        while not self._ended.wait(max(0.0, due - time.monotonic())):
            begun = time.monotonic()
            try:
                self._act()
                self.count += 1
            except Exception as error:  # noqa: BLE001  the rules judge it
                text = f"{self.name}: {_summarize(error)}"
                self.failures.append(Period(begun, time.monotonic(), text))
            due = max(due + self._seconds, time.monotonic())


def _summarize(error: Exception) -> str:
    """Return the line that names the error: the console raises whole tracebacks."""
    lines = [line for line in str(error).splitlines() if "Error: " in line]
    return lines[-1].strip() if lines else f"{type(error).__name__}: {error}"


def _copy(source: Path, file: Path) -> None:
    # As cp: the same inode, empty for a moment.
    shutil.copyfile(source, file)


def _rename(source: Path, file: Path) -> None:
    beside = file.with_name(f"{file.name}.new")
    shutil.copy2(source, beside)
    beside.replace(file)


def _truncate(source: Path, file: Path) -> None:
    data = source.read_bytes()
    os.truncate(file, len(data) // 2)
    # Long enough that every reader meets the half file.
    time.sleep(_HALF_SECONDS)
    with file.open("r+b") as opened:
        opened.seek(len(data) // 2)
        opened.write(data[len(data) // 2 :])


_REPLACE: Final = {"copy": _copy, "rename": _rename, "truncate": _truncate}
