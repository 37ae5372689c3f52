"""What can go wrong with a standalone Pulp, each a sentence with the way out.

StandaloneError             exit code 1; click prints "Error: <sentence>"
├── AlreadyRunning          a second instance on the same data folder
├── NotRunning              a command that needs the running instance
├── UnusableFolder          the data folder cannot be read, written or is somebody else's
├── SharedWithOriginal      a copied data folder whose database or content is the original's
├── NoDiskSpace
├── PortUnavailable
├── NoPostgreSQL            no server program on this machine, or one of the wrong version
├── DatabaseUnreachable     the database given with --database-url
├── StepFailed              a Pulp command of the first start ended with an error
├── NoLog                   a service that has none
├── BadPassword             one that nobody could log in with
├── Interrupted             Ctrl-C, or another stop signal; exit code 130, and no "Error: "
└── BadSetting              --set NAME=VALUE that no Pulp setting can be
"""

import signal
from typing import IO, Any, Self

import click


class StandaloneError(click.ClickException):
    """`str(error)` is one clear sentence, followed by what to do."""


class AlreadyRunning(StandaloneError):
    pass


class NotRunning(StandaloneError):
    # As of service scripts: 3 is "not running" (LSB, init script actions).
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
    """By a signal, `number`; as of shells, the exit code is 128 more."""

    def __init__(self, sentence: str, number: int = signal.SIGINT) -> None:
        super().__init__(sentence)
        # click asks the instance.
        self.exit_code = 128 + number  # type: ignore[misc]

    @classmethod
    def by(cls, stopped: KeyboardInterrupt, sentence: str) -> Self:
        """Return one by SIGINT, unless `stopped` knows another signal."""
        return cls(sentence, getattr(stopped, "number", signal.SIGINT))

    def show(self, file: IO[Any] | None = None) -> None:
        # Wherever the cursor stands: in a line that says what is being done.
        click.echo(f"\n{self.message}", file=file, err=True)


class BadSetting(StandaloneError):
    pass
