"""The supervisor with real, small processes: restarts, giving up, stopping in order and in time."""

import asyncio
import contextlib
import io
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil
import pytest

from pulp_contentroutes.standalone import supervisor
from pulp_contentroutes.standalone.process import DATABASE, Child, Service
from pulp_contentroutes.standalone.supervisor import STOP_SIGNALS, Supervisor
from tests.harness.waiting import wait_until

Watch = Callable[[Sequence[Child]], None]

#: A service that writes a line and then waits; the second one ignores SIGINT and SIGTERM.
WAIT = "import time; print('here', flush=True); time.sleep(600)"
STUBBORN = "import signal; [signal.signal(n, signal.SIG_IGN) for n in (2, 15)];" + WAIT
CHATTY = "while True: print('x' * 1000)"
ROOT = Path(__file__).parents[3]
#: Like a gunicorn that is killed: the parent is gone, its child keeps the pipe.
FORKING = "import os, time; print(os.fork(), flush=True); time.sleep(600)"


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

    Its logs are in the folder `logs`; without one, everything is printed.
    """

    def __init__(
        self,
        *services: Service,
        on_change: Watch | None = None,
        stop_at: list[str] | None = None,
        logs: Path | None = None,
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
            output=self.output,
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


@pytest.fixture(autouse=True)
def short_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "CLIENTS_GRACE", 0.5)
    monkeypatch.setattr(supervisor, "DATABASE_GRACE", 0.5)
    monkeypatch.setattr(supervisor, "_FIRST_DELAY", 0.01)


def test_a_killed_service_comes_back() -> None:
    pids = []

    def watch(children: Sequence[Child]) -> None:
        pid = children[0].pid
        if pid is None or pid in pids:
            return
        pids.append(pid)
        if len(pids) < 3:
            os.kill(pid, signal.SIGKILL)
        else:
            stop()

    run = Run(service("a", WAIT), on_change=watch)
    assert run.loop() == 0
    assert len(set(pids)) == 3
    assert "a ended (exit code -9); starting it again" in run.output.getvalue()


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_each_stop_signal_ends_everything(number: signal.Signals) -> None:
    ended: list[int] = []

    def watch(children: Sequence[Child]) -> None:
        if children[0].pid and not ended:
            ended.append(children[0].pid)
            os.kill(os.getpid(), number)

    run = Run(service("a", WAIT), on_change=watch)
    assert run.loop() == 0
    assert "stopping: a signal asked for it" in run.output.getvalue()
    assert not is_alive(ended[0])


def test_a_killed_guardian_comes_back() -> None:
    """Without one, a killed supervisor would leave its services behind."""
    seen: list[int] = []

    def wait_for_another() -> None:
        for _ in range(2):
            seen.append(wait_until(lambda: next(iter(_guardians() - set(seen)), None)))
            os.kill(seen[-1], signal.SIGKILL)
        stop()

    run = Run(service("a", WAIT))
    run.when_running = wait_for_another
    assert run.loop() == 0
    assert not any(map(is_alive, seen))
    assert not _guardians()


def _guardians() -> set[int]:
    found = set()
    for each in psutil.Process().children():
        # One that was killed may not have been reaped yet.
        with contextlib.suppress(psutil.NoSuchProcess):
            if "pulp_contentroutes.standalone.guardian" in each.cmdline():
                found.add(each.pid)
    return found


def test_a_service_that_keeps_ending_ends_everything_with_a_message() -> None:
    run = Run(service("fine", WAIT), service("broken", "print('the reason'); raise SystemExit(7)"))
    assert run.loop() == 1
    output = run.output.getvalue()
    assert "the reason" in output
    assert "broken ended 7 times within 60 s (last exit code 7): stopping everything" in output
    assert not any(child.pid for child in run.supervisor.children)


def test_a_program_that_is_not_there_ends_everything_with_a_message() -> None:
    run = Run(Service("gone", ("/no/such/program",), {}))
    assert run.loop() == 1
    assert "cannot be started" in run.output.getvalue()


def test_the_database_is_stopped_after_its_clients_and_the_stubborn_are_killed() -> None:
    """PostgreSQL must still run when Pulp's processes sign off."""
    ends: list[str] = []

    def watch(children: Sequence[Child]) -> None:
        for child in children:
            if child.ends and child.service.name not in ends:
                ends.append(child.service.name)

    services = [service(DATABASE, WAIT), service("stubborn", STUBBORN), service("polite", WAIT)]
    assert Run(*services, on_change=watch, stop_at=["stubborn|here"]).loop() == 0
    assert ends == ["polite", "stubborn", DATABASE]


def test_a_second_signal_does_not_wait_for_the_stubborn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "CLIENTS_GRACE", 600)

    run = Run(service("stubborn", STUBBORN), stop_at=["stubborn|here", "stopping:"])
    assert run.loop() == 0


def test_what_a_killed_service_forked_is_ended_too() -> None:
    """An orphaned gunicorn or nginx worker would keep the port."""
    run = Run(service("forking", FORKING))
    killed: list[int] = []

    def watch(children: Sequence[Child]) -> None:
        pid = children[0].pid
        if pid is None:
            return
        if killed:
            stop()
        else:
            killed.append(pid)
            deadline = time.monotonic() + 10
            while not psutil.Process(pid).children() and time.monotonic() < deadline:
                pass
            killed.extend(child.pid for child in psutil.Process(pid).children())
            os.kill(pid, signal.SIGKILL)

    run.on_change = watch
    assert run.loop() == 0
    assert len(killed) == 2
    assert not any(is_alive(pid) for pid in killed)


