"""How soon after a commit does every worker answer by the content route as it is then?

Run `python -m tests.benchmarks.route_freshness --changes 1000 --workers 2` to measure it. The
target of a route is moved from directory to directory; the file in each has its number.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import aiohttp

from pulp_contentroutes.standalone.database import connect
from pulp_contentroutes.standalone.postgres import Cluster
from tests.benchmarks.freshness import PAUSE, described, workers
from tests.harness.pulp import Pulp
from tests.harness.rest import new_name
from tests.harness.standalone import run_pulp

_ROUTES = "contentroutes/routes/"
_CONNECT_SECONDS = 10
_LONGEST_SECONDS = 60
_MOVE = "UPDATE contentroutes_contentroutetarget SET path = %s"


class Reader:
    """Asks one worker over one kept connection for the file at the mount, again and again."""

    def __init__(self, port: int, mount: str) -> None:
        self._url = f"http://127.0.0.1:{port}{mount}number.txt"
        self.newest = -1
        #: The times at which each number was first answered, or a later one.
        self.answered: dict[int, float] = {}
        self.steps_back = 0
        self.answers = 0

    async def read(self) -> None:
        connector = aiohttp.TCPConnector(limit=1)
        async with aiohttp.ClientSession(connector=connector) as session:
            while True:
                async with session.get(self._url) as response:
                    text = await response.text()
                    assert response.status == 200, text
                number, now = int(text), time.time()
                self.answers += 1
                self.steps_back += number < self.newest
                for each in range(self.newest + 1, number + 1):
                    self.answered[each] = now
                self.newest = max(self.newest, number)
                await asyncio.sleep(PAUSE)


def make_route(pulp: Pulp, directories: int) -> str:
    """Return the mount of a route to the first of the directories."""
    files = {f"{number}/number.txt": str(number).encode() for number in range(directories)}
    base_path = pulp.publish(files)
    path = f"distributions/file/file/?base_path={base_path}"
    [distribution] = pulp.rest.call("GET", path).json()["results"]
    mount = f"/{new_name()}/"
    targets = [{"distribution": distribution["pulp_href"], "path": "0"}]
    pulp.rest.create(_ROUTES, name=new_name(), mount=mount, action="serve", targets=targets)
    return mount


async def measure(database: Cluster, readers: Sequence[Reader], changes: int) -> dict[int, float]:
    """Move the target once for each change, when all readers have seen the one before.

    Return the time of each commit, before it was asked for: delays are upper bounds.
    """
    commits: dict[int, float] = {}
    tasks = [asyncio.create_task(reader.read()) for reader in readers]
    try:
        with connect(database.database, _CONNECT_SECONDS) as connection:
            for number in range(1, changes + 1):
                await _until_seen(readers, tasks, number - 1)
                connection.execute(_MOVE, [str(number)])
                commits[number] = time.time()
                connection.commit()
            await _until_seen(readers, tasks, changes)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return commits


async def _until_seen(
    readers: Sequence[Reader], tasks: Sequence["asyncio.Task[None]"], number: int
) -> None:
    async with asyncio.timeout(_LONGEST_SECONDS):
        while any(reader.newest < number for reader in readers):
            for task in tasks:
                if task.done():
                    task.result()
            await asyncio.sleep(PAUSE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        run_pulp(Path(folder) / "data", "--content-workers", "1") as instance,
        workers(instance, options.workers) as ports,
    ):
        mount = make_route(Pulp(instance), options.changes + 1)
        readers = [Reader(port, mount) for port in ports]
        commits = asyncio.run(measure(Cluster(instance.data), readers, options.changes))
    delays = sorted(
        max(0.0, reader.answered[number] - committed)
        for reader in readers
        for number, committed in commits.items()
    )
    answers = sum(reader.answers for reader in readers)
    back = sum(reader.steps_back for reader in readers)
    sys.stdout.write(
        f"{options.changes} changes, {len(ports)} workers, {answers} answers, {back} steps back\n"
        f"{described(delays)}\n"
    )


if __name__ == "__main__":
    main()
