"""Processes that the measurements need: each ends with its block, for any reason."""

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psutil

from tests.harness.waiting import connects, wait_until

_START_SECONDS: Final = 60
_STOP_SECONDS: Final = 10


@contextmanager
def running(
    command: Sequence[str],
    port: int,
    log: Path,
    environment: Mapping[str, str] | None = None,
    folder: str | Path = "/",
) -> Iterator[int]:
    """Run `command`, which listens on `port`, for the block; yield its process id."""
    with log.open("ab") as output:
        process = start(command, output.fileno(), environment, folder)
    try:

        def is_listening() -> bool:
            assert process.poll() is None, f"{command[0]} ended: see {log}"
            return connects(port)

        wait_until(is_listening, _START_SECONDS, f"{command[0]} listens: see {log}")
        yield process.pid
    finally:
        stop(process)


def start(
    command: Sequence[str],
    output: int,
    environment: Mapping[str, str] | None = None,
    folder: str | Path = "/",
) -> subprocess.Popen[bytes]:
    """Start `command` in a session of its own, so that a terminal's Ctrl-C does not reach it."""
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=environment,
        cwd=folder,
        start_new_session=True,
    )


def stop(process: subprocess.Popen[bytes], seconds: float = _STOP_SECONDS) -> None:
    """End a process, by force if it takes its time."""
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def worker_rss(pid: int) -> int:
    """Return the resident memory of the worker below `pid`, or of `pid` if it has none."""
    process = psutil.Process(pid)
    workers = process.children() or [process]
    return max(int(worker.memory_info().rss) for worker in workers)
