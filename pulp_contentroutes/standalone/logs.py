"""The services' logs, in files of bounded size, and the steps of a start on the terminal."""

import contextlib
import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Final

import click

#: The most bytes in one file; each service has its current file and the one before.
MOST_BYTES: Final = 10 * 1024 * 1024
#: A longer line is cut into several.
LONGEST_LINE: Final = 64 * 1024
_SUFFIX: Final = ".log"
_OLDER: Final = ".1"
# Begins the line that separates one run of a service from the next.
_START: Final = "--- started "
_TAIL_BYTES: Final = 16 * 1024
_FOLLOW_SECONDS: Final = 0.2


def path_of(folder: Path, service: str) -> Path:
    return folder / f"{service}{_SUFFIX}"


def services(folder: Path) -> list[str]:
    """Return the names of the services that have a log."""
    return sorted(path.name.removesuffix(_SUFFIX) for path in folder.glob(f"*{_SUFFIX}"))


def create(path: Path) -> IO[bytes]:
    """Open a new, empty log that only its owner can read."""
    path.unlink(missing_ok=True)
    return _open(path)


class LogFile:
    """A log of lines in `path`; at `most_bytes` it begins a new file, and keeps the full one.

    On a full disk, lines are lost, and nothing else.
    """

    def __init__(self, path: Path, most_bytes: int = MOST_BYTES) -> None:
        self._path = path
        self._most_bytes = most_bytes
        self._file: IO[bytes] | None = None

    def write_start(self, pid: int) -> None:
        """Mark where a run of the service begins."""
        now = time.strftime("%Y-%m-%d %H:%M:%S %z")
        self.write(f"{_START}{now}, process {pid} ---\n".encode())

    def write(self, line: bytes) -> None:
        """Append one line, given with or without its newline."""
        line = line if line.endswith(b"\n") else line + b"\n"
        try:
            self._file = self._file or _open(self._path)
            size = os.fstat(self._file.fileno()).st_size
            if size and size + len(line) > self._most_bytes:
                self._file.close()
                self._path.replace(_older(self._path))
                self._file = _open(self._path)
            self._file.write(line)
        except OSError:
            # The next line tries again.
            self.close()

    def close(self) -> None:
        if self._file:
            self._file.close()
            self._file = None


def tail(path: Path, count: int) -> list[str]:
    """Return up to `count` lines from the end of the latest run; none if the file is unreadable."""
    with contextlib.suppress(OSError), path.open("rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL_BYTES))
        lines = file.read().decode(errors="replace").splitlines()
        starts = [number for number, line in enumerate(lines) if line.startswith(_START)]
        return lines[starts[-1] + 1 if starts else 0 :][-count:]
    return []


def read(
    folder: Path, names: Sequence[str], count: int, goes_on: Callable[[], bool]
) -> Iterator[tuple[str, bytes]]:
    """Yield the last `count` lines of each log with its service; then new ones, while `goes_on`."""
    with ExitStack() as stack:
        opened = {name: stack.enter_context(path_of(folder, name).open("rb")) for name in names}
        for name, file in opened.items():
            lines: deque[bytes] = deque(maxlen=count)
            with (
                contextlib.suppress(FileNotFoundError),
                _older(path_of(folder, name)).open("rb") as older,
            ):
                lines.extend(older)
            lines.extend(file)
            yield from ((name, line) for line in lines)
        while True:
            # Called before the files are read, so that no line written before the end is missed.
            is_last = not goes_on()
            for name in names:
                path = path_of(folder, name)
                is_replaced = False
                with contextlib.suppress(FileNotFoundError):
                    descriptor = opened[name].fileno()
                    is_replaced = not os.path.samestat(path.stat(), os.fstat(descriptor))
                yield from ((name, line) for line in opened[name])
                if is_replaced:
                    opened[name].close()
                    opened[name] = stack.enter_context(path.open("rb"))
                    yield from ((name, line) for line in opened[name])
            if is_last:
                return
            time.sleep(_FOLLOW_SECONDS)


def _older(path: Path) -> Path:
    return path.with_name(path.name + _OLDER)


def _open(path: Path) -> IO[bytes]:
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    return open(descriptor, "ab", buffering=0)


@contextmanager
def step(label: str, output: IO[str] | None = None) -> Iterator[None]:
    """Print `label` when the block starts and its duration when it ends (None: on stdout)."""
    click.echo(f"{label} ... ", nl=False, file=output)
    started = time.monotonic()
    try:
        yield
    except BaseException as error:
        is_told = isinstance(error, KeyboardInterrupt)
        click.echo("stopped" if is_told else "failed", file=output)
        raise
    click.echo(f"{time.monotonic() - started:.1f} s", file=output)
