"""`pulp-contentroutes password`: not from the command line, and only passwords that can be sent."""

import io
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pulp_contentroutes.standalone import cli, data_dir, options, prepare
from pulp_contentroutes.standalone.errors import BadPassword
from pulp_contentroutes.standalone.logs import step
from pulp_contentroutes.standalone.options import Options
from pulp_contentroutes.standalone.postgres import Cluster

GOOD = [
    "x",
    "ä:b c",
    "p" * options.MOST_PASSWORD_CHARACTERS,
    "𝄞" * options.MOST_PASSWORD_CHARACTERS,
]
BAD = ["", "p" * (options.MOST_PASSWORD_CHARACTERS + 1), "a\tb", "a\0b", "a\x7fb", "a\udcffb"]


@pytest.fixture
def set_passwords(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list of passwords that are set, without running PostgreSQL and Django."""
    set_passwords: list[str] = []
    data_dir.create(tmp_path / "data")
    (tmp_path / "data" / data_dir.OPTIONS_FILE).write_text(Options(nginx=False).dump())
    monkeypatch.setattr(Cluster, "running", lambda self: step("Running"))
    monkeypatch.setattr(
        prepare, "set_password", lambda instance, password: set_passwords.append(password)
    )
    return set_passwords


def run(tmp_path: Path, stdin: str | bytes, *options: str) -> Any:
    return CliRunner().invoke(
        cli.main, ["password", "--data", str(tmp_path / "data"), *options], input=stdin
    )


@pytest.mark.parametrize("password", GOOD)
@pytest.mark.parametrize("end", ["\n", "\r\n", "", "\nanother line\n"])
def test_one_line_of_standard_input_is_the_password(
    tmp_path: Path, set_passwords: list[str], password: str, end: str
) -> None:
    result = run(tmp_path, password + end)
    assert result.exit_code == 0, result.output
    assert set_passwords == [password]
    assert "'admin' has the new password." in result.output


@pytest.mark.parametrize("password", BAD)
def test_what_no_client_can_send_is_refused(password: str) -> None:
    with pytest.raises(BadPassword) as raised:
        options.check_password(password)
    assert not password or password not in str(raised.value)


def test_a_bad_line_sets_nothing(tmp_path: Path, set_passwords: list[str]) -> None:
    for line in (b"", b"\n", b"a\x00b\n", b"\xff\n", b"p" * 10_000_000):
        result = run(tmp_path, line)
        assert result.exit_code == 1, line[:10]
        assert result.stderr.startswith("Error: The password ")
    assert set_passwords == []


def test_the_command_line_takes_no_password(tmp_path: Path, set_passwords: list[str]) -> None:
    assert run(tmp_path, "good\n", "geheim").exit_code == 2
    assert run(tmp_path, "good\n", "--password", "geheim").exit_code == 2
    assert set_passwords == []


def test_a_terminal_is_asked_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["first", "other", "second", "second"])
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(answers))
    monkeypatch.setattr("click.termui.hidden_prompt_func", lambda prompt: next(answers))
    terminal = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)
    assert options.ask_password() == "second"


@pytest.mark.parametrize("password", [*BAD[1:3], BAD[4]])
def test_serve_refuses_a_password_that_no_client_can_send(tmp_path: Path, password: str) -> None:
    result = CliRunner().invoke(
        cli.main,
        ["serve", "--data", str(tmp_path / "x")],
        env={"CONTENTROUTES_ADMIN_PASSWORD": password},
    )
    assert result.exit_code == 2
    assert password not in result.output
    assert not (tmp_path / "x").exists()
