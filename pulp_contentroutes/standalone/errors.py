"""What can go wrong with a standalone Pulp, each a sentence with the way out.

StandaloneError             exit code 1; click prints "Error: <sentence>"
├── AlreadyRunning          a second instance on the same data folder
├── NotRunning              a command that needs the running instance
├── UnusableFolder          the data folder cannot be read, written or is somebody else's
├── NoDiskSpace
├── PortUnavailable
├── NoPostgreSQL            no server program on this machine, or one of the wrong version
├── DatabaseUnreachable     the database given with --database-url
├── StepFailed              a Pulp command of the first start ended with an error
├── NoLog                   a service that has none
└── BadSetting              --set NAME=VALUE that no Pulp setting can be
"""

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


class BadSetting(StandaloneError):
    pass
