"""The same request in repository versions of very different sizes, one client at a time."""

from tests.benchmarks import site
from tests.benchmarks.contenders import Contender, Plan
from tests.benchmarks.load import Load, Paths
from tests.benchmarks.site import Site
from tests.benchmarks.units import PASS_THROUGH, PUBLISHED, SIZE, Units

FIRST = "ours, first request"
RESOLVED = "ours, resolved before"
STOCK = "stock"
SERIES = (STOCK, FIRST, RESOLVED)
KINDS = (PASS_THROUGH, PUBLISHED)

#: Many short rounds: sizes are compared with each other, and must meet the same noise.
_TURNS = 4
_REQUESTS = 80
#: Stock needs seconds for each request at a million units.
_STOCK_REQUESTS = 5
_LONGEST_SECONDS = 15


def name_of(series: str, units: int, kind: str) -> str:
    return f"{series}, {units:,} units, {kind}"


def contenders(place: Site, plan: Plan) -> list[Contender]:
    return [
        _contender(place, plan, series, place.units(size), kind)
        for kind in KINDS
        for series in SERIES
        for size in plan.sizes
    ]


def _contender(place: Site, plan: Plan, series: str, units: Units, kind: str) -> Contender:
    is_stock = series == STOCK
    server = place.server(site.STOCK if is_stock else site.OURS)
    base_path = units.base_paths[kind]
    rounds = 1 if is_stock else plan.rounds * _TURNS
    count = _STOCK_REQUESTS if is_stock else min(_REQUESTS, (units.count - 1) // rounds)
    # First requests are spread over the whole version; the first unit is the one of the probe.
    step = 0 if series == RESOLVED else (units.count - 1) // (count * rounds)

    def load(number: int) -> Load:
        first = 1 if series == RESOLVED else 2 + number * count * step
        paths = Paths(units.pattern, first, step, count)
        return Load(server.url(base_path), connections=1, size=SIZE, paths=paths)

    return Contender(
        name_of(series, units.count, kind),
        server,
        load,
        server.url(base_path, units.pattern % 1),
        "" if is_stock else name_of(STOCK, units.count, kind),
        rounds=rounds,
        seconds=_LONGEST_SECONDS,
        facts={"series": series, "units": units.count, "kind": kind},
    )
