"""`pulp-contentroutes logs`: the last lines of the services' logs, and new lines as they come."""

import contextlib
from pathlib import Path

import click

from pulp_contentroutes.standalone import log_files
from pulp_contentroutes.standalone.errors import NoLog, NotRunning
from pulp_contentroutes.standalone.existing import find_instance, find_running
from pulp_contentroutes.standalone.parameters import LINES, data_option


@click.command()
@data_option
@click.argument("service", required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on with new lines until Pulp has stopped.")
@click.option("-n", "--lines", type=LINES, default=100, show_default=True, help="Of each service.")
def logs(data: Path, service: str | None, follow: bool, lines: int) -> None:
    """Show the last lines of the log of SERVICE, or of all services."""
    folder = find_instance(data).logs
    known = log_files.services(folder)
    if service and service not in known:
        raise NoLog(f"There is no log of '{service}': choose one of {', '.join(known) or 'none'}.")
    names = [service] if service else known
    width = max(map(len, names), default=0)
    with contextlib.suppress(KeyboardInterrupt):
        for name, line in log_files.read(folder, names, lines, lambda: follow and _runs(data)):
            click.echo(line if service else f"{name:{width}} | ".encode() + line, nl=False)


def _runs(data: Path) -> bool:
    try:
        find_running(data)
    except NotRunning:
        return False
    return True
