"""Content routes beside the content route of the same distribution: few routes, and many."""

from collections.abc import Callable
from typing import Final

from tests.benchmarks import site
from tests.benchmarks.contenders import Contender, Plan
from tests.benchmarks.load import CONNECTIONS, Load, Paths
from tests.benchmarks.mounts import MANY, FilesAt
from tests.benchmarks.site import FILES, Site
from tests.benchmarks.units import SIZE

CONTENT_ROUTE: Final = "content route"
MOUNT: Final = "mount"
MOUNT_OF_MANY: Final = f"mount, {MANY:,} routes"
ONE_TARGET: Final = "one target, first request"
FIVE_TARGETS: Final = "five targets, the last one has it, first request"

_FILE: Final = "4KiB.bin"
#: Short rounds, as two similar values are compared.
_TURNS: Final = 4
_REQUESTS: Final = 200


def few(place: Site, plan: Plan) -> list[Contender]:
    return _resolved(place, plan, place.mounts().few, MOUNT)


def many(place: Site, plan: Plan) -> list[Contender]:
    return _resolved(place, plan, place.mounts().add_many(), MOUNT_OF_MANY)


def _resolved(place: Site, plan: Plan, mount: str, name: str) -> list[Contender]:
    server = place.server(site.OURS)
    urls = {
        CONTENT_ROUTE: server.url(place.files(), _FILE),
        name: f"{server.origin}{mount}{_FILE}",
    }
    return [
        Contender(
            each,
            server,
            _always(Load(url, CONNECTIONS, size=FILES[_FILE])),
            url,
            "" if each == CONTENT_ROUTE else CONTENT_ROUTE,
            rounds=plan.rounds * _TURNS,
        )
        for each, url in urls.items()
    ]


def _always(load: Load) -> Callable[[int], Load]:
    return lambda _: load


def targets(place: Site, plan: Plan) -> list[Contender]:
    """Ask for each path once, one client at a time."""
    mounts = place.mounts().of_units(place.units(plan.first_requests))
    return [
        _first_requests(place, plan, ONE_TARGET, mounts.single, 0),
        _first_requests(place, plan, FIVE_TARGETS, mounts.group, 1),
    ]


def _first_requests(place: Site, plan: Plan, name: str, mounts: FilesAt, turn: int) -> Contender:
    server, rounds = place.server(site.OURS), plan.rounds * _TURNS

    def load(number: int) -> Load:
        # Both have paths of their own: they share the distribution, and its memory.
        first = 2 + (2 * number + turn) * _REQUESTS
        paths = Paths(mounts.pattern, first, count=_REQUESTS)
        return Load(f"{server.origin}{mounts.mount}", connections=1, size=SIZE, paths=paths)

    probe = f"{server.origin}{mounts.mount}{mounts.pattern % 1}"
    other = "" if name == ONE_TARGET else ONE_TARGET
    return Contender(name, server, load, probe, other, rounds=rounds)
