"""Ctrl-C, and every other stop signal, ends a command with one sentence and the signal's code."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click
import psutil
import pytest
from click.testing import CliRunner, Result

from pulp_contentroutes.galaxy.client import Ended
from pulp_contentroutes.standalone import (
    cli,
    data_dir,
    errors,
    galaxy_upload,
    health,
    options,
    prepare,
)
from pulp_contentroutes.standalone.errors import Interrupted, StopSignal
from pulp_contentroutes.standalone.logs import step
from pulp_contentroutes.standalone.options import Options
from pulp_contentroutes.standalone.postgres import Cluster
from tests.harness.waiting import wait_until

#: A program in place of Python: it writes its process id into the log, and takes long.
SLOW = "#!/bin/sh\ncat >/dev/null\necho $$ >&2\nexec sleep 600\n"
CODE = """
import sys
from pathlib import Path
from pulp_contentroutes.standalone import prepare
from pulp_contentroutes.standalone.instance import Instance
from pulp_contentroutes.standalone.options import Options
instance = Instance(Path(sys.argv[1]), Options(), None, {})
sys.executable = sys.argv[2]
try:
    prepare._run_bootstrap(instance, {"password": "geheim"}, "", is_verbose=False)
except KeyboardInterrupt:
    sys.exit(130)
