"""Clients that harm others, in a process of their own, at a bounded rate."""

import asyncio
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from multiprocessing.synchronize import Event
from typing import Final

import aiohttp
from yarl import URL

from tests.benchmarks.soak.idle import IdleReaders
from tests.benchmarks.soak.readers import Samples
from tests.benchmarks.soak.samples import BROKEN, Sample
from tests.benchmarks.soak.site import Site
from tests.harness.rest import basic

#: Addresses that floods come from, and one more that sends most of the wrong passwords: a password
#: costs 0.4 s of a processor, and the soak does not measure which client gets the most of it.
_ADDRESSES: Final = 200
_ONE_ADDRESS: Final = "198.51.100.250"
#: One in this many wrong passwords comes from one of the `_ADDRESSES`.
_FROM_MANY: Final = 6
_SEGMENTS: Final = 2000
#: Longer than a password waits for its turn, at whose end the client hears that it was not tried.
_SECONDS: Final = 75
_FLUSH_SECONDS: Final = 1.0
_REFUSALS: Final = frozenset({401, 403, 429, 503})


@dataclass(frozen=True)
class Flood:
    """Some connections that together ask at most `per_second` times."""

    kind: str
    #: Return path and headers of the request of this number.
    make: Callable[[int], tuple[str, Mapping[str, str]]] = field(repr=False)
    #: Every other status is a fault while the database is up.
    statuses: frozenset[int]
    connections: int
    per_second: float


def make_floods(site: Site) -> list[Flood]:
    """Return everything but the idle readers."""

    def wrong_password(number: int) -> tuple[str, Mapping[str, str]]:
        name = "admin" if number % 2 else f"user{number}"
        is_from_many = number % _FROM_MANY == 0
        source = come(number) if is_from_many else {"X-Forwarded-For": _ONE_ADDRESS}
        url = prefixed(number)(f"{site.by_user}/small.bin")
        return url, {"Authorization": basic(name, f"wrong {number}"), **source}

    def wrong_token(number: int) -> tuple[str, Mapping[str, str]]:
        url = prefixed(number)(f"{site.by_token}/small.bin")
        return url, {"Authorization": f"Bearer {number:064x}", **come(number)}

    def deep_path(number: int) -> tuple[str, Mapping[str, str]]:
        return prefixed(number)(f"{site.stored}/{'a/' * (_SEGMENTS - 1)}{number}"), come(number)

    def missing_path(number: int) -> tuple[str, Mapping[str, str]]:
        return prefixed(number)(f"{site.stored}/missing/{number}.bin"), come(number)

    def prefixed(number: int) -> Callable[[str], str]:
        # In pairs, so that the parity of the number may choose something else.
        return site.stock if number // 2 % 2 else site.ours

    def come(number: int) -> dict[str, str]:
        return {"X-Forwarded-For": f"198.51.100.{number % _ADDRESSES + 1}"}

    return [
        Flood("wrong passwords", wrong_password, _REFUSALS, connections=32, per_second=12),
        Flood("wrong tokens", wrong_token, _REFUSALS, connections=8, per_second=20),
        Flood("deep paths", deep_path, frozenset({400, 404, 414}), connections=8, per_second=10),
        Flood("missing paths", missing_path, frozenset({404}), connections=8, per_second=50),
    ]


def load_until(site: Site, idle: int, samples: Samples, ended: Event) -> None:
    """Run all loads until `ended`; their samples are put into the queue."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asyncio.run(_load(site, idle, samples, ended))


async def _load(site: Site, idle: int, samples: Samples, ended: Event) -> None:
    found: list[Sample] = []
    readers = IdleReaders(site, found.append)
    with ExitStack() as stack:
        stack.callback(readers.close)
        tasks = [asyncio.create_task(readers.keep(idle))]
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=_SECONDS),
            skip_auto_headers=("User-Agent",),
        ) as session:
            for flood in make_floods(site):
                tasks += _start(flood, session, site.front, found.append)
            while not ended.is_set():
                await asyncio.sleep(_FLUSH_SECONDS)
                for task in tasks:
                    if task.done():
                        task.result()
                samples.put(found[:])
                found.clear()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    samples.put(found)


def _start(
    flood: Flood, session: aiohttp.ClientSession, port: int, keep: Callable[[Sample], None]
) -> Iterator[asyncio.Task[None]]:
    interval = flood.connections / flood.per_second
    for first in range(flood.connections):
        client = _Client(flood, session, f"http://127.0.0.1:{port}", keep)
        delay = interval * first / flood.connections
        yield asyncio.create_task(client.ask_forever(first, interval, delay))


@dataclass(frozen=True)
class _Client:
    flood: Flood
    session: aiohttp.ClientSession
    front: str
    keep: Callable[[Sample], None]

    async def ask_forever(self, number: int, interval: float, delay: float) -> None:
        """Ask for `number` and every `connections`-th after it, at most once in `interval` s."""
        due = time.monotonic() + delay
        while True:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            self.keep(await self._ask(number))
            number += self.flood.connections
            due = max(due + interval, time.monotonic())

    async def _ask(self, number: int) -> Sample:
        path, headers = self.flood.make(number)
        asked = time.monotonic()
        try:
            async with self.session.get(
                URL(self.front + path, encoded=True), headers=headers, allow_redirects=False
            ) as response:
                await response.read()
                status, is_let_in = str(response.status), response.status < 400
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            status, is_let_in = f"{BROKEN}: {type(error).__name__}", False
        wrong = f"{path[:200]}: answered {status}" if is_let_in else ""
        return Sample(self.flood.kind, asked, time.monotonic() - asked, status, wrong)
