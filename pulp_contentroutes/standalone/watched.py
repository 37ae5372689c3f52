"""One supervised child: its state, and honcho's Process made safe against crashes."""

import contextlib
import os
import signal
import subprocess
import threading
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.process import BaseProcess
from typing import Final

from honcho.process import Popen, Process

from pulp_contentroutes.standalone.beside import Channel
from pulp_contentroutes.standalone.log_files import LONGEST_LINE, LogFile
from pulp_contentroutes.standalone.services import Service

#: The signals that ask the supervisor to stop: Ctrl-C, `kill`, a closed terminal, Ctrl-\.
STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_ORPHAN_GRACE_SECONDS: Final = 5


@dataclass(slots=True)
class Child:
    """The supervisor's record of one service; times are of the monotonic clock."""

    service: Service
    #: Its watcher; the service itself has the process id `pid`.
    process: BaseProcess | None = None
    pid: int | None = None
    started: float = 0.0
    #: The exit code of the service, between its end and that of its watcher.
    returncode: int | None = None
    restarts: int = 0
    #: The times of the latest ends, as far back as they count.
    ends: list[float] = field(default_factory=list)
    #: The time to start it (again); None while it runs.
    due: float | None = 0.0

    @property
    def is_running(self) -> bool:
        return self.process is not None


def signal_group(pid: int, number: signal.Signals) -> None:
    """Signal a child and the processes it forked; honcho starts each child in its own session."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)


class WatchedProcess(Process):  # type: ignore[misc]  # honcho has no types
    """A watcher that runs `service` in its own process, writes its log, and reports start and end.

    Unless `is_quiet`, it also reports the lines of the log.

    Unlike honcho's, it runs a command line without a shell, sees the end of the child even while a
    grandchild keeps the pipe open, ends the processes that the child leaves behind (the workers of
    a killed gunicorn or nginx hold their port), and ends the child when the supervisor is gone.
    """

    def __init__(self, service: Service, log: LogFile, is_quiet: bool) -> None:
        super().__init__(
            list(service.command),
            name=service.name,
            quiet=is_quiet,
            env=dict(service.environment),
            cwd="/",
        )
        self._log = log
        self._child_ctor = partial(Popen, shell=False, **service.popen_options)

    def run(self, events: Channel) -> None:
        """Report over the channel `events` until the child has ended."""
        for number in STOP_SIGNALS:
            # Not SIG_IGN, which the child would inherit.
            signal.signal(number, lambda *_: None)
        self._events = events
        try:
            self._child = self._child_ctor(self.cmd, env=self.env, cwd=self.cwd)
        except OSError as error:
            self._take_line(f"cannot be started: {error}\n".encode())
            self._send_message({"returncode": 127}, type="stop")
            return
        threading.Thread(target=self._end_with_supervisor, daemon=True).start()
        self._log.write_start(self._child.pid)
        self._send_message({"pid": self._child.pid}, type="start")
        lines = threading.Thread(target=self._forward_lines, daemon=True)
        lines.start()
        returncode = self._child.wait()
        signal_group(self._child.pid, signal.SIGKILL)
        lines.join(timeout=1)
        self._send_message({"returncode": returncode}, type="stop")

    def _forward_lines(self) -> None:
        for line in iter(partial(self._child.stdout.readline, LONGEST_LINE), b""):
            self._take_line(line)

    def _take_line(self, line: bytes) -> None:
        self._log.write(line)
        if not self.quiet:
            self._send_message(line)

    def _end_with_supervisor(self) -> None:
        self._events.is_parent_gone(None)
        # SIGINT is PostgreSQL's fast shutdown and quick for the others, too.
        signal_group(self._child.pid, signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(_ORPHAN_GRACE_SECONDS)
        signal_group(self._child.pid, signal.SIGKILL)
        # The other threads may be waiting for events that will never come.
        os._exit(1)
