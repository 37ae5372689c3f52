"""Services write to log files, and the supervisor shows the end of one that fails."""

import stat
from collections.abc import Sequence
from pathlib import Path

from pulp_contentroutes.standalone.process import Child, Service
from tests.harness.waiting import wait_until
from tests.unit.standalone.supervisor.supervised import WAIT, Run, service, stop


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
