"""A supervisor in the tests' own process, and small services for it."""

import asyncio
import contextlib
import io
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

import psutil

from pulp_contentroutes.standalone.process import Child, Service
from pulp_contentroutes.standalone.supervisor import STOP_SIGNALS, Supervisor

Watch = Callable[[Sequence[Child]], None]

#: A service that writes a line and then waits; the second one ignores SIGINT and SIGTERM.
WAIT = "import time; print('here', flush=True); time.sleep(600)"
STUBBORN = "import signal; [signal.signal(n, signal.SIG_IGN) for n in (2, 15)];" + WAIT
CHATTY = "while True: print('x' * 1000)"


def service(name: str, code: str) -> Service:
    return Service(name, (sys.executable, "-c", code), dict(os.environ))


class Output(io.StringIO):
    """The output; it requests a stop when it first contains the next text of `stop_at`."""

    def __init__(self, stop_at: list[str]) -> None:
        super().__init__()
        self.stop_at = stop_at

    def write(self, text: str) -> int:
        written = super().write(text)
        if self.stop_at and self.stop_at[0] in "".join(self.getvalue().split()):
            del self.stop_at[0]
            stop()
        return written


class Run:
    """A supervisor in this process, which is stopped by `on_change`, or by its output.

    Its logs are in the folder `logs`; without one, everything is printed, to `terminal` or to its
    output.
    """

    def __init__(
        self,
        *services: Service,
        on_change: Watch | None = None,
        stop_at: list[str] | None = None,
        logs: Path | None = None,
        terminal: IO[str] | None = None,
    ) -> None:
        self.output = Output(stop_at or [])
        self.on_change = on_change or (lambda children: None)
        self.is_database_ready: Callable[[], bool] = lambda: True
        self.when_running: Callable[[], None] = lambda: None
        self.supervisor = Supervisor(
            services,
            is_database_ready=lambda: self.is_database_ready(),
            on_change=lambda children: self.on_change(children),
            folder=logs or Path(os.devnull),
            when_running=lambda: self.when_running(),
            is_verbose=logs is None,
            output=terminal or self.output,
        )

    def loop(self) -> int:
        handlers = {number: signal.getsignal(number) for number in STOP_SIGNALS}
        try:
            return asyncio.run(self.supervisor.run())
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; a zombie that was not reaped yet does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def stop() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def find_guardians() -> set[int]:
    """Return the process ids of the guardians that this process has started."""
    found = set()
    for each in psutil.Process().children():
        # One that was killed may not have been reaped yet.
        with contextlib.suppress(psutil.NoSuchProcess):
            if "pulp_contentroutes.standalone.guardian" in each.cmdline():
                found.add(each.pid)
    return found