def test_clients_wait_for_the_database(tmp_path: Path) -> None:
    run = Run(service(DATABASE, WAIT), service("client", WAIT))
    answers = iter([False, False, True])
    asked: list[bool] = []

    def is_ready() -> bool:
        asked.append(next(answers))
        assert run.supervisor.children[1].pid is None
        return asked[-1]

    run.is_database_ready = is_ready
    run.on_change = lambda children: stop() if all(child.pid for child in children) else None
    assert run.loop() == 0
    assert asked == [False, False, True]


def test_a_report_that_fails_ends_nothing() -> None:
    """A full disk is no reason to stop serving."""
    calls: list[int] = []

    def watch(children: Sequence[Child]) -> None:
        calls.append(1)
        raise OSError(28, "No space left on device")

    run = Run(service("a", WAIT), on_change=watch, stop_at=["a|here"])
    assert run.loop() == 0
    assert calls
    assert "No space left on device" in run.output.getvalue()


def test_a_failure_of_the_supervisor_leaves_nothing_running() -> None:
    pids: list[int] = []

    def watch(children: Sequence[Child]) -> None:
        pids.extend(child.pid for child in children if child.pid)
        raise RuntimeError("a bug")

    run = Run(service("a", WAIT), service("b", WAIT), on_change=watch)
    with pytest.raises(RuntimeError, match="a bug"):
        run.loop()
    assert pids
    assert not any(is_alive(pid) for pid in pids)
    assert not _guardians()


def test_a_chatty_service_ends_with_a_killed_supervisor(tmp_path: Path) -> None:
    """Its lines are not read any more, and it must not wait for room in the pipe."""
    pids = tmp_path / "pids"
    code = f"""
import sys
from pathlib import Path
from tests.unit.standalone.test_supervisor import CHATTY, WAIT, Run, service
def watch(children):
    if all(child.pid for child in children):
        Path({str(pids)!r}).write_text(" ".join(str(child.pid) for child in children))
Run(service("chatty", CHATTY), service("quiet", WAIT), on_change=watch).loop()
"""
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT) as top:
        deadline = time.monotonic() + 30
        while not pids.exists() or not pids.read_text():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        left = [psutil.Process(int(pid)) for pid in pids.read_text().split()]
        # The services and the guardian.
        assert len(psutil.Process(top.pid).children()) == 3
        left += psutil.Process(top.pid).children()
        top.kill()
    _, alive = psutil.wait_procs(left, timeout=15)
    assert not alive


def test_a_closed_terminal_stops_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SIGHUP goes to the leader of the session, which may be a `make` that keeps it."""
    pids: list[int] = []
    monkeypatch.setattr(os, "isatty", lambda descriptor: not pids)

    def watch(children: Sequence[Child]) -> None:
        pids.extend(child.pid for child in children if child.pid)

    run = Run(service("a", WAIT), on_change=watch)
    assert run.loop() == 0
    assert "the terminal is gone" in run.output.getvalue()


def test_a_quiet_supervisor_prints_nothing_of_a_service_that_runs(tmp_path: Path) -> None:
    log = tmp_path / "a.log"

    def watch(children: Sequence[Child]) -> None:
        if children[0].pid:
            wait_until(lambda: log.exists() and "here\n" in log.read_text())
            stop()

    run = Run(service("a", WAIT), on_change=watch, logs=tmp_path)
    assert run.loop() == 0
    lines = run.output.getvalue().splitlines()
    assert [line.partition("| ")[2] for line in lines] == ["stopping: a signal asked for it"]
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_a_quiet_supervisor_shows_why_a_service_ended_and_where_its_log_is(tmp_path: Path) -> None:
    code = "[print(f'line {n}') for n in range(20)]; raise SystemExit(7)"
    run = Run(service("broken", code), logs=tmp_path)
    assert run.loop() == 1
    said = run.output.getvalue()
    log = tmp_path / "broken.log"
    [first, *_] = said.split("its log is")[1:]
    assert f"its log is {log}" in said
    shown = [line.partition("| ")[2].strip() for line in first.splitlines()[1:11]]
    assert shown == [f"line {number}" for number in range(10, 20)]
    assert log.read_text().count("--- started ") == 7


def test_a_service_that_cannot_be_started_says_so_in_its_log(tmp_path: Path) -> None:
    run = Run(Service("gone", ("/no/such/program",), {}), logs=tmp_path)
    assert run.loop() == 1
    assert "cannot be started" in run.output.getvalue()
    assert "cannot be started" in (tmp_path / "gone.log").read_text()


def test_a_service_runs_on_when_its_log_cannot_be_written(tmp_path: Path) -> None:
    """With a full disk only lines are lost."""
    pids: list[int] = []

    def watch(children: Sequence[Child]) -> None:
        pids.extend(child.pid for child in children if child.pid)
        stop()

    run = Run(service("a", WAIT), on_change=watch, logs=tmp_path / "no" / "folder")
    assert run.loop() == 0
    assert len(set(pids)) == 1
