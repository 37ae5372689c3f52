"""The processes of a standalone Pulp, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pulp_contentroutes.standalone import environment
from pulp_contentroutes.standalone.cluster import Cluster
from pulp_contentroutes.standalone.instance import Instance
from pulp_contentroutes.standalone.locations import program

DATABASE = "postgresql"
NGINX = "nginx"

# pulpcore warns when API_APP_TTL (120 s) is less than twice this.
_GUNICORN_TIMEOUT = 60
# Shorter than the supervisor's grace period, so that gunicorn ends its own workers.
_GRACEFUL_TIMEOUT = 4


@dataclass(frozen=True, slots=True)
class Service:
    """One child of the supervisor; `address` is for people, and a dash if there is none."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    address: str = "-"
    popen_options: Mapping[str, Any] = field(default_factory=dict)


def services(instance: Instance, cluster: Cluster | None) -> list[Service]:
    """Return the services, the database first; `cluster` is None with an external database."""
    return [
        *([_database(cluster)] if cluster else []),
        _gunicorn(instance, "api", instance.options.api_workers),
        _gunicorn(instance, "content", instance.options.content_workers),
        *_task_workers(instance),
        *_nginx(instance),
    ]


def _database(cluster: Cluster) -> Service:
    return Service(
        DATABASE,
        cluster.command,
        environment.for_system_programs(),
        address=f"{cluster.sockets}/.s.PGSQL.5432",
        popen_options=cluster.account.popen_options if cluster.account else {},
    )


def _gunicorn(instance: Instance, name: str, workers: int) -> Service:
    address = str(instance.addresses[name])
    command = (
        *(program(f"pulpcore-{name}"), "--bind", address, "--workers", str(workers)),
        *("--timeout", str(_GUNICORN_TIMEOUT), "--graceful-timeout", str(_GRACEFUL_TIMEOUT)),
        # gunicorn would make a socket in the home folder.
        "--no-control-socket",
    )
    return Service(name, command, instance.environment, address)


def _task_workers(instance: Instance) -> list[Service]:
    numbers = range(1, instance.options.task_workers + 1)
    command = (program("pulpcore-worker"),)
    return [Service(f"worker-{number}", command, instance.environment) for number in numbers]


def _nginx(instance: Instance) -> list[Service]:
    if instance.nginx is None:
        return []
    configuration = instance.run / "nginx.conf"
    command = (instance.nginx, "-p", str(instance.run), "-c", str(configuration), "-e", "stderr")
    return [Service(NGINX, command, environment.for_system_programs(), str(instance.front))]
