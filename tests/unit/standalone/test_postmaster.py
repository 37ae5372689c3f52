"""postmaster.pid: no other process is taken for our server, and so none is stopped."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pulp_contentroutes.standalone import database


@pytest.fixture
def server(tmp_path: Path) -> Iterator[int]:
    """Run a process in the folder `original`, like a server; yield its process id."""
    (tmp_path / "original").mkdir()
    command = [sys.executable, "-c", "input()"]
    with subprocess.Popen(command, cwd=tmp_path / "original", stdin=subprocess.PIPE) as process:
        yield process.pid
        process.communicate(b"\n")


def write(data: Path, pid: int, said: Path) -> bytes:
    """Write the file as a server in the folder `said` would; return its content."""
    data.mkdir(exist_ok=True)
    text = b"%d\n%s\n1700000000\n5432\n" % (pid, os.fsencode(said))
    (data / database.POSTMASTER_FILE).write_bytes(text)
    return text


def test_the_server_of_these_files_is_left_alone(tmp_path: Path, server: int) -> None:
    data = tmp_path / "original"
    text = write(data, server, data)
    assert database.is_in_use(data)
    assert not database.forget_other_server(data)
    assert (data / database.POSTMASTER_FILE).read_bytes() == text


def test_the_server_of_a_copys_original_is_forgotten(tmp_path: Path, server: int) -> None:
    data = tmp_path / "copy"
    text = write(data, server, tmp_path / "original")
    assert not database.is_in_use(data)
    assert database.forget_other_server(data)
    written = (data / database.POSTMASTER_FILE).read_bytes()
    assert written == text.replace(b"%d\n" % server, b"2147483647\n")
    assert not database.forget_other_server(data)


def test_a_number_that_was_given_out_anew_is_forgotten(tmp_path: Path) -> None:
    write(tmp_path / "data", os.getpid(), tmp_path / "data")
    assert database.forget_other_server(tmp_path / "data")


def test_a_server_is_known_after_its_folder_was_renamed(tmp_path: Path, server: int) -> None:
    write(tmp_path / "original", server, tmp_path / "original")
    moved = (tmp_path / "original").rename(tmp_path / "moved")
    assert database.is_in_use(moved)


@pytest.mark.parametrize("text", [b"", b"x\n", b"-\n", b"2147483647\n/x\n"])
def test_a_file_without_a_running_process_changes_nothing(tmp_path: Path, text: bytes) -> None:
    (tmp_path / database.POSTMASTER_FILE).write_bytes(text)
    assert not database.forget_other_server(tmp_path)
    assert (tmp_path / database.POSTMASTER_FILE).read_bytes() == text


def test_without_the_file_nothing_runs(tmp_path: Path) -> None:
    assert not database.is_in_use(tmp_path)
    assert not database.forget_other_server(tmp_path)
