"""Progress messages: the current step, and how long it took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import click


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
