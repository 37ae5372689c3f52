"""The output of a preparation goes to its log; the terminal gets steps and one sentence."""

import sys
from pathlib import Path

import pytest

from pulp_contentroutes.standalone import data_dir, prepare
from pulp_contentroutes.standalone.errors import StepFailed
from pulp_contentroutes.standalone.instance import Instance
from pulp_contentroutes.standalone.options import Options

#: A program in place of Python: it reads the password, complains, and ends without a result.
COMPLAINING = "#!/bin/sh\ncat >/dev/null\necho 'a hundred warnings' >&2\nexit 3\n"


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Instance:
    program = tmp_path / "python"
    program.write_text(COMPLAINING)
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    data_dir.create(tmp_path / "data")
    return Instance(tmp_path / "data", Options(), None, {})


def run_bootstrap(instance: Instance, is_verbose: bool) -> None:
    told = {"password": "geheim", "is_given": True}
    prepare._run_bootstrap(instance, told, "Pulp could not be prepared", is_verbose)


def test_a_failed_preparation_names_its_log(
    instance: Instance, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(StepFailed) as raised:
        run_bootstrap(instance, is_verbose=False)
    log = instance.logs / "preparation.log"
    said = "Pulp could not be prepared: it ended with exit code 3"
    assert str(raised.value) == f"{said} (its log is {log})"
    assert log.read_text() == "a hundred warnings\n"
    assert capfd.readouterr() == ("", "")


def test_with_verbose_it_is_all_on_the_terminal(
    instance: Instance, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(StepFailed, match=r"exit code 3$"):
        run_bootstrap(instance, is_verbose=True)
    assert capfd.readouterr().err == "a hundred warnings\n"


def test_a_preparation_after_one_that_was_stopped_knows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A half-copied static file is newer than its original, and would not be replaced."""
    data_dir.create(tmp_path / "data")
    instance = Instance(tmp_path / "data", Options(), None, {})
    told: list[bool] = []

    def run(instance: Instance, arguments: dict[str, bool], *rest: object) -> dict[str, bool]:
        told.append(arguments["was_stopped"])
        if len(told) == 2:
            raise KeyboardInterrupt
        return {"was_password_set": False}

    monkeypatch.setattr(prepare, "_run_bootstrap", run)
    monkeypatch.setattr(prepare, "_check_database", lambda instance: None)
    prepare.prepare(instance, None, None)
    with pytest.raises(KeyboardInterrupt):
        prepare.prepare(instance, None, None)
    prepare.prepare(instance, None, None)
    prepare.prepare(instance, None, None)
    assert told == [False, False, True, False]
