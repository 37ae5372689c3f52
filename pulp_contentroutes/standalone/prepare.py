"""The instance in a data folder: found, or made ready for its first process."""

import contextlib
import errno
import json
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pulp_contentroutes.standalone import configuration, copies, data_dir, database, logs
from pulp_contentroutes.standalone.environment import command_line
from pulp_contentroutes.standalone.errors import (
    DatabaseUnreachable,
    NotRunning,
    PortUnavailable,
    StepFailed,
)
from pulp_contentroutes.standalone.instance import Instance
from pulp_contentroutes.standalone.logs import step
from pulp_contentroutes.standalone.options import Options
from pulp_contentroutes.standalone.postgres import Cluster
from pulp_contentroutes.standalone.state import State

_CONNECT_SECONDS = 5
_STDOUT = 1
#: The name of the preparation's log.
_LOG = "preparation"


def instance_of(data: Path, options: Options) -> tuple[Instance, Cluster | None]:
    """Return the instance that `options` describe and its PostgreSQL, None with a database URL."""
    program = configuration.find_nginx() if options.nginx else None
    if options.database_url:
        arguments = database.arguments_of(options.database_url)
        return Instance(data, options, program, arguments), None
    cluster = Cluster(data)
    return Instance(data, options, program, cluster.database), cluster


def check_ports(instance: Instance) -> None:
    """Raise PortUnavailable if an address to listen on is not available."""
    for name, address in instance.addresses.items():
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as listener:
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


@dataclass(frozen=True, slots=True)
class Prepared:
    """The outcome of `prepare`."""

    #: The password that was made up because there was no administrator.
    new_password: str | None
    #: Why the demo could not be loaded.
    demo_problem: str | None


def prepare(
    instance: Instance,
    cluster: Cluster | None,
    admin_password: str | None,
    with_demo: bool = False,
    is_verbose: bool = False,
) -> Prepared:
    """Write the configuration, bring the database up to date, and load the demo once.

    Pulp's messages go to its log; with `is_verbose` to standard error.
    """
    if instance.options.media_root:
        Path(instance.options.media_root).mkdir(parents=True, exist_ok=True)
    configuration.write_settings(instance)
    if instance.nginx:
        configuration.write_nginx(instance)
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
            "with_demo": with_demo and demo_token(instance.folder) is None,
        }
        unfinished.touch()
        result = _run_bootstrap(instance, told, "Pulp could not be prepared", is_verbose)
        unfinished.unlink()
        if "demo_token" in result:
            text = json.dumps({"token": result["demo_token"]}, indent=2)
            try:
                data_dir.write_private(instance.folder / data_dir.DEMO_FILE, text + "\n")
            except OSError as error:
                result["demo_problem"] = str(error)
        is_new = result["was_password_set"] and admin_password is None
        return Prepared(password if is_new else None, result.get("demo_problem"))


def demo_token(data: Path) -> str | None:
    """Return the token that may publish to the demo's Galaxy server, None if it is not loaded."""
    try:
        token: str = json.loads((data / data_dir.DEMO_FILE).read_text())["token"]
    except (OSError, ValueError, KeyError):
        # Older versions had no Galaxy server.
        return None
    return token


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
    log = logs.path_of(instance.logs, _LOG)
    with contextlib.ExitStack() as stack:
        steps = os.dup(_STDOUT)
        stack.callback(os.close, steps)
        ended = subprocess.run(
            [sys.executable, "-m", "pulp_contentroutes.standalone.bootstrap"],
            input=json.dumps({**told, "steps": steps}),
            env=instance.environment,
            cwd="/",
            stdout=subprocess.PIPE,
            stderr=None if is_verbose else stack.enter_context(logs.create(log)),
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


def find_instance(data: Path) -> Instance:
    return _instance_and_cluster(data)[0]


def find_usable(data: Path) -> Instance:
    """Return the instance if its settings and its database are its own; see `copies.check`."""
    instance = find_instance(data)
    copies.check(instance)
    return instance


@contextlib.contextmanager
def with_database(data: Path) -> Iterator[Instance]:
    """Yield the instance with its database running, started for the block if it was not."""
    instance, cluster = _instance_and_cluster(data)
    copies.check(instance)
    with contextlib.ExitStack() as stack:
        if cluster and not data_dir.is_held(data):
            stack.enter_context(data_dir.hold(data))
            stack.enter_context(cluster.running())
        yield instance


def _instance_and_cluster(data: Path) -> tuple[Instance, Cluster | None]:
    if not data_dir.is_ours(data):
        line = command_line(data, "serve")
        raise NotRunning(f"There is no Pulp in {data}: '{line}' makes one.")
    return instance_of(data, Options.load(data / data_dir.OPTIONS_FILE))


def find_running(data: Path) -> State:
    find_instance(data)
    found = State.load(data / "run") if data_dir.is_held(data) else None
    if found is None or not found.is_current:
        raise NotRunning(f"No Pulp is running in {data}.")
    return found
