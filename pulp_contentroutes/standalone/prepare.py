"""Everything between the command line and the first process: folder, ports, database, settings."""

import contextlib
import errno
import json
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pulp_contentroutes.standalone import database, log_files, nginx, settings_file
from pulp_contentroutes.standalone.cluster import Cluster
from pulp_contentroutes.standalone.errors import DatabaseUnreachable, PortUnavailable, StepFailed
from pulp_contentroutes.standalone.instance import Address, Instance
from pulp_contentroutes.standalone.options import Options
from pulp_contentroutes.standalone.steps import step

_CONNECT_SECONDS = 5
_STDOUT = 1
#: The name of the preparation's log.
_LOG = "preparation"


def instance_of(folder: Path, options: Options) -> tuple[Instance, Cluster | None]:
    """Return the instance that `options` describe and its PostgreSQL, None with a database URL."""
    program = nginx.find() if options.nginx else None
    if options.database_url:
        arguments = database.arguments_of(options.database_url)
        return Instance(folder, options, program, arguments), None
    cluster = Cluster(folder)
    return Instance(folder, options, program, cluster.database), cluster


def check_ports(instance: Instance) -> None:
    """Raise PortUnavailable if an address to listen on is not available."""
    for name, address in instance.addresses.items():
        with socket.socket(_family(address), socket.SOCK_STREAM) as listener:
            # As gunicorn and nginx do: connections of an earlier run may linger.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind((address.host, address.port))
            except (OSError, OverflowError) as error:
                is_busy = getattr(error, "errno", None) == errno.EADDRINUSE
                reason = "is in use" if is_busy else f"cannot be used ({error})"
                raise PortUnavailable(
                    f"{address}, the address for {name}, {reason}: choose another with --port or "
                    f"--bind (Pulp takes {len(instance.addresses)} ports from --port on)."
                ) from error


def prepare(
    instance: Instance,
    cluster: Cluster | None,
    admin_password: str | None,
    is_verbose: bool = False,
) -> str | None:
    """Write the configuration and bring the database up to date.

    Return the admin password if it is known: the given one, or one generated because there was no
    administrator yet, which is then printed. Pulp's messages go to its log; with `is_verbose` to
    standard error.
    """
    if instance.options.media_root:
        Path(instance.options.media_root).mkdir(parents=True, exist_ok=True)
    settings_file.write(instance)
    if instance.nginx:
        nginx.write_configuration(instance)
    if cluster:
        with step("Preparing PostgreSQL"):
            cluster.initialise()
    with cluster.running() if cluster else contextlib.nullcontext():
        with step("Connecting to the database"):
            _check_database(instance)
        password = admin_password or secrets.token_urlsafe(16)
        unfinished = instance.run / "unfinished"
        told = {
            "password": password,
            "is_given": admin_password is not None,
            "was_stopped": unfinished.exists(),
        }
        unfinished.touch()
        result = _run_bootstrap(instance, told, "Pulp could not be prepared", is_verbose)
        unfinished.unlink()
        return password if result["was_password_set"] else None


def set_password(instance: Instance, password: str) -> None:
    """Set the password of `admin` in a prepared, running database.

    Raise StepFailed if that fails.
    """
    told = {"password": password, "is_given": True, "is_prepared": True}
    _run_bootstrap(instance, told, "The password could not be set", is_verbose=False)


def _check_database(instance: Instance) -> None:
    """Raise DatabaseUnreachable, without the password, if the database does not answer."""
    problem = database.problem(instance.database, _CONNECT_SECONDS)
    if problem:
        host, name = instance.database.get("host", "localhost"), instance.database.get("dbname")
        raise DatabaseUnreachable(
            f"The database '{name}' on {host} cannot be reached: {problem}. Check --database-url."
        )


def _run_bootstrap(
    instance: Instance, told: Mapping[str, Any], failure: str, is_verbose: bool
) -> dict[str, Any]:
    """Run `bootstrap` with the arguments `told`; return its result, or raise StepFailed."""
    log = log_files.path_of(instance.logs, _LOG)
    with contextlib.ExitStack() as stack:
        steps = os.dup(_STDOUT)
        stack.callback(os.close, steps)
        ended = subprocess.run(
            [sys.executable, "-m", "pulp_contentroutes.standalone.bootstrap"],
            input=json.dumps({**told, "steps": steps}),
            env=instance.environment,
            cwd="/",
            stdout=subprocess.PIPE,
            stderr=None if is_verbose else stack.enter_context(log_files.create(log)),
            pass_fds=[steps],
            text=True,
            check=False,
            # Ctrl-C is for this process, which ends the child: the child has no need to report it.
            start_new_session=True,
        )
    try:
        result: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        result = {"error": f"it ended with exit code {ended.returncode}"}
    if "error" in result:
        where = "" if is_verbose else f" (its log is {log})"
        raise StepFailed(f"{failure}: {result['error']}{where}")
    return result


def _family(address: Address) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address.host else socket.AF_INET
