"""Real files of three sizes, from Pulp and from servers that do nothing else."""

from functools import partial

from tests.benchmarks import site
from tests.benchmarks.contenders import Contender, Plan
from tests.benchmarks.load import CONNECTIONS, STOCK_CONNECTIONS, Load, Paths
from tests.benchmarks.site import FILES, Site
from tests.benchmarks.units import PASS_THROUGH, SIZE

FIRST = "ours, first request"
FIRST_UVLOOP = "ours, first request, uvloop"

#: File → connections: many clients of small files, few of large ones.
_CONNECTIONS = {"4KiB.bin": CONNECTIONS, "1MiB.bin": 8, "100MiB.bin": 4}
#: Server → the server that shows the limit that it could reach.
_CEILINGS = {
    site.OURS: site.MEMORY,
    site.OURS_UVLOOP: site.MEMORY_UVLOOP,
    site.OURS_NGINX: site.NGINX,
}
_LARGE_CEILINGS = {**_CEILINGS, site.OURS: site.FILE, site.OURS_UVLOOP: site.FILE_UVLOOP}
_PULPS = (site.STOCK, site.OURS, site.OURS_UVLOOP, site.OURS_NGINX)
_OTHERS = (site.FILE, site.FILE_UVLOOP, site.NGINX)


def small(place: Site, plan: Plan) -> list[Contender]:
    names = (site.STOCK, site.STOCK_REDIS, *_PULPS[1:], site.MEMORY, site.MEMORY_UVLOOP, *_OTHERS)
    contenders = [_contender(place, plan, name, "4KiB.bin", _CEILINGS) for name in names]
    first = [
        _first_requests(place, plan, FIRST, site.OURS),
        _first_requests(place, plan, FIRST_UVLOOP, site.OURS_UVLOOP),
    ]
    return [*contenders[:2], *first, *contenders[2:]]


def one_mebibyte(place: Site, plan: Plan) -> list[Contender]:
    return _large(place, plan, "1MiB.bin")


def hundred_mebibytes(place: Site, plan: Plan) -> list[Contender]:
    return _large(place, plan, "100MiB.bin")


def _large(place: Site, plan: Plan, file: str) -> list[Contender]:
    names = (*_PULPS, *_OTHERS)
    return [_contender(place, plan, name, file, _LARGE_CEILINGS) for name in names]


def _contender(
    place: Site, plan: Plan, name: str, file: str, ceilings: dict[str, str]
) -> Contender:
    server = place.server(name)
    url = server.url(place.files(), file)
    connections = _CONNECTIONS[file]
    if name == site.STOCK:
        connections = min(connections, STOCK_CONNECTIONS)
    load = Load(url, connections, size=FILES[file])
    return Contender(
        name,
        server,
        lambda _: load,
        url,
        site.STOCK if server.has_distributions and name != site.STOCK else "",
        ceilings.get(name, ""),
        seconds=plan.stock_seconds if name == site.STOCK else None,
    )


def _first_requests(place: Site, plan: Plan, name: str, server_name: str) -> Contender:
    """Ask for each path once; every round has paths of its own."""
    units = place.units(plan.first_requests)
    server = place.server(server_name)
    base_path = units.base_paths[PASS_THROUGH]
    # The first path is the one of the probe.
    each = (units.count - 1) // plan.rounds

    def load(number: int) -> Load:
        paths = Paths(units.pattern, 2 + number * each, count=each)
        return Load(server.url(base_path), size=SIZE, paths=paths)

    probe = partial(server.url, base_path)(units.pattern % 1)
    return Contender(name, server, load, probe, site.STOCK)
