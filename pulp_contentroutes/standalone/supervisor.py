"""The supervisor: starts services in order, restarts them, stops all in order and in time.

honcho's Manager provides the processes and the printer. Its loop ends everything at the first exit,
and kills a database in the same way as a worker, so the loop is our own.
"""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final

import click
from honcho.manager import Manager

from pulp_contentroutes.standalone import log_files
from pulp_contentroutes.standalone.beside import Nursery
from pulp_contentroutes.standalone.log_files import LogFile
from pulp_contentroutes.standalone.services import DATABASE, Service
from pulp_contentroutes.standalone.stopping import Stopping
from pulp_contentroutes.standalone.watched import (
    STOP_SIGNALS,
    Child,
    WatchedProcess,
    signal_group,
)

#: A service that ends more often than this within the period is broken: everything is stopped.
MAX_RESTARTS: Final = 6
RESTART_PERIOD: Final = 60.0
_STDIN: Final = 0
_TICK: Final = 0.1
_FIRST_DELAY: Final = 0.2
_PROBE_INTERVAL: Final = 0.25
_LONGEST_DELAY: Final = 5.0
#: The number of lines shown of the log of a service that ended.
_LAST_LINES: Final = 10


class Supervisor(Manager):  # type: ignore[misc]  # honcho has no types
    """The manager of `services`.

    `is_database_ready` holds back all services but the database, and `on_change` gets every change.
    The services' logs are files in the folder `logs`; with `is_verbose` they are printed, too.
    """

    def __init__(
        self,
        services: Sequence[Service],
        is_database_ready: Callable[[], bool],
        on_change: Callable[[list[Child]], None],
        logs: Path,
        is_verbose: bool = False,
        printer: Any = None,
    ) -> None:
        super().__init__(printer)
        self.children = {service.name: Child(service) for service in services}
        self._printer.width = max(len(name) for name in (*self.children, "system"))
        self._probe_database = is_database_ready
        self._next_probe = 0.0
        self._on_change = on_change
        self._logs = logs
        self._is_verbose = is_verbose
        self._nursery = Nursery()
        self._sources: dict[Connection, Child | None] = {}
        self._waiting: list[Callable[[], tuple[BaseProcess, Connection]]] = []
        self._helpers: list[BaseProcess] = []
        self._has_terminal = False
        self._stop_signals = 0
        self._stopping: Stopping | None = None

    def run_beside(self, target: Callable[..., None], *arguments: Any) -> None:
        """Run `target(channel, *arguments)` in a process of its own once everything runs."""
        self._waiting.append(partial(self._nursery.start, target, *arguments, name="helper"))

    def loop(self) -> int:
        """Run until everything has stopped; return the exit code (0 if a signal asked for it)."""
        for number in STOP_SIGNALS:
            # A signal that is ignored stays ignored, such as SIGHUP under nohup.
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._on_signal)
        self.returncode = 0
        self._has_terminal = os.isatty(_STDIN)
        try:
            while self._stopping is None or any(
                child.is_running for child in self._list_children()
            ):
                self._advance()
        finally:
            self._end_what_is_left()
        return self.returncode

    def _advance(self) -> None:
        self._receive()
        if self._stopping is None and self._stop_signals:
            self._begin_stopping("stopping: a signal asked for it")
        elif self._stopping is None and self._is_terminal_gone():
            self._begin_stopping("stopping: the terminal is gone")
        if self._stopping is None:
            self._start_due()
        else:
            self._stopping.advance(self._stop_signals > 1)

    def _is_terminal_gone(self) -> bool:
        # The SIGHUP of a closed terminal goes to the leader of the session, and `make` does not
        # pass it on.
        return self._has_terminal and not os.isatty(_STDIN)

    def _end_what_is_left(self) -> None:
        """End the helpers and, after a failure of our own, the services, through their watchers."""
        for helper in self._helpers:
            helper.kill()
        self._nursery.leave()
        for child in self._list_children():
            if child.process is not None:
                child.process.join()

    def _on_signal(self, number: int, frame: object) -> None:
        self._stop_signals += 1

    def _list_children(self) -> list[Child]:
        return list(self.children.values())

    def _receive(self) -> None:
        for connection in wait(list(self._sources), timeout=_TICK):
            assert isinstance(connection, Connection)
            child = self._sources[connection]
            try:
                message = connection.recv()
            except (EOFError, OSError):
                connection.close()
                del self._sources[connection]
                if child is not None:
                    self._record_end(child)
            else:
                self._take(message, child)

    def _take(self, message: Any, child: Child | None) -> None:
        if message.type in ("line", "text"):
            self._print(message)
        elif message.type == "give up":
            self._fail(message.data)
        elif child is not None and message.type == "start":
            child.pid, child.started = message.data["pid"], time.monotonic()
            self._report()
        elif child is not None and message.type == "stop":
            child.returncode = message.data["returncode"]

    def _record_end(self, child: Child) -> None:
        """Record the end of `child`, whose watcher has ended.

        The watcher reports the end of its child in its last message, unless it was killed.
        """
        assert child.process
        child.process.join()
        if child.returncode is None and child.pid is not None:
            signal_group(child.pid, signal.SIGKILL)
        returncode = child.process.exitcode if child.returncode is None else child.returncode
        child.process = child.pid = child.returncode = None
        now = time.monotonic()
        child.ends = [end for end in child.ends if now - end < RESTART_PERIOD] + [now]
        if self._stopping is None:
            self._plan_restart(child, returncode, now)
        self._report()

    def _plan_restart(self, child: Child, returncode: int | None, now: float) -> None:
        if len(child.ends) > MAX_RESTARTS:
            self._fail(
                f"{child.service.name} ended {len(child.ends)} times within "
                f"{RESTART_PERIOD:.0f} s (last exit code {returncode}): stopping everything"
            )
            self._say_last_lines(child)
            return
        delay = min(_FIRST_DELAY * 2 ** (len(child.ends) - 1), _LONGEST_DELAY)
        child.due = now + delay
        child.restarts += 1
        self._say(
            f"{child.service.name} ended (exit code {returncode}); "
            f"starting it again in {delay:.1f} s"
        )
        self._say_last_lines(child)

    def _say_last_lines(self, child: Child) -> None:
        log = log_files.path_of(self._logs, child.service.name)
        lines = [] if self._is_verbose else log_files.tail(log, _LAST_LINES)
        self._say("\n".join([f"its log is {log}", *(f"    {line}" for line in lines)]))

    def _fail(self, reason: str) -> None:
        self.returncode = 1
        if self._stopping is None:
            self._begin_stopping(reason)

    def _begin_stopping(self, reason: str) -> None:
        self._say(reason)
        database = self.children.get(DATABASE)
        clients = [child for child in self._list_children() if child is not database]
        self._stopping = Stopping(clients, [database] if database else [])

    def _start_due(self) -> None:
        now = time.monotonic()
        due = [
            child for child in self._list_children() if child.due is not None and child.due <= now
        ]
        clients = [child for child in due if child.service.name != DATABASE]
        for child in due:
            if child not in clients:
                self._start_child(child)
        if clients and self._is_database_ready(now):
            for child in clients:
                self._start_child(child)
        while self._waiting and all(child.is_running for child in self._list_children()):
            helper, connection = self._waiting.pop()()
            self._helpers.append(helper)
            self._sources[connection] = None

    def _is_database_ready(self, now: float) -> bool:
        # Each attempt adds a line to the log of a PostgreSQL that is starting.
        if now < self._next_probe:
            return False
        self._next_probe = now + _PROBE_INTERVAL
        return self._probe_database()

    def _start_child(self, child: Child) -> None:
        child.due = None
        log = LogFile(log_files.path_of(self._logs, child.service.name))
        watcher = WatchedProcess(child.service, log, is_quiet=not self._is_verbose)
        child.process, connection = self._nursery.start(watcher.run, name=child.service.name)
        self._sources[connection] = child

    def _report(self) -> None:
        try:
            self._on_change(self._list_children())
        except OSError as error:
            # A full disk is no reason to stop serving.
            self._say(f"'status' does not know the latest: {error}")

    def _say(self, text: str) -> None:
        # The terminal may be gone.
        with contextlib.suppress(OSError):
            self._system_print(f"{text}\n")

    def _print(self, message: Any) -> None:
        with contextlib.suppress(OSError):
            if message.type == "text":
                click.echo(message.data)
            else:
                self._printer.write(message)
