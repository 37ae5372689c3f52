"""`pulp-contentroutes serve`: starts the Pulp in a data folder, runs it, and shuts it down."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import click

from pulp_contentroutes import demo
from pulp_contentroutes.paths import CONTENT_PREFIX, GALAXY_PREFIX, percent_encode, with_domain
from pulp_contentroutes.standalone import copies, data_dir, database, health, prepare, reach, state
from pulp_contentroutes.standalone.configuration import services
from pulp_contentroutes.standalone.environment import command_line
from pulp_contentroutes.standalone.errors import raise_on_stop_signals
from pulp_contentroutes.standalone.instance import Instance
from pulp_contentroutes.standalone.options import Options
from pulp_contentroutes.standalone.postgres import Cluster
from pulp_contentroutes.standalone.state import State
from pulp_contentroutes.standalone.supervisor import NotReady, Supervisor

_EXAMPLES: Final = """
Try:
  curl -O {files}hello.txt
  curl -r 0-4 {files}hello.txt
  curl {files}
  curl {files}{awkward}
  ansible-galaxy collection publish FILE --server {galaxy} --token {token}"""


def render_summary(
    instance: Instance, seconds: float, new_password: str | None, domain: str | None, note: str = ""
) -> str:
    """Return the text.

    `new_password` is one that was generated at this start; `domain` is None if domains are not
    enabled; `note` says what went wrong.
    """
    front, *others = reach.api_urls(instance)
    content = reach.content_url(instance) + with_domain(CONTENT_PREFIX, domain)
    galaxy = f"{front}{with_domain(GALAXY_PREFIX, domain)}{demo.GALAXY}/"
    token = prepare.demo_token(instance.folder)
    password = f", password {new_password}   (shown at this start only)" if new_password else ""
    lines = [
        *("", f"Pulp is ready after {seconds:.1f} s. Ctrl-C stops it; its data stays.", ""),
        f"  start page   {front}/",
        *(f"  or           {other}/" for other in others),
        f"  API          {front}{instance.setting('API_ROOT', '/pulp/')}api/v3/status/",
        f"  content      {content}",
        f"  user         admin{password}",
    ]
    if not instance.front:
        lines.append("  no nginx in front (install it, or leave out --no-nginx, for one port)")
    if token is not None:
        lines += [f"  Galaxy       {galaxy}", f"  token        {token}"]
    lines += ["", note] if note else []
    lines += [
        *("", "In a second terminal:"),
        f"  {command_line(instance.folder, 'status')}",
        f"  {command_line(instance.folder, 'password')}   # sets a new password of admin",
    ]
    if token is not None:
        files, awkward = f"{content}{demo.NAME}/", percent_encode(demo.AWKWARD)
        lines.append(_EXAMPLES.format(files=files, awkward=awkward, galaxy=galaxy, token=token))
    return "\n".join([*lines, ""])


#: Longest time from the start of the first process until the last one is healthy.
READY_SECONDS: Final = 120


def announce(instance: Instance, started: float, new_password: str | None, note: str) -> None:
    """Wait until all services are healthy, and say what to do next; raise NotReady.

    `started` is a time of the monotonic clock, for the summary.
    """
    deadline = time.monotonic() + READY_SECONDS
    while problems := _problems(instance):
        if time.monotonic() > deadline:
            raise NotReady(f"not ready after {READY_SECONDS} s: {'; '.join(problems)}")
        time.sleep(0.2)
    domain = None
    # The API answered a moment ago, and the summary is only text.
    with contextlib.suppress(health.Unhealthy):
        domain = "default" if health.pulp_status(instance)["domain_enabled"] else None
    seconds = time.monotonic() - started
    # The terminal may be gone.
    with contextlib.suppress(OSError):
        click.echo(render_summary(instance, seconds, new_password, domain, note))


def _problems(instance: Instance) -> list[str]:
    found = State.load(instance.run)
    if found is None or not found.services:
        return ["no process was started"]
    try:
        # Ask only the API first: nginx logs an error for every request that the API does not take.
        health.pulp_status(instance)
    except health.Unhealthy as unhealthy:
        return [f"api {unhealthy}"]
    reports = health.check(instance, found)
    return [f"{each.service.name} {each.problem}" for each in reports if each.problem]


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
    data_dir.create(data)
    with contextlib.ExitStack() as stack:
        stack.enter_context(data_dir.hold(data))
        # `status` and `stop` find this process from now on; at first, no service runs.
        state.write(data / "run", [])
        stack.callback(state.remove, data / "run")
        options = Options.load(data / data_dir.OPTIONS_FILE).with_changes(given)
        instance, cluster = prepare.instance_of(data, options)
        prepare.check_ports(instance)
        click.echo(f"Pulp in {data}")
        copies.settle(instance, cluster, given)
        # Anew: `settle` may have moved the database.
        instance, cluster = prepare.instance_of(data, options)
        warning = reach.warning(instance)
        if warning:
            click.echo(warning, err=True)
        prepared = prepare.prepare(instance, cluster, admin_password, with_demo, is_verbose)
        # Only now, except for a copy (`settle`): options that do not work must not be remembered.
        data_dir.write_private(data / data_dir.OPTIONS_FILE, options.dump())
        if prepared.new_password:
            click.echo(f"The password of 'admin', shown only now: {prepared.new_password}")
        problem = prepared.demo_problem
        note = f"The demo could not be loaded: {problem}" if problem else ""
        when_running = partial(announce, instance, started, prepared.new_password, note)
        return _run(instance, cluster, when_running, is_verbose)


def _run(
    instance: Instance, cluster: Cluster | None, when_running: Callable[[], None], is_verbose: bool
) -> int:
    """Run the services until they are told to stop; return the exit code."""
    to_run = services(instance, cluster)
    click.echo("\nStarting, each with its log:")
    for service in to_run:
        click.echo(f"  {service.name:12} {service.address}")
    click.echo(f"  {command_line(instance.folder, 'logs')} [SERVICE] [--follow]")
    supervisor = Supervisor(
        to_run,
        is_database_ready=lambda: database.problem(instance.database, seconds=2) is None,
        on_change=partial(state.write, instance.run),
        folder=instance.logs,
        when_running=when_running,
        is_verbose=is_verbose,
    )
    try:
        code = asyncio.run(supervisor.run())
    finally:
        if cluster:
            cluster.remove_sockets()
    click.echo("Stopped." if code == 0 else "Stopped after a failure: see above.")
    return code
