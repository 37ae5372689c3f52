"""How soon after a commit does every worker answer with the new content?

Run `python -m tests.benchmarks.freshness --publishes 1000 --workers 2` to measure it.
"""

import argparse
import asyncio
import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import aiohttp

from pulp_contentroutes.paths import CONTENT_PREFIX
from tests.harness.console import Console
from tests.harness.standalone import Standalone, run_pulp

#: The two distributions of the publisher, one read on each prefix.
URLS = {
    "fresh/newest": "/pulp/content/fresh/newest",
    "fresh/pinned": f"{CONTENT_PREFIX}fresh/pinned",
}
#: The pause between two passes of a reader: new answers are wanted, not many.
PAUSE = 0.001
NAMES = ("a.txt", "b.txt")


@dataclass(frozen=True, slots=True)
class Seen:
    """An answer with `number` to a reader; times are of the clock that the publisher uses."""

    name: str
    number: int
    asked: float
    answered: float


@dataclass
class Reader:
    """Asks one worker over one kept connection for both files in turn, again and again."""

    port: int
    base_path: str
    seen: list[Seen] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{URLS[self.base_path]}"

    @property
    def newest(self) -> int:
        return min((seen.number for seen in self.seen[-len(NAMES) :]), default=-1)

    async def read(self) -> None:
        connector = aiohttp.TCPConnector(limit=1)
        async with aiohttp.ClientSession(connector=connector) as session:
            while True:
                for name in NAMES:
                    asked = time.time()
                    async with session.get(f"{self.url}/{name}") as response:
                        text = await response.text()
                        assert response.status == 200, text
                    self.seen.append(Seen(name, int(text), asked, time.time()))
                await asyncio.sleep(PAUSE)

    # Rules.

    def steps_back(self) -> list[tuple[Seen, Seen]]:
        """Return each answer that is older than the one before it.

        This covers a `b.txt` older than the `a.txt` that was read just before.
        """
        pairs = zip(self.seen, self.seen[1:], strict=False)
        return [(one, other) for one, other in pairs if other.number < one.number]

    def late(self, commits: dict[int, float], seconds: float) -> list[Seen]:
        """Return each answer that was asked for long after a newer publication's commit."""
        return [
            seen
            for seen in self.seen
            if commits.get(seen.number + 1, seen.asked) + seconds < seen.asked
        ]

    def delays(self, commits: dict[int, float]) -> Iterator[float]:
        """Yield the seconds from each commit to the first answer that knew it.

        The answer was on its way when it was asked for, so this is an upper bound.
        """
        answers = iter(self.seen)
        seen = next(answers, None)
        for number, committed in sorted(commits.items()):
            while seen is not None and seen.number < number:
                seen = next(answers, None)
            if seen is not None:
                yield max(0.0, seen.answered - committed)


@dataclass
class Publisher:
    """Publishes on demand in a console of Pulp."""

    console: Console
    #: The time of each commit, by base path and number.
    commits: dict[str, dict[int, float]] = field(
        default_factory=lambda: {base_path: {} for base_path in URLS}
    )

    def __post_init__(self) -> None:
        self.console.run(
            "from tests.benchmarks.django_publisher import Publisher; publisher = Publisher()"
        )

    def publish(self) -> int:
        """Publish once more and return the number."""
        printed = self.console.run("for commit in publisher.publish(): print(*commit)")
        number = 0
        for base_path, text, committed in map(str.split, printed.splitlines()):
            number = int(text)
            self.commits[base_path][number] = float(committed)
        return number


async def measure(
    instance: Standalone, ports: Sequence[int], publishes: int
) -> tuple[list[Reader], dict[str, dict[int, float]]]:
    """Publish while two readers for each worker read; each publication is waited for."""
    readers = [Reader(port, base_path) for port in ports for base_path in URLS]
    publisher = await asyncio.to_thread(Publisher, instance.console)
    async with reading(readers) as until_seen:
        for _ in range(publishes):
            await until_seen(await asyncio.to_thread(publisher.publish))
    return readers, publisher.commits


class Reads(Protocol):
    @property
    def newest(self) -> int:
        """Return the newest number that all files have been answered with."""

    async def read(self) -> None:
        """Read until cancelled."""


@contextlib.asynccontextmanager
async def reading(readers: Sequence[Reads]) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
    """Let all read for the block; yield the function that waits until they have seen a number."""
    tasks = [asyncio.create_task(reader.read()) for reader in readers]

    async def until_seen(number: int) -> None:
        async with asyncio.timeout(60):
            while any(reader.newest < number for reader in readers):
                for task in tasks:
                    if task.done():
                        task.result()
                await asyncio.sleep(0.01)

    try:
        yield until_seen
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def delays_of(readers: list[Reader], commits: dict[str, dict[int, float]]) -> list[float]:
    return sorted(delay for reader in readers for delay in reader.delays(commits[reader.base_path]))


def described(delays: Sequence[float]) -> str:
    """Return the median, the 99th percentile and the worst of sorted delays."""
    p99 = delays[min(len(delays) - 1, int(len(delays) * 0.99))]
    p50, worst = statistics.median(delays), delays[-1]
    return (
        f"p50 {p50 * 1000:.1f} ms, p99 {p99 * 1000:.1f} ms, worst {worst * 1000:.1f} ms"
        f" ({len(delays)} delays)"
    )


@contextlib.contextmanager
def workers(instance: Standalone, count: int) -> Iterator[list[int]]:
    """Run content apps of one worker each next to that of the instance; yield all ports."""
    with contextlib.ExitStack() as stack:
        further = [stack.enter_context(instance.further_content_app()) for _ in range(count - 1)]
        yield [instance.content_port, *further]


@contextlib.contextmanager
def measured_pulp(
    description: str | None, rounds: str, default: int
) -> Iterator[tuple[Standalone, list[int], int]]:
    """Run a Pulp as the command line says; yield it, the ports of its workers, and the rounds.

    `rounds` is the option with the number of rounds, in the plural.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument(f"--{rounds}", type=int, default=default, dest="rounds")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        run_pulp(Path(folder) / "data", "--content-workers", "1") as instance,
        workers(instance, options.workers) as ports,
    ):
        yield instance, ports, options.rounds


def main() -> None:
    with measured_pulp(__doc__, "publishes", 1000) as (instance, ports, publishes):
        readers, commits = asyncio.run(measure(instance, ports, publishes))
    back = sum(len(reader.steps_back()) for reader in readers)
    answers = sum(len(reader.seen) for reader in readers)
    sys.stdout.write(
        f"{publishes} publications, {len(ports)} workers, {answers} answers, "
        f"{back} steps back\n{described(delays_of(readers, commits))}\n"
    )


if __name__ == "__main__":
    main()
