"""One round: many clients install from one server at once, each once and cold."""

import asyncio
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tests.benchmarks.galaxy.client import Exchange, Install, InstallFailed

#: A client that has not finished then is counted as an error.
ROUND_SECONDS: Final = 300


@dataclass(frozen=True, slots=True)
class Server:
    """A Galaxy server, by the URL that its users configure."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """The collection that every client installs, and the number of its versions."""

    collection: str
    versions: int


@dataclass(frozen=True, slots=True)
class Round:
    """The measurements of one round."""

    clients: int
    #: From the first request to the end of the last client.
    seconds: float
    #: Seconds of each install that succeeded.
    installs: list[float]
    #: Requests of all clients, also of those that failed.
    exchanges: list[Exchange]
    errors: list[str]

    @property
    def installs_per_second(self) -> float:
        return len(self.installs) / self.seconds

    @property
    def requests_per_second(self) -> float:
        return len(self.exchanges) / self.seconds

    @property
    def requests_per_install(self) -> float:
        return len(self.exchanges) / self.clients

    @property
    def bytes_per_install(self) -> float:
        return sum(exchange.bytes for exchange in self.exchanges) / self.clients

    def install_seconds(self, percent: int) -> float | None:
        return percentile(self.installs, percent)

    def request_seconds(self, percent: int) -> float | None:
        return percentile([exchange.seconds for exchange in self.exchanges], percent)


def percentile(values: Sequence[float], percent: int) -> float | None:
    """Return the smallest value that `percent` of all do not exceed; None without values."""
    if not values:
        return None
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


def measure(server: Server, wanted: Wanted, clients: int) -> Round:
    return asyncio.run(_together(server, wanted, clients))


def trace(server: Server, wanted: Wanted) -> list[Exchange]:
    """Return the requests of one client; raise InstallFailed if it fails."""
    install = Install(server.url)
    asyncio.run(install.run(wanted.collection, wanted.versions))
    return install.exchanges


async def _together(server: Server, wanted: Wanted, clients: int) -> Round:
    installs = [Install(server.url) for _ in range(clients)]
    started = time.perf_counter()
    results = await asyncio.gather(*(_timed(install, wanted) for install in installs))
    return Round(
        clients,
        time.perf_counter() - started,
        [result for result in results if isinstance(result, float)],
        [exchange for install in installs for exchange in install.exchanges],
        [result for result in results if isinstance(result, str)],
    )


async def _timed(install: Install, wanted: Wanted) -> float | str:
    """Return the seconds that an install took, or its error."""
    started = time.perf_counter()
    try:
        async with asyncio.timeout(ROUND_SECONDS):
            await install.run(wanted.collection, wanted.versions)
    except TimeoutError:
        return f"not finished after {ROUND_SECONDS} s"
    except (InstallFailed, KeyError, TypeError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return time.perf_counter() - started
