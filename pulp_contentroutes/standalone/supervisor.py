"""The supervisor: starts services in order, restarts them, stops all in order and in time."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import IO, Any, Final

from pulp_contentroutes.standalone import logs
from pulp_contentroutes.standalone.guardian import Guardian, signal_group
from pulp_contentroutes.standalone.logs import LogFile
from pulp_contentroutes.standalone.process import (
    DATABASE,
    OWN_NAME,
    Child,
    Lines,
    Service,
    Terminal,
    in_daemon_thread,
    start,
)

#: The signals that ask the supervisor to stop: Ctrl-C, `kill`, a closed terminal, Ctrl-\.
STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
#: A service that ends more often than this within the period is broken: everything is stopped.
MAX_RESTARTS: Final = 6
RESTART_PERIOD: Final = 60.0
#: How long the clients of the database may take to stop, and the database after them, in seconds.
CLIENTS_GRACE: Final = 5.0
DATABASE_GRACE: Final = 3.0
_FIRST_DELAY: Final = 0.2
_LONGEST_DELAY: Final = 5.0
_PROBE_INTERVAL: Final = 0.25
_TICK: Final = 0.1
# A process that has left the session of its service may keep the log's pipe open.
_LAST_LINES_SECONDS: Final = 1.0
#: The number of lines shown of the log of a service that ended.
_SHOWN_LINES: Final = 10
_STDIN: Final = 0
# As a shell reports it.
_CANNOT_BE_STARTED: Final = 127


_Task = asyncio.Task[None]


class NotReady(Exception):
    """`str(error)` says why what was started is of no use: everything is stopped."""


class Supervisor:
    """Runs `services`, each in a task of its own.

    `is_database_ready` holds back all services but the database; `on_change` gets every change.
    `when_running` is called once, when all of them run; it may raise NotReady. All three are called
    in threads. The logs are files in the folder `folder`; with `is_verbose` they are printed, too,
    to `output` (None: standard output).
    """

    def __init__(
        self,
        services: Sequence[Service],
        is_database_ready: Callable[[], bool],
        on_change: Callable[[Sequence[Child]], None],
        folder: Path,
        when_running: Callable[[], None] = lambda: None,
        is_verbose: bool = False,
        output: IO[str] | None = None,
    ) -> None:
        self.children = [Child(service) for service in services]
        self._is_database_ready = is_database_ready
        self._on_change = on_change
        self._folder = folder
        self._when_running = when_running
        self._is_verbose = is_verbose
        self._terminal = Terminal([each.name for each in services], output)
        self._exit_code = 0
        self._stop_signals = 0
        self._all_running = asyncio.Event()
        self._stopping = asyncio.Event()
        self._probing = asyncio.Lock()
        self._reporting = asyncio.Lock()
        self._guardian = Guardian()

    async def run(self) -> int:
        """Run until everything has stopped; return the exit code (0 if a signal asked for it)."""
        loop = asyncio.get_running_loop()
        for number in STOP_SIGNALS:
            # A signal that is ignored stays ignored, such as SIGHUP under nohup.
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, partial(self._on_signal, loop))
        guardian = asyncio.create_task(self._guardian.keep())
        kept = {child: asyncio.create_task(self._keep(child)) for child in self.children}
        beside = (self._stopping.wait(), self._watch_terminal(), self._announce())
        tasks = [*kept.values(), *map(asyncio.ensure_future, beside)]
        try:
            waiting = {*tasks, guardian}
            while not self._stopping.is_set():
                ended, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for task in ended:
                    # Raises the failure of the task, if it has one.
                    task.result()
        finally:
            # In order, also after a failure of our own.
            self._stopping.set()
            clients = {child: kept[child] for child in kept if child.service.name != DATABASE}
            await self._end(clients, signal.SIGTERM, CLIENTS_GRACE)
            database = {child: kept[child] for child in kept if child not in clients}
            # SIGINT is PostgreSQL's "fast" shutdown: it does not wait for connections to end.
            await self._end(database, signal.SIGINT, DATABASE_GRACE)
            await _cancel(tasks)
            await _cancel([guardian])
            await asyncio.to_thread(self._terminal.close)
        for each in kept.values():
            each.result()
        return self._exit_code

    def _on_signal(self, loop: asyncio.AbstractEventLoop, *_: object) -> None:
        self._stop_signals += 1
        if not loop.is_closed():
            loop.call_soon_threadsafe(self._stop, "stopping: a signal asked for it")

    def _stop(self, reason: str) -> None:
        if not self._stopping.is_set():
            self._stopping.set()
            self._say(reason)

    def _fail(self, reason: str) -> None:
        self._exit_code = 1
        self._stop(reason)

    async def _keep(self, child: Child) -> None:
        """Run the service again and again, until everything is stopped."""
        while await self._may_start(child):
            returncode = await self._run_once(child)
            now = time.monotonic()
            child.ends = [end for end in child.ends if now - end < RESTART_PERIOD] + [now]
            if not self._stopping.is_set():
                await self._plan_restart(child, returncode)
            await self._report()

    async def _may_start(self, child: Child) -> bool:
        """Wait until the service is due and its database answers; return False when stopping."""
        await self._pause(child.delay)
        if child.service.name == DATABASE:
            return not self._stopping.is_set()
        # One probe at a time: each adds a line to the log of a PostgreSQL that is starting.
        async with self._probing:
            while not self._stopping.is_set():
                # Nothing waits for a probe that hangs.
                probe = in_daemon_thread(self._is_database_ready)
                stop = asyncio.ensure_future(self._stopping.wait())
                either: set[asyncio.Future[Any]] = {probe, stop}
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
                stop.cancel()
                if not probe.done():
                    probe.cancel()
                elif probe.result():
                    return not self._stopping.is_set()
                await self._pause(_PROBE_INTERVAL)
        return False

    async def _run_once(self, child: Child) -> int:
        """Run the service to its end, and end what it has forked; return its exit code."""
        log = LogFile(logs.path_of(self._folder, child.service.name))
        lines = Lines(child.service.name, log, self._terminal if self._is_verbose else None)
        try:
            process, last_line = await start(child.service, lines)
        except OSError as error:
            await asyncio.to_thread(lines.take_last, f"cannot be started: {error}\n".encode())
            return _CANNOT_BE_STARTED
        child.pid, child.started = process.pid, time.time()
        self._guardian.add(process.pid)
        if all(each.pid for each in self.children):
            self._all_running.set()
        try:
            await self._report()
            await process.wait()
        finally:
            # The workers of a killed gunicorn or nginx hold their port.
            signal_group(process.pid, signal.SIGKILL)
            returncode = await process.wait()
            self._guardian.remove(process.pid)
            child.pid = None
        await asyncio.wait([last_line], timeout=_LAST_LINES_SECONDS)
        last_line.cancel()
        return returncode

    async def _plan_restart(self, child: Child, returncode: int) -> None:
        """Say why the service has ended, and when it is started again; or give up."""
        name = child.service.name
        if len(child.ends) > MAX_RESTARTS:
            self._fail(
                f"{name} ended {len(child.ends)} times within {RESTART_PERIOD:.0f} s "
                f"(last exit code {returncode}): stopping everything"
            )
        else:
            child.restarts += 1
            child.delay = min(_FIRST_DELAY * 2 ** (len(child.ends) - 1), _LONGEST_DELAY)
            self._say(
                f"{name} ended (exit code {returncode}); starting it again in {child.delay:.1f} s"
            )
        log = logs.path_of(self._folder, name)
        shown = await asyncio.to_thread(logs.tail, log, _SHOWN_LINES)
        if self._is_verbose:
            # They have been printed.
            shown.clear()
        self._say("\n".join([f"its log is {log}", *(f"    {line}" for line in shown)]))

    async def _pause(self, seconds: float) -> None:
        """Wait, but not any longer than until everything is stopped."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    async def _end(self, kept: Mapping[Child, _Task], polite: signal.Signals, grace: float) -> None:
        """Ask services to end, kill those that do not within `grace`, and wait for all of them.

        After a second signal, nothing but the database is waited for.
        """
        deadline = time.monotonic() + grace
        asked: set[int] = set()
        pending: Collection[_Task] = kept.values()
        while pending:
            is_urgent = self._stop_signals > 1 and polite is signal.SIGTERM
            is_over = is_urgent or time.monotonic() > deadline
            for pid in [child.pid for child in kept if child.pid is not None]:
                if is_over:
                    signal_group(pid, signal.SIGKILL)
                elif pid not in asked:
                    signal_group(pid, polite)
                    asked.add(pid)
            _, pending = await asyncio.wait(pending, timeout=_TICK)

    async def _announce(self) -> None:
        await self._all_running.wait()
        try:
            # Nothing waits for the end of a daemon thread, which may last as long as a request.
            await in_daemon_thread(self._when_running)
        except NotReady as error:
            self._fail(str(error))

    async def _watch_terminal(self) -> None:
        # The SIGHUP of a closed terminal goes to the leader of the session, and `make` does not
        # pass it on.
        # Where SIGHUP is ignored, as under nohup, everything goes on without it.
        has_terminal = os.isatty(_STDIN) and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN
        while has_terminal and os.isatty(_STDIN):  # noqa: ASYNC110  nothing announces it
            await asyncio.sleep(_TICK)
        if has_terminal:
            self._stop("stopping: the terminal is gone")

    async def _report(self) -> None:
        async with self._reporting:
            try:
                await asyncio.to_thread(self._on_change, self.children)
            except OSError as error:
                # A full disk is no reason to stop serving.
                self._say(f"'status' does not know the latest: {error}")

    def _say(self, text: str) -> None:
        self._terminal.write(OWN_NAME, text)


async def _cancel(tasks: Sequence[asyncio.Future[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
