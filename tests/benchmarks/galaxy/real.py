"""Real `ansible-galaxy` processes at once, each with a home of its own."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.galaxy.load import Server, Wanted
from tests.harness.ansible_galaxy import Client


@dataclass(frozen=True, slots=True)
class Together:
    """The result of `processes` real clients; `seconds` until the last had ended."""

    processes: int
    seconds: float
    errors: list[str]


def install(server: Server, wanted: Wanted, processes: int, folder: Path) -> Together:
    clients = [Client(folder / f"home-{number}") for number in range(processes)]
    for client in clients:
        client.home.mkdir(parents=True)
    started = time.perf_counter()
    with ThreadPoolExecutor(processes) as threads:
        errors = threads.map(lambda client: _installed(client, server, wanted), clients)
    seconds = time.perf_counter() - started
    return Together(processes, seconds, [error for error in errors if error])


def _installed(client: Client, server: Server, wanted: Wanted) -> str | None:
    """Return the error, None if there was none."""
    ended = client.run(*("collection", "install", wanted.collection, "-p", "got", "-s", server.url))
    if ended.returncode:
        return " ".join(ended.stderr.split())
    if client.version_of(*wanted.collection.split(".")) is None:
        return "nothing was installed"
    return None
