"""The supervisor starts services in order, and ended ones again until it gives up."""

import os
import signal
from collections.abc import Sequence
from pathlib import Path

from pulp_contentroutes.standalone.process import DATABASE, Child, Service
from tests.harness.waiting import wait_until
from tests.unit.standalone.supervisor.supervised import (
    WAIT,
    Run,
    find_guardians,
    is_alive,
    service,
    stop,
)


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


def test_a_killed_guardian_comes_back() -> None:
    """Without one, a killed supervisor would leave its services behind."""
    seen: list[int] = []

    def wait_for_another() -> None:
        for _ in range(2):
            seen.append(wait_until(lambda: next(iter(find_guardians() - set(seen)), None)))
            os.kill(seen[-1], signal.SIGKILL)
        stop()

    run = Run(service("a", WAIT))
    run.when_running = wait_for_another
    assert run.loop() == 0
    assert not any(map(is_alive, seen))
    assert not find_guardians()


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
