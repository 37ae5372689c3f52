"""The instance in a data folder, for commands that need one."""

import os
from pathlib import Path

import click

from pulp_contentroutes.standalone import folder, prepare
from pulp_contentroutes.standalone.cluster import Cluster
from pulp_contentroutes.standalone.errors import NotRunning
from pulp_contentroutes.standalone.instance import Instance, default_folder
from pulp_contentroutes.standalone.options import Options
from pulp_contentroutes.standalone.state import State


def _folder(context: click.Context, parameter: click.Parameter, value: str) -> Path:
    return Path(os.path.abspath(value))


data_option = click.option(
    "--data",
    metavar="DIR",
    default=lambda: str(default_folder()),
    envvar="CONTENTROUTES_DATA",
    callback=_folder,
    help="Data folder; made when it does not exist. Without this option: CONTENTROUTES_DATA, or a "
    "folder of your own (for root: /var/lib/pulp_contentroutes/pulp).",
)


def find_instance(data: Path) -> Instance:
    return instance_and_cluster(data)[0]


def instance_and_cluster(data: Path) -> tuple[Instance, Cluster | None]:
    if not folder.is_ours(data):
        raise NotRunning(f"There is no Pulp in {data}: 'pulp-contentroutes serve' makes one.")
    return prepare.instance_of(data, Options.load(data / folder.OPTIONS_FILE))


def find_running(data: Path) -> State:
    find_instance(data)
    found = State.load(data / "run") if folder.is_held(data) else None
    if found is None or not found.is_current:
        raise NotRunning(f"No Pulp is running in {data}.")
    return found
