"""A user id without a name, as in containers: it works, or one sentence says what to do."""

import ctypes
import os
import pwd
from pathlib import Path
from typing import NoReturn

import pytest
from click.testing import CliRunner

from pulp_contentroutes.standalone import data_dir, programs
from pulp_contentroutes.standalone.cli import main
from pulp_contentroutes.standalone.errors import NoPostgreSQL
from pulp_contentroutes.standalone.postgres import Cluster
from pulp_contentroutes.standalone.programs import Account

#: A fake initdb with the real error message; `id` gets the name from the C library, as initdb does.
INITDB = """#!/bin/sh
{}
[ "$(id -un)" = {} ] || {{
    echo 'initdb: could not look up effective user ID 54321: user does not exist' >&2
    exit 1
}}
mkdir "$2"
"""


def has_wrapper() -> bool:
    try:
        ctypes.CDLL("libnss_wrapper.so")
    except OSError:
        return False
    return True


@pytest.fixture
def nameless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """Return a cluster of a user without a name, whose initdb needs one."""

    def refuse(uid: int) -> NoReturn:
        raise KeyError(uid)

    monkeypatch.setattr(pwd, "getpwuid", refuse)
    monkeypatch.setattr(Account, "for_postgresql", lambda: None)
    monkeypatch.setattr(programs, "find_postgresql", lambda account: tmp_path)
    data_dir.create(tmp_path / "data")
    return Cluster(tmp_path / "data")


def write_initdb(tmp_path: Path, before: str, name: str) -> None:
    (tmp_path / "initdb").write_text(INITDB.format(before, name))
    (tmp_path / "initdb").chmod(0o755)


@pytest.mark.skipif(not has_wrapper(), reason="no nss_wrapper (Debian package libnss-wrapper)")
def test_nss_wrapper_gives_the_user_a_name(tmp_path: Path, nameless: Cluster) -> None:
    write_initdb(tmp_path, "", "pulp")
    nameless.initialise()
    assert nameless.data.exists()


def test_without_nss_wrapper_one_sentence_says_what_to_do(
    tmp_path: Path, nameless: Cluster
) -> None:
    write_initdb(tmp_path, "unset LD_PRELOAD", "nobody-is-called-so")
    with pytest.raises(NoPostgreSQL) as raised:
        nameless.initialise()
    said = str(raised.value)
    assert said.startswith(f"The user id {os.geteuid()} has no entry in /etc/passwd")
    assert "nss_wrapper" in said
    assert "--database-url" in said


def test_a_user_without_a_home_folder_is_asked_for_a_data_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Otherwise Pulp would use a folder called `~` below the current one."""
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    result = CliRunner().invoke(main, ["status"])
    assert result.exit_code == 1
    assert "has no home folder: say where with --data DIR" in result.output
