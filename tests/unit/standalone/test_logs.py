"""The services' logs: bounded, private, and read back in order."""

import contextlib
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from pulp_contentroutes.standalone import cli, data_dir, logs
from pulp_contentroutes.standalone.cli import main
from pulp_contentroutes.standalone.logs import LogFile, path_of, read, tail

Open = Callable[..., LogFile]
LINE = b"x" * 99 + b"\n"


@pytest.fixture
def open_log(tmp_path: Path) -> Iterator[Open]:
    """Yield a function that opens logs of the service "a"; they are closed after the test."""
    with contextlib.ExitStack() as stack:

        def make(most_bytes: int = logs.MOST_BYTES) -> LogFile:
            log = LogFile(path_of(tmp_path, "a"), most_bytes)
            return stack.enter_context(contextlib.closing(log))

        yield make


def size_of(data: Path) -> int:
    return sum(path.stat().st_size for path in data.iterdir())


def test_a_log_takes_no_more_than_twice_its_bound(tmp_path: Path, open_log: Open) -> None:
    log = open_log(1000)
    for _ in range(1000):
        log.write(LINE)
        assert size_of(tmp_path) <= 2000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.log", "a.log.1"]
    assert size_of(tmp_path) > 1000


def test_the_bound_counts_what_an_earlier_run_has_written(tmp_path: Path, open_log: Open) -> None:
    for _ in range(5):
        log = open_log(1000)
        for _ in range(9):
            log.write(LINE)
    assert size_of(tmp_path) <= 2000


def test_both_files_are_their_owners_only(tmp_path: Path, open_log: Open) -> None:
    log = open_log(100)
    for _ in range(3):
        log.write(LINE)
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def test_a_line_without_an_end_gets_one(tmp_path: Path, open_log: Open) -> None:
    log = open_log()
    log.write(b"one")
    log.write(b"two\n")
    assert path_of(tmp_path, "a").read_bytes() == b"one\ntwo\n"


def test_a_log_goes_on_after_the_disk_was_full(
    tmp_path: Path, open_log: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = open_log()
    with monkeypatch.context() as full:

        def refuse(path: Path) -> None:
            raise OSError(28, "No space left on device")

        full.setattr(logs, "_open", refuse)
        log.write(b"lost\n")
    log.write(b"kept\n")
    assert path_of(tmp_path, "a").read_bytes() == b"kept\n"


def test_the_tail_is_that_of_the_latest_run(tmp_path: Path, open_log: Open) -> None:
    log = open_log()
    log.write_start(1)
    log.write(b"of the first run\n")
    log.write_start(2)
    assert tail(path_of(tmp_path, "a"), 10) == []
    for number in range(20):
        log.write(f"{number} \xff\n".encode("latin-1"))
    assert tail(path_of(tmp_path, "a"), 2) == ["18 �", "19 �"]
    assert tail(tmp_path / "none.log", 2) == []


def test_the_last_lines_reach_back_over_the_begin_of_a_file(tmp_path: Path, open_log: Open) -> None:
    log = open_log(30)
    for number in range(10):
        log.write(f"line {number:04}\n".encode())
    found = [line for _, line in read(tmp_path, ["a"], 4, lambda: False)]
    assert found == [f"line {number:04}\n".encode() for number in range(6, 10)]


def test_following_misses_nothing_when_a_file_is_full_or_the_end_comes(
    tmp_path: Path, open_log: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "_FOLLOW_SECONDS", 0)
    log = open_log(100)
    expected = [f"line {number:04}\n".encode() for number in range(50)]
    log.write(expected[0])

    def goes_on() -> bool:
        written = next(numbers)
        for line in expected[written : written + 7]:
            log.write(line)
        return written + 7 < 50

    numbers: Iterator[int] = iter(range(1, 50, 7))
    assert [line for _, line in read(tmp_path, ["a"], 5, goes_on)] == expected


def test_following_holds_no_file_that_was_replaced(
    tmp_path: Path, open_log: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each would keep 10 MiB of the disk for as long as the command runs."""
    monkeypatch.setattr(logs, "_FOLLOW_SECONDS", 0)
    log = open_log(100)
    log.write(LINE)
    held: list[int] = []

    def goes_on() -> bool:
        log.write(LINE)
        files = [Path(each.path) for each in psutil.Process().open_files()]
        held.append(sum(each.parent == tmp_path for each in files))
        return len(held) < 8

    list(read(tmp_path, ["a"], 5, goes_on))
    assert max(held) <= 3


@pytest.fixture
def data(tmp_path: Path) -> Path:
    data_dir.create(tmp_path)
    for name in ("api", "content"):
        path_of(tmp_path / "logs", name).write_text(f"I am {name}\n")
    return tmp_path


def show(data: Path, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["logs", "--data", str(data), *arguments])
    return result.exit_code, result.output


def test_logs_shows_one_service_as_it_is_and_all_with_their_names(data: Path) -> None:
    assert show(data, "api") == (0, "I am api\n")
    assert show(data) == (0, "api     | I am api\ncontent | I am content\n")
    assert show(data, "-n", "0") == (0, "")


def test_logs_of_an_unknown_service_names_the_known_ones(data: Path) -> None:
    code, said = show(data, "../secret.key")
    assert code == 1
    assert "There is no log of '../secret.key': choose one of api, content." in said


def test_following_ends_when_nothing_runs(data: Path) -> None:
    assert show(data, "api", "--follow") == (0, "I am api\n")


def test_ctrl_c_ends_following_without_a_word(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(data: Path) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_runs", interrupt)
    assert show(data, "api", "--follow") == (0, "I am api\n")
