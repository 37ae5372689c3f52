"""The command line: `pulp-contentroutes --help`."""

import contextlib
import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import click

from pulp_contentroutes.standalone import data_dir, health, logs, options, prepare
from pulp_contentroutes.standalone.environment import command_line, program
from pulp_contentroutes.standalone.errors import (
    Interrupted,
    NoLog,
    NotRunning,
    StandaloneError,
    raise_on_stop_signals,
)
from pulp_contentroutes.standalone.galaxy_upload import galaxy_upload
from pulp_contentroutes.standalone.options import data_option, new_data_option
from pulp_contentroutes.standalone.prepare import (
    find_instance,
    find_running,
    find_usable,
    with_database,
)
from pulp_contentroutes.standalone.serve import serve as run

_STOP_SECONDS = 15


class _Group(click.Group):
    """A group that turns errors of the operating system, and Ctrl-C, into one sentence."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except KeyboardInterrupt as stopped:
            raise Interrupted.by(stopped, "Stopped.") from None
        except click.Abort:
            # Ctrl-C at a prompt.
            raise Interrupted("Stopped; nothing was changed.") from None
        except BrokenPipeError:
            # `… | head`: click ends quietly.
            raise
        except OSError as error:
            where = f": {error.filename}" if error.filename else ""
            raise StandaloneError(f"{error.strerror or error}{where}") from error


@click.group(
    cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="pulp-contentroutes")
def main() -> None:
    """Run a whole Pulp on this machine: PostgreSQL, API, content app, task worker and nginx.

    \b
    pulp-contentroutes serve --demo        first start: about half a minute
    pulp-contentroutes status              in a second terminal
    eval "$(pulp-contentroutes env)"       then any Pulp command works on it
    """


@main.command()
@new_data_option
@click.option("--port", type=options.PORT, help="First port. [first start: 8080]")
@click.option(
    "--bind",
    callback=options.parse_address,
    help="Address to listen on; beyond 127.0.0.1 without TLS. [first start: 127.0.0.1]",
)
@click.option(
    "--admin-password",
    envvar="CONTENTROUTES_ADMIN_PASSWORD",
    callback=options.take_password,
    help="Set the password of 'admin'. Without it, the first start makes one up and prints it. "
    "The variable CONTENTROUTES_ADMIN_PASSWORD keeps it out of the history of the shell.",
)
@click.option("--content-workers", type=options.PROCESSES, help="[first start: 2]")
@click.option("--api-workers", type=options.PROCESSES, help="[first start: 1]")
@click.option("--task-workers", type=options.PROCESSES, help="[first start: 1]")
@click.option(
    "--database-url",
    metavar="URL",
    envvar="CONTENTROUTES_DATABASE_URL",
    help="An existing PostgreSQL, postgresql://USER:PASSWORD@HOST:PORT/DATABASE, instead of one "
    "in the data folder.",
)
@click.option(
    "--media-root",
    metavar="DIR",
    callback=options.make_absolute,
    help="Where artifacts are stored.",
)
@click.option(
    "--redis-url",
    metavar="URL",
    envvar="CONTENTROUTES_REDIS_URL",
    help="Turn on Pulp's content cache with this Redis.",
)
@click.option("--nginx/--no-nginx", default=None, help="One port with nginx in front, or two.")
@click.option("--demo", is_flag=True, help="Load a small file repository and a Galaxy server.")
@click.option(
    "--set",
    "settings",
    metavar="NAME=VALUE",
    multiple=True,
    callback=options.parse_settings,
    help="Any Pulp setting, for instance DOMAIN_ENABLED=true; may be repeated.",
)
@click.option("--verbose", is_flag=True, help="Print the logs of all services as they come, too.")
def serve(data: Path, admin_password: str | None, demo: bool, verbose: bool, **given: Any) -> None:
    """Start Pulp and stay in the foreground; Ctrl-C stops it.

    The first start makes the data folder, keys, a PostgreSQL and an administrator. Options given
    once are remembered for the next start; an empty value takes one back. Nothing listens beyond
    127.0.0.1 unless --bind says so.
    """
    try:
        code = run(data, given, admin_password, demo, verbose)
    except KeyboardInterrupt as stopped:
        # The options of this start are not remembered yet.
        said = "Stopped before Pulp was ready; give the command again, and it goes on from here."
        raise Interrupted.by(stopped, said) from None
    raise SystemExit(code)


@main.command()
@data_option
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def status(data: Path, as_json: bool) -> None:
    """Show each process, its address and its health.

    Exit code: 0 if all are healthy, 1 if one is not, 3 if Pulp is not running.
    """
    state = find_running(data)
    if not state.services:
        raise StandaloneError("It is being prepared: its processes have not been started yet.")
    reports = health.check(find_instance(data), state)
    if as_json:
        click.echo(json.dumps([report.as_dict() for report in reports], indent=2))
    else:
        width = max(len(report.service.address) for report in reports)
        click.echo(
            f"{'NAME':12}{'PID':>8}  {'ADDRESS':{width}}  {'UP':>7}  {'RESTARTS':>8}  HEALTH"
        )
        for report in reports:
            service = report.service
            up = "-"
            if service.started:
                minutes, seconds = divmod(int(time.time() - service.started), 60)
                hours, minutes = divmod(minutes, 60)
                up = f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
            click.echo(
                f"{service.name:12}{service.pid or '-':>8}  {service.address:{width}}  {up:>7}  "
                f"{service.restarts:>8}  {report.problem or 'healthy'}"
            )
    raise SystemExit(1 if any(report.problem for report in reports) else 0)


@main.command()
@data_option
def stop(data: Path) -> None:
    """Stop the Pulp that runs in the data folder, and wait until it has ended."""
    os.kill(find_running(data).supervisor, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    try:
        while data_dir.is_held(data):
            if time.monotonic() > deadline:
                raise StandaloneError(
                    f"It has not ended within {_STOP_SECONDS} s: see its terminal."
                )
            time.sleep(0.1)
    except KeyboardInterrupt as stopped:
        raise Interrupted.by(stopped, "Nobody waits any more; it is still stopping.") from None
    click.echo("Stopped.")


@main.command()
@data_option
def env(data: Path) -> None:
    """Print `export` lines with which any Pulp command works on this instance.

    \b
    eval "$(pulp-contentroutes env)"
    pulpcore-content --bind 127.0.0.1:9999
    """
    for name, value in find_usable(data).variables.items():
        quoted = value.replace("'", "'\\''")
        click.echo(f"export {name}='{quoted}'")


@main.command(context_settings={"ignore_unknown_options": True})
@data_option
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def manage(data: Path, arguments: tuple[str, ...]) -> None:
    """Run pulpcore-manager on this instance, whether it is running or not."""
    raise_on_stop_signals()
    with with_database(data) as instance:
        # Ctrl-C is for the command, which may be a shell.
        signal.signal(signal.SIGINT, lambda *_: None)
        command = [program("pulpcore-manager"), *arguments]
        code = subprocess.run(command, env=instance.environment, check=False).returncode
    # As a shell reports a command that was ended by a signal.
    raise SystemExit(code if code >= 0 else 128 - code)


@main.command()
@data_option
def password(data: Path) -> None:
    """Set a new password of 'admin', whether Pulp is running or not.

    Asks for it twice on a terminal; without one, reads one line from standard input:

    \b
    echo "$PASSWORD" | pulp-contentroutes password
    """
    if not (find_instance(data).folder / data_dir.OPTIONS_FILE).exists():
        raise StandaloneError(
            f"The Pulp in {data} was never ready, and has no 'admin': '"
            f"{command_line(data, 'serve')}' makes one, with a password."
        )
    new = options.ask_password()
    raise_on_stop_signals()
    with with_database(data) as instance:
        prepare.set_password(instance, new)
    click.echo("'admin' has the new password. Tokens and other users are as they were.")


@main.command()
@data_option
@click.option("--yes", is_flag=True, help="Do not ask.")
def reset(data: Path, yes: bool) -> None:
    """Delete the data folder: database, content, keys and settings.

    A database given with --database-url and a folder given with --media-root are left alone.
    """
    find_instance(data)
    if not yes and not options.confirm(f"Delete everything in {data}? This cannot be undone."):
        click.echo("Nothing was deleted.")
        raise SystemExit(1)
    try:
        with data_dir.hold(data):
            left = data_dir.remove_contents(data)
    except KeyboardInterrupt as stopped:
        said = "Stopped; a part is deleted. Give the command again to delete the rest."
        raise Interrupted.by(stopped, said) from None
    click.echo(f"Deleted {data}.")
    if left:
        click.echo(
            f"The database in {left} was left: it belongs to a Pulp of which this was a copy, or "
            "from which it was made. Delete it yourself if no other Pulp needs it."
        )


@main.command("logs")
@data_option
@click.argument("service", required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on with new lines until Pulp has stopped.")
@click.option(
    "-n", "--lines", type=options.LINES, default=100, show_default=True, help="Of each service."
)
def show_logs(data: Path, service: str | None, follow: bool, lines: int) -> None:
    """Show the last lines of the log of SERVICE, or of all services."""
    where = find_instance(data).logs
    known = logs.services(where)
    if service and service not in known:
        raise NoLog(f"There is no log of '{service}': choose one of {', '.join(known) or 'none'}.")
    names = [service] if service else known
    width = max(map(len, names), default=0)
    with contextlib.suppress(KeyboardInterrupt):
        for name, line in logs.read(where, names, lines, lambda: follow and _runs(data)):
            click.echo(line if service else f"{name:{width}} | ".encode() + line, nl=False)


def _runs(data: Path) -> bool:
    try:
        find_running(data)
    except NotRunning:
        return False
    return True


main.add_command(galaxy_upload)
