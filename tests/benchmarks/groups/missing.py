"""Requests for missing files, every path different, and honest clients beside them."""

from collections.abc import Callable

from tests.benchmarks import site
from tests.benchmarks.contenders import Contender, Plan
from tests.benchmarks.load import CONNECTIONS, STOCK_CONNECTIONS, Load, Paths
from tests.benchmarks.site import Server, Site

IN_DISTRIBUTION = "missing in a distribution"
NOWHERE = "no distribution"
ALONE = "alone"
BESIDE_RATE = "beside 1,000 404s/s"
BESIDE_FLOOD = "beside a flood of 404s"

_FILE = "4KiB.bin"
_APART = 100_000_000
_HONEST_CONNECTIONS = 4
#: The mean is half of it, so that all honest clients ask less than 400 times in a second.
_HONEST_PAUSE = 20
_FLOOD_CONNECTIONS = 28
#: 28 connections with a mean pause of 28 ms ask 1000 times in a second.
_RATE_PAUSE = 56


def contenders(place: Site, plan: Plan) -> list[Contender]:
    return [
        _missing(place, plan, name, kind)
        for kind in (IN_DISTRIBUTION, NOWHERE)
        for name in (site.STOCK, site.OURS)
    ]


def _missing(place: Site, plan: Plan, name: str, kind: str) -> Contender:
    server = place.server(name)
    is_stock = name == site.STOCK
    connections = STOCK_CONNECTIONS if is_stock else CONNECTIONS
    url, pattern = server.url(place.files()), "missing/%09d"
    if kind == NOWHERE:
        url, pattern = server.root, "nowhere-%09d/file"

    def load(number: int) -> Load:
        return Load(url, connections, status=404, paths=_paths(pattern, number))

    probe = server.url(place.files(), _FILE)
    return Contender(
        f"{name}, {kind}",
        server,
        load,
        probe,
        "" if is_stock else f"{site.STOCK}, {kind}",
        seconds=plan.stock_seconds if is_stock else None,
    )


def _paths(pattern: str, number: int) -> Paths:
    """Return paths that no other round asks for."""
    return Paths(pattern, number * _APART)


def honest(place: Site, plan: Plan) -> list[Contender]:
    return [
        _honest(place, plan, name, beside)
        for name in (site.STOCK, site.OURS)
        for beside in (ALONE, BESIDE_RATE, BESIDE_FLOOD)
    ]


def _honest(place: Site, plan: Plan, name: str, beside: str) -> Contender:
    server = place.server(name)
    url = server.url(place.files(), _FILE)
    load = Load(url, _HONEST_CONNECTIONS, size=site.FILES[_FILE], pause=_HONEST_PAUSE)
    return Contender(
        f"{name}, {beside}",
        server,
        lambda _: load,
        url,
        "" if name == site.STOCK else f"{site.STOCK}, {beside}",
        "" if beside == ALONE else f"{name}, {ALONE}",
        flood=_flood(server, place.files(), beside),
        seconds=plan.stock_seconds if name == site.STOCK else None,
    )


def _flood(server: Server, base_path: str, beside: str) -> Callable[[int], Load] | None:
    if beside == ALONE:
        return None
    pause = _RATE_PAUSE if beside == BESIDE_RATE else None
    # A name for each kind: no path is asked for twice.
    pattern = f"flood-{pause or 0}/%09d"
    url = server.url(base_path)
    return lambda number: Load(
        url, _FLOOD_CONNECTIONS, status=404, paths=_paths(pattern, number), pause=pause
    )
