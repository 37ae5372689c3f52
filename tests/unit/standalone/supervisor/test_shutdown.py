"""All services end with the supervisor: in order, in time, and with their children."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from pulp_contentroutes.standalone import supervisor
from pulp_contentroutes.standalone.process import DATABASE, Child
from pulp_contentroutes.standalone.supervisor import STOP_SIGNALS
from tests.unit.standalone.supervisor.supervised import (
    CHATTY,
    STUBBORN,
    WAIT,
    Run,
    find_guardians,
    is_alive,
    service,
    stop,
)

ROOT = Path(__file__).parents[4]
#: Like a gunicorn that is killed: the parent is gone, its child keeps the pipe.
FORKING = "import os, time; print(os.fork(), flush=True); time.sleep(600)"


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


def test_a_probe_of_the_database_that_hangs_holds_up_nothing() -> None:
    run = Run(service("client", WAIT))
    began = threading.Event()

    def hang() -> bool:
        began.set()
        return threading.Event().wait(600)

    run.is_database_ready = hang

    def stop_then() -> None:
        began.wait(60)
        stop()

    threading.Thread(target=stop_then, daemon=True).start()
    started = time.monotonic()
    assert run.loop() == 0
    assert time.monotonic() - started < 60


def test_a_terminal_that_takes_nothing_holds_up_nothing(tmp_path: Path) -> None:
    """As after Ctrl-S, or behind `| less`."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writing, b"x" * 4096)
    os.set_blocking(writing, True)
    ended: list[int] = []

    def watch(children: Sequence[Child]) -> None:
        if children[0].pid and not ended:
            ended.append(children[0].pid)
            stop()

    output = os.fdopen(writing, "w")
    try:
        run = Run(service("chatty", CHATTY), on_change=watch, terminal=output)
        assert run.loop() == 0
        assert not is_alive(ended[0])
    finally:
        # Without a reader, nothing waits any more until it can be written.
        os.close(reading)
        with contextlib.suppress(BrokenPipeError):
            output.close()


def test_after_a_failure_of_ours_the_database_is_still_the_last_to_end() -> None:
    ends: list[str] = []

    def watch(children: Sequence[Child]) -> None:
        ends.extend(
            child.service.name
            for child in children
            if child.ends and child.service.name not in ends
        )

    def fail() -> None:
        raise RuntimeError("a bug")

    run = Run(service(DATABASE, WAIT), service("client", WAIT), on_change=watch)
    run.when_running = fail
    with pytest.raises(RuntimeError, match="a bug"):
        run.loop()
    assert ends == ["client", DATABASE]


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
    assert not find_guardians()


def test_a_chatty_service_ends_with_a_killed_supervisor(tmp_path: Path) -> None:
    """Its lines are not read any more, and it must not wait for room in the pipe."""
    pids = tmp_path / "pids"
    code = f"""
import sys
from pathlib import Path
from tests.unit.standalone.supervisor.supervised import CHATTY, WAIT, Run, service
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
