"""One service of the supervisor: its process, and its lines on their way to log and terminal."""

import asyncio
import concurrent.futures
import contextlib
import itertools
import os
import queue
import signal
import threading
import time
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import IO, Any, Final, TypeVar

import click

from pulp_contentroutes.standalone.guardian import signal_group
from pulp_contentroutes.standalone.logs import LONGEST_LINE, LogFile

T = TypeVar("T")

#: The service that all others need.
DATABASE: Final = "postgresql"
#: The name under which the supervisor itself speaks.
OWN_NAME: Final = "system"
# Of a chatty service with `--verbose`, a second or so.
_MOST_TEXTS: Final = 10_000
_CLOSE_SECONDS: Final = 1.0
_COLOURS: Final = ("cyan", "yellow", "green", "magenta", "blue", "red")


@dataclass(frozen=True, slots=True)
class Service:
    """One child of the supervisor; `address` is for people, and a dash if there is none."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    address: str = "-"
    popen_options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Child:
    """The supervisor's record of one service."""

    service: Service
    #: None while it does not run.
    pid: int | None = None
    #: Seconds since the epoch.
    started: float = 0.0
    restarts: int = 0
    #: Seconds to wait before it is started.
    delay: float = 0.0
    #: The times of the latest ends, on the monotonic clock, as far back as they count.
    ends: list[float] = field(default_factory=list)


class Terminal:
    """Prints lines behind the time and the name of their service.

    A thread of its own prints, so that a terminal that takes nothing (Ctrl-S) holds up nothing but
    the lines; those that are too many are lost.
    """

    def __init__(self, names: Iterable[str], output: IO[str] | None) -> None:
        self._colours = dict(zip(names, itertools.cycle(_COLOURS), strict=False))
        self._width = max(map(len, [*self._colours, OWN_NAME]))
        self._output = output
        self._texts: queue.Queue[tuple[str, str] | None] = queue.Queue(_MOST_TEXTS)
        self._thread = threading.Thread(target=self._print_all, daemon=True)
        self._thread.start()

    def write(self, name: str, text: str) -> None:
        with contextlib.suppress(queue.Full):
            self._texts.put_nowait((name, text))

    def close(self) -> None:
        """Print what is left, within a second."""
        with contextlib.suppress(queue.Full):
            self._texts.put(None, timeout=_CLOSE_SECONDS)
            self._thread.join(_CLOSE_SECONDS)

    def _print_all(self) -> None:
        while (found := self._texts.get()) is not None:
            name, text = found
            prefix = f"{time.strftime('%H:%M:%S')} {name:{self._width}} | "
            # The terminal may be gone, or have no such character.
            with contextlib.suppress(OSError, ValueError):
                for line in text.splitlines():
                    styled = click.style(prefix, fg=self._colours.get(name))
                    click.echo(styled + line, file=self._output)


class Lines:
    """The lines of one service: each goes to its `log`, and to the `terminal` if there is one."""

    def __init__(self, name: str, log: LogFile, terminal: Terminal | None) -> None:
        self._name = name
        self._log = log
        self._terminal = terminal

    def take(self, line: bytes) -> None:
        self._log.write(line)
        if self._terminal:
            self._terminal.write(self._name, line.decode(errors="replace"))

    def take_last(self, line: bytes) -> None:
        self.take(line)
        self._log.close()

    def take_all(self, pid: int, descriptor: int) -> None:
        """Take the lines of the process `pid` from a pipe, until all its writers have ended."""
        self._log.write_start(pid)
        with open(descriptor, "rb") as lines:
            for line in iter(partial(lines.readline, LONGEST_LINE), b""):
                self.take(line)
        self._log.close()


async def start(service: Service, lines: Lines) -> tuple[Process, asyncio.Future[None]]:
    """Start the service in a session of its own; return it, and the end of its lines.

    Raise OSError if it cannot be started.
    """
    reading, writing = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            *service.command,
            env=dict(service.environment),
            cwd="/",
            stdin=DEVNULL,
            stdout=writing,
            stderr=STDOUT,
            start_new_session=True,
            **service.popen_options,
        )
    except BaseException:
        os.close(reading)
        raise
    finally:
        os.close(writing)
    try:
        return process, in_daemon_thread(lines.take_all, process.pid, reading)
    except RuntimeError as error:
        # No thread can be started. Nothing else knows the process yet.
        os.close(reading)
        signal_group(process.pid, signal.SIGKILL)
        await process.wait()
        raise OSError(str(error)) from error


def in_daemon_thread(target: Callable[..., T], *arguments: Any) -> asyncio.Future[T]:
    """Call `target` in a thread whose end nothing waits for, unlike those of `to_thread`."""
    future: concurrent.futures.Future[T] = concurrent.futures.Future()

    def call() -> None:
        if future.set_running_or_notify_cancel():
            try:
                future.set_result(target(*arguments))
            except Exception as error:  # noqa: BLE001  raised where the future is awaited
                future.set_exception(error)

    threading.Thread(target=call, daemon=True).start()
    return asyncio.wrap_future(future)
