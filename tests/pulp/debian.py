"""A Pulp on Debian's own servers: its PostgreSQL, its nginx, and its Apache beside that."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import pytest

from pulp_contentroutes.standalone import data_dir as data_folder
from pulp_contentroutes.standalone.postgres import Cluster
from tests.harness.standalone import Standalone
from tests.harness.template import FAST_HASHER
from tests.harness.waiting import free_ports
from tests.snippets import fronts

_PROGRAMS = Path("/usr/lib/postgresql")


class DebianCluster(Cluster):
    """A cluster of the newest PostgreSQL that Debian has installed."""

    @cached_property
    def programs(self) -> Path:
        found = sorted(_PROGRAMS.glob("*/bin"), key=lambda path: int(path.parent.name))
        if not found:
            pytest.skip("PostgreSQL is not installed (Debian package postgresql)")
        return found[-1]


@contextmanager
def run_pulp_on_debian(folder: Path) -> Iterator[tuple[Standalone, int]]:
    """Run a Pulp with nginx in front; yield it, and the port of an Apache in front of it."""
    database = folder / "database"
    data_folder.create(database)
    cluster = DebianCluster(database)
    cluster.initialise()
    url = f"postgresql://pulp@/pulp?host={cluster.sockets}"
    settings = [each for item in FAST_HASHER.items() for each in ("--set", "=".join(item))]
    options = ["--database-url", url, "--content-workers", "1", *settings]
    instance = Standalone(folder / "data", options)
    try:
        with cluster.running():
            try:
                instance.start()
                with _apache(folder, instance) as port:
                    yield instance, port
            finally:
                instance.end()
    finally:
        data_folder.remove_contents(database)


@contextmanager
def _apache(folder: Path, instance: Standalone) -> Iterator[int]:
    port = free_ports()
    place = fronts.Place(
        folder / "apache",
        f"127.0.0.1:{port}",
        f"127.0.0.1:{instance.api_port}",
        f"127.0.0.1:{instance.content_port}",
        has_neighbours=False,
    )
    place.folder.mkdir()
    command = fronts.write("apache-ours", place)
    with fronts.run_server(command, port, folder / "apache.log"):
        yield port
