"""The errors of a standalone Pulp, and the signals that end a command.

The message of each error is a sentence and says what to do.

StandaloneError             exit code 1; click prints "Error: <sentence>"
├── AlreadyRunning          a second instance on the same data folder
├── NotRunning              a command that needs the running instance
├── UnusableFolder          the data folder cannot be read or written, or is another user's
├── SharedWithOriginal      a copied data folder whose database or content is the original's
├── NoDiskSpace
├── PortUnavailable
├── NoPostgreSQL            no server program on this machine, or one of the wrong version
├── DatabaseUnreachable     the database given with --database-url
├── StepFailed              a Pulp command of the first start ended with an error
├── NoLog                   a service without a log
├── BadPassword             a password with which no client could log in
├── Interrupted             Ctrl-C, or another stop signal; exit code 130, and no "Error: "
└── BadSetting              --set NAME=VALUE that cannot be a Pulp setting
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, Self

import click


class StandaloneError(click.ClickException):
    """`str(error)` is one clear sentence, followed by what to do."""


class AlreadyRunning(StandaloneError):
    pass


class NotRunning(StandaloneError):
    # As in service scripts: 3 means "not running" (LSB, init script actions).
    exit_code = 3


class UnusableFolder(StandaloneError):
    pass


class SharedWithOriginal(StandaloneError):
    pass


class NoDiskSpace(StandaloneError):
    pass


class PortUnavailable(StandaloneError):
    pass


class NoPostgreSQL(StandaloneError):
    pass


class DatabaseUnreachable(StandaloneError):
    pass


class StepFailed(StandaloneError):
    pass


class NoLog(StandaloneError):
    pass


class BadPassword(StandaloneError):
    pass


class Interrupted(StandaloneError):
    """A stop by the signal `number`; as in shells, the exit code is 128 + `number`."""

    def __init__(self, sentence: str, number: int = signal.SIGINT) -> None:
        super().__init__(sentence)
        # click reads the exit code from the instance.
        self.exit_code = 128 + number  # type: ignore[misc]

    @classmethod
    def by(cls, stopped: KeyboardInterrupt, sentence: str) -> Self:
        """Return the error for the signal that `stopped` names, or for SIGINT if it names none."""
        return cls(sentence, getattr(stopped, "number", signal.SIGINT))

    def show(self, file: IO[Any] | None = None) -> None:
        # On a new line: the cursor may be in a line that shows the current step.
        click.echo(f"\n{self.message}", file=file, err=True)


class BadSetting(StandaloneError):
    pass


class StopSignal(KeyboardInterrupt):
    """A signal that ends a command as Ctrl-C does."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


@contextmanager
def hold_back_interrupts() -> Iterator[None]:
    """Defer Ctrl-C, which may be the second one, until after the block."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def raise_on_stop_signals() -> None:
    """Let every stop signal unwind the blocks that hold PostgreSQL, as Ctrl-C does."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _raise)


def _raise(number: int, frame: object) -> None:
    raise StopSignal(number)
