"""How soon after a commit does every worker answer by the content route as it is then?

Run `python -m tests.benchmarks.route_freshness --changes 1000 --workers 2` to measure it. The
target of a route is moved from directory to directory; the file in each has its number.
"""

import asyncio
import sys
import time
from collections.abc import Sequence

import aiohttp

from pulp_contentroutes.standalone.database import connect
from pulp_contentroutes.standalone.postgres import Cluster
from tests.benchmarks.freshness import PAUSE, described, measured_pulp, reading
from tests.harness.pulp import Pulp
from tests.harness.rest import new_name

_ROUTES = "contentroutes/routes/"
_CONNECT_SECONDS = 10
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
    distribution = pulp.rest.find_distribution(pulp.publish(files))
    mount, targets = f"/{new_name()}/", [{"distribution": distribution, "path": "0"}]
    pulp.rest.create(_ROUTES, name=new_name(), mount=mount, action="serve", targets=targets)
    return mount


async def measure(database: Cluster, readers: Sequence[Reader], changes: int) -> dict[int, float]:
    """Move the target once for each change, when all readers have seen the one before.

    Return the time of each commit, before it was asked for: delays are upper bounds.
    """
    commits: dict[int, float] = {}
    with connect(database.database, _CONNECT_SECONDS) as connection:
        async with reading(readers) as until_seen:
            await until_seen(0)
            for number in range(1, changes + 1):
                connection.execute(_MOVE, [str(number)])
                commits[number] = time.time()
                connection.commit()
                await until_seen(number)
    return commits


def main() -> None:
    with measured_pulp(__doc__, "changes", 1000) as (instance, ports, changes):
        mount = make_route(Pulp(instance), changes + 1)
        readers = [Reader(port, mount) for port in ports]
        commits = asyncio.run(measure(Cluster(instance.data), readers, changes))
    delays = sorted(
        max(0.0, reader.answered[number] - committed)
        for reader in readers
        for number, committed in commits.items()
    )
    answers = sum(reader.answers for reader in readers)
    back = sum(reader.steps_back for reader in readers)
    sys.stdout.write(
        f"{changes} changes, {len(ports)} workers, {answers} answers, {back} steps back\n"
        f"{described(delays)}\n"
    )


if __name__ == "__main__":
    main()
