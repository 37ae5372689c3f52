"""Say what is being done, and how long it took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import click


@contextmanager
def step(label: str, err: bool = False) -> Iterator[None]:
    """Print `label` when the block starts and its duration when it ends (`err`: on stderr)."""
    click.echo(f"{label} ... ", nl=False, err=err)
    started = time.monotonic()
    try:
        yield
    except BaseException:
        click.echo("failed", err=err)
        raise
    click.echo(f"{time.monotonic() - started:.1f} s", err=err)
