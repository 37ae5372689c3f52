"""One child under watch: what is known of it, and honcho's Process made safe against crashes."""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection
from typing import Any, Final

from honcho.process import Popen, Process

from pulp_contentroutes.standalone.services import Service

_ORPHAN_GRACE_SECONDS: Final = 5


@dataclass(slots=True)
class Child:
    """What the supervisor knows of one service; times are of the monotonic clock."""

    service: Service
    #: Its watcher; the service itself has the process id `pid`.
    process: multiprocessing.Process | None = None
    pid: int | None = None
    started: float = 0.0
    #: Of the service, between its end and that of its watcher.
    returncode: int | None = None
    ends: list[float] = field(default_factory=list)
    #: When to start it (again); None while it runs.
    due: float | None = 0.0

    @property
    def is_running(self) -> bool:
        return self.process is not None


def signal_group(pid: int, number: signal.Signals) -> None:
    """Signal a child and what it has forked; honcho starts each in a session of its own."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)


class Channel:
    """The way from one process to the supervisor; honcho's processes call `put`.

    Each has a pipe of its own: a queue shared by all stays locked for ever when one of them is
    killed while it writes.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    def put(self, message: Any) -> None:
        # Without a supervisor nobody listens; what is left to do is to end.
        with self._lock, contextlib.suppress(BrokenPipeError):
            self._connection.send(message)


def start_beside(
    target: Callable[..., None], *arguments: Any, name: str
) -> tuple[multiprocessing.Process, Connection]:
    """Start `target(channel, *arguments)` in a process; return it and the end to receive from.

    When the process ends, however it ends, receiving raises EOFError.
    """
    receiving, sending = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.Process(
        target=target, args=(Channel(sending), *arguments), name=name, daemon=True
    )
    process.start()
    sending.close()
    return process, receiving


class WatchedProcess(Process):  # type: ignore[misc]  # honcho has no types
    """Runs `service` in a process of its own and reports its lines, its start and its end.

    Unlike honcho's, it takes a command line instead of a shell's, sees the end of the child even
    while a grandchild keeps the pipe open, ends what the child leaves behind (the workers of a
    killed gunicorn or nginx hold their port), and ends the child when the supervisor is gone.
    """

    def __init__(self, service: Service) -> None:
        super().__init__(
            list(service.command), name=service.name, env=dict(service.environment), cwd="/"
        )
        self._child_ctor = partial(Popen, shell=False, **service.popen_options)

    def run(self, events: Any = None, ignore_signals: bool = True) -> None:
        if ignore_signals:
            # Not SIG_IGN, which the child would inherit.
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: None)
        self._events = events
        try:
            self._child = self._child_ctor(self.cmd, env=self.env, cwd=self.cwd)
        except OSError as error:
            self._send_message(f"cannot be started: {error}\n".encode())
            self._send_message({"returncode": 127}, type="stop")
            return
        self._send_message({"pid": self._child.pid}, type="start")
        threading.Thread(target=self._end_with_supervisor, daemon=True).start()
        lines = threading.Thread(target=self._forward_lines, daemon=True)
        lines.start()
        returncode = self._child.wait()
        signal_group(self._child.pid, signal.SIGKILL)
        lines.join(timeout=1)
        self._send_message({"returncode": returncode}, type="stop")

    def _forward_lines(self) -> None:
        for line in iter(self._child.stdout.readline, b""):
            self._send_message(line)

    def _end_with_supervisor(self) -> None:
        supervisor = multiprocessing.parent_process()
        if supervisor is None:
            return
        supervisor.join()
        # SIGINT is PostgreSQL's fast shutdown and quick for the others, too.
        signal_group(self._child.pid, signal.SIGINT)
        with contextlib.suppress(Exception):
            self._child.wait(_ORPHAN_GRACE_SECONDS)
        signal_group(self._child.pid, signal.SIGKILL)
