"""`pulp-contentroutes serve`: starts the Pulp in a data folder, runs it, and shuts it down."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from pulp_contentroutes.standalone import (
    copies,
    database,
    demo,
    folder,
    herald,
    prepare,
    reach,
    state,
)
from pulp_contentroutes.standalone.errors import StandaloneError
from pulp_contentroutes.standalone.files import write_private
from pulp_contentroutes.standalone.instance import Instance
from pulp_contentroutes.standalone.interrupts import raise_on_stop_signals
from pulp_contentroutes.standalone.locations import command_line
from pulp_contentroutes.standalone.options import Options
from pulp_contentroutes.standalone.services import services
from pulp_contentroutes.standalone.supervisor import Supervisor
from pulp_contentroutes.standalone.watched import Child


def serve(
    data: Path,
    given: dict[str, Any],
    admin_password: str | None,
    with_demo: bool,
    is_verbose: bool,
) -> int:
    """Run the instance in `data` until it is told to stop; return the exit code.

    `given` are the options of this start that replace the remembered ones. Raises StandaloneError.
    """
    started = time.monotonic()
    # In effect until the supervisor has handlers of its own.
    raise_on_stop_signals()
    folder.create(data)
    with folder.hold(data), _announce(data / "run"):
        options = Options.load(data / folder.OPTIONS_FILE).with_changes(given)
        instance, cluster = prepare.instance_of(data, options)
        prepare.check_ports(instance)
        click.echo(f"Pulp in {data}")
        copies.settle(instance, cluster, given)
        instance, cluster = prepare.instance_of(data, options)
        warning = reach.warning(instance)
        if warning:
            click.echo(warning, err=True)
        password = prepare.prepare(instance, cluster, admin_password, is_verbose)
        # Only now, except for a copy (`settle`): options that do not work must not be remembered.
        write_private(data / folder.OPTIONS_FILE, options.dump())
        is_new = password is not None and not admin_password
        if is_new:
            click.echo(f"The password of 'admin', shown only now: {password}")
        if with_demo and not password and not demo.is_loaded(data):
            raise StandaloneError(
                "--demo needs the admin password, which was made at an earlier start: add "
                "--admin-password NEW to set a new one."
            )
        to_run = services(instance, cluster)
        click.echo("\nStarting, each with its log:")
        for service in to_run:
            click.echo(f"  {service.name:12} {service.address}")
        click.echo(f"  {command_line(data, 'logs')} [SERVICE] [--follow]")
        supervisor = Supervisor(
            to_run,
            is_database_ready=lambda: database.problem(instance.database, seconds=2) is None,
            on_change=lambda children: _report(instance, children),
            logs=instance.logs,
            is_verbose=is_verbose,
        )
        supervisor.run_beside(herald.announce, instance, started, with_demo, password, is_new)
        try:
            code = supervisor.loop()
        finally:
            if cluster:
                cluster.remove_sockets()
        click.echo("Stopped." if code == 0 else "Stopped after a failure: see above.")
        return code


@contextmanager
def _announce(run: Path) -> Iterator[None]:
    """Let `status` and `stop` find this process during the block; at first, no service runs."""
    state.write(run, [])
    try:
        yield
    finally:
        state.remove(run)


def _report(instance: Instance, children: list[Child]) -> None:
    state.write(
        instance.run,
        [
            state.ServiceState(
                child.service.name,
                child.service.address,
                child.pid,
                state.wall_clock(child.started) if child.pid else None,
                child.restarts,
            )
            for child in children
        ],
    )