"""


def interrupt(*arguments: Any, **named: Any) -> NoReturn:
    raise KeyboardInterrupt


def invoke(*arguments: str, **options: Any) -> Result:
    return CliRunner().invoke(cli.main, arguments, **options)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    data_dir.create(tmp_path / "data")
    (tmp_path / "data" / data_dir.OPTIONS_FILE).write_text(Options(nginx=False).dump())
    return tmp_path / "data"


@pytest.mark.parametrize(
    "place",
    [
        pytest.param((data_dir, "create"), id="folder"),
        pytest.param((prepare, "check_ports"), id="ports"),
        pytest.param((Cluster, "initialise"), id="initdb"),
        pytest.param((Cluster, "running"), id="start of PostgreSQL"),
        pytest.param((prepare, "_run_bootstrap"), id="migration"),
    ],
)
def test_ctrl_c_in_every_step_before_pulp_runs_is_one_sentence(
    data: Path, monkeypatch: pytest.MonkeyPatch, place: tuple[Any, str]
) -> None:
    monkeypatch.setattr(Cluster, "place", lambda self: None)
    if place[1] not in ("initialise", "folder"):
        monkeypatch.setattr(Cluster, "initialise", lambda self: None)
    monkeypatch.setattr(*place, interrupt)
    if place[1] == "_run_bootstrap":
        monkeypatch.setattr(Cluster, "running", lambda self: step("Running"))
        monkeypatch.setattr(prepare, "_check_database", lambda instance: None)
    result = invoke("serve", "--data", str(data))
    assert result.exit_code == 130
    said = "Stopped before Pulp was ready; give the command again, and it goes on from here."
    assert result.stderr.strip() == said
    for word in ("Traceback", "Aborted", "failed", "Error"):
        assert word not in result.output


@pytest.mark.parametrize(
    ("command", "place"),
    [
        (["status"], (cli, "find_running")),
        (["env"], (cli, "find_usable")),
        (["logs"], (data_dir, "is_ours")),
        (["manage", "check"], (Cluster, "running")),
        (["password"], (Cluster, "running")),
        (["reset", "--yes"], (data_dir, "remove_contents")),
    ],
)
def test_ctrl_c_ends_every_command_with_one_sentence(
    data: Path, monkeypatch: pytest.MonkeyPatch, command: list[str], place: tuple[Any, str]
) -> None:
    monkeypatch.setattr(*place, interrupt)
    result = invoke(*command, "--data", str(data), input="geheim\n")
    assert result.exit_code == 130
    assert result.stderr.strip().startswith("Stopped")
    assert "Traceback" not in result.output
    assert "Aborted" not in result.output


def test_ctrl_c_while_stop_waits_says_that_pulp_goes_on_stopping(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "find_running", lambda data: health)
    monkeypatch.setattr(health, "supervisor", os.getpid(), raising=False)
    monkeypatch.setattr(os, "kill", lambda pid, number: None)
    monkeypatch.setattr(data_dir, "is_held", interrupt)
    result = invoke("stop", "--data", str(data))
    assert (result.exit_code, "still stopping" in result.stderr) == (130, True)


def test_ctrl_c_at_a_question_changes_nothing(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(options, "confirm", raise_abort)
    result = invoke("reset", "--data", str(data))
    assert (result.exit_code, result.stderr) == (130, "\nStopped; nothing was changed.\n")
    assert data_dir.is_ours(data)


def raise_abort(question: str) -> NoReturn:
    raise click.Abort


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [("n\n", 1, "Nothing was deleted."), ("", 1, "without a terminal, give --yes.")],
)
def test_reset_without_a_yes_deletes_nothing(data: Path, answer: str, code: int, said: str) -> None:
    result = invoke("reset", "--data", str(data), input=answer)
    assert result.exit_code == code
    assert said in result.output
    assert "Aborted" not in result.output
    assert data_dir.is_ours(data)


def test_ctrl_c_in_an_upload_says_how_far_it_came(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.tar.gz").write_bytes(b"")

    async def upload_one(
        url: str, token: str, tarballs: list[Path], note: Callable[[Ended], None]
    ) -> None:
        note(Ended("a.tar.gz", None))
        raise KeyboardInterrupt

    monkeypatch.setattr(galaxy_upload, "_upload_all", upload_one)
    result = invoke("galaxy-upload", "http://127.0.0.1:9/", str(tmp_path))
    assert result.exit_code == 130
    assert "1 published, 0 refused." in result.output
    assert result.stderr.endswith("Stopped; 2 more were not sent, or are still imported.\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_other_stop_signals_end_as_ctrl_c_does(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    try:
        errors.raise_on_stop_signals()
        with pytest.raises(StopSignal) as raised:
            signal.raise_signal(number)
    finally:
        signal.signal(number, before)
    assert Interrupted.by(raised.value, "Stopped.").exit_code == 128 + number


def test_a_second_ctrl_c_waits_for_what_must_end() -> None:
    done = []

    def stop() -> None:
        with errors.hold_back_interrupts():
            signal.raise_signal(signal.SIGINT)
            done.append("stopped PostgreSQL")

    with pytest.raises(KeyboardInterrupt):
        stop()
    assert done


def test_a_step_that_was_stopped_has_not_failed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt), step("Migrating"):
        raise KeyboardInterrupt
    assert capsys.readouterr().out == "Migrating ... stopped\n"


def test_ctrl_c_ends_the_migration_and_leaves_nothing_to_read(tmp_path: Path) -> None:
    """The terminal sends the signal to all processes; only the foreground one prints a message."""
    program = tmp_path / "python"
    program.write_text(SLOW)
    program.chmod(0o755)
    data_dir.create(tmp_path / "data")
    command = [sys.executable, "-c", CODE, str(tmp_path / "data"), str(program)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    ) as started:
        log = tmp_path / "data" / "logs" / "preparation.log"
        wait_until(lambda: log.exists() and log.read_text().endswith("\n"), what="a migration")
        os.killpg(started.pid, signal.SIGINT)
        said, _ = started.communicate(timeout=30)
    assert (started.returncode, said) == (130, b"")
    wait_until(lambda: not is_alive(int(log.read_text())), what="the end of the migration")


def is_alive(pid: int) -> bool:
    # The machine's init may be slow to reap a zombie.
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_passwords_are_not_asked_for_before_there_is_an_administrator(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (data / data_dir.OPTIONS_FILE).unlink()
    monkeypatch.setattr(options, "ask_password", interrupt)
    result = invoke("password", "--data", str(data))
    assert result.exit_code == 1
    assert "was never ready, and has no 'admin'" in result.stderr
