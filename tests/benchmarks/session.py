"""Parts of every run: progress lines, a temporary folder, and an end that cannot be cut short."""

import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click

from tests.benchmarks import machine

Say = Callable[[str], None]

#: Where the figures of full runs are kept.
DOCS: Final = Path(__file__).parents[2] / "docs" / "benchmarks"
_STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
#: The share of all cores that an idle machine uses.
_BUSY_PERCENT: Final = 5


def exit_on_stop_signals() -> None:
    """Let a stop signal unwind the blocks that hold the processes."""
    for number in _STOP_SIGNALS:
        signal.signal(number, lambda received, _: sys.exit(128 + received))


def begin_stopping(say: Say) -> None:
    # An impatient second Ctrl-C would leave a PostgreSQL behind.
    for number in _STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    say("stopping what was started (some 20 s)")


def measured_busy(say: Say) -> float:
    """Return the percentage of all cores that others use, and warn when it is too high."""
    busy = machine.busy_percent()
    if busy > _BUSY_PERCENT:
        say(f"WARNING: others use {busy:.0f} % of this machine: no figure will be worth much")
    return busy


@contextmanager
def temporary_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pulp_contentroutes-bench-") as name:
        folder = Path(name)
        # Root's PostgreSQL has an account of its own, which must be able to enter.
        folder.chmod(0o711)
        # pulp-glue keeps a copy of the API document in the cache of the user.
        os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
        yield folder


def narrator() -> Say:
    started = time.monotonic()

    def say(text: str) -> None:
        seconds = int(time.monotonic() - started)
        click.secho(
            f"{seconds // 60:02}:{seconds % 60:02} {text}",
            fg="red" if "INVALID" in text or "WARNING" in text else None,
            err=True,
        )

    return say
