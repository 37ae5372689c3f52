"""The instance in a data folder, for commands that need one."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from pulp_contentroutes.standalone import copies, folder, prepare
from pulp_contentroutes.standalone.cluster import Cluster
from pulp_contentroutes.standalone.errors import NotRunning
from pulp_contentroutes.standalone.instance import Instance
from pulp_contentroutes.standalone.locations import command_line
from pulp_contentroutes.standalone.options import Options
from pulp_contentroutes.standalone.state import State


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
        if cluster and not folder.is_held(data):
            stack.enter_context(folder.hold(data))
            stack.enter_context(cluster.running())
        yield instance


def _instance_and_cluster(data: Path) -> tuple[Instance, Cluster | None]:
    if not folder.is_ours(data):
        line = command_line(data, "serve")
        raise NotRunning(f"There is no Pulp in {data}: '{line}' makes one.")
    return prepare.instance_of(data, Options.load(data / folder.OPTIONS_FILE))


def find_running(data: Path) -> State:
    find_instance(data)
    found = State.load(data / "run") if folder.is_held(data) else None
    if found is None or not found.is_current:
        raise NotRunning(f"No Pulp is running in {data}.")
    return found
