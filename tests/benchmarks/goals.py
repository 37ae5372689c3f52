"""The performance goals, as data, and whether a run reaches them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.benchmarks import site
from tests.benchmarks.contenders import Plan
from tests.benchmarks.groups import files, growth, guarded, missing, mounts
from tests.benchmarks.groups.plugins import name_of
from tests.benchmarks.plugins import ASKED, RULED
from tests.benchmarks.results import BYTES, P50, P99, REQUESTS, Metric, Results

#: The results of a run, by the name of the group.
Run = Mapping[str, Results]


@dataclass(frozen=True, slots=True)
class Goal:
    text: str
    #: The value that a run reaches; None when it has not measured it, or not validly.
    reached: Callable[[Run], float | None]
    limit: float
    unit: str = "x"
    at_most: bool = False

    def is_met(self, value: float) -> bool:
        return value <= self.limit if self.at_most else value >= self.limit

    @property
    def wanted(self) -> str:
        return f"{'≤' if self.at_most else '≥'} {self.limit:,g} {self.unit}"


def _ratio(
    group: str, name: str, other: str, metric: Metric = REQUESTS
) -> Callable[[Run], float | None]:
    return lambda run: run[group].ratio(name, other, metric) if group in run else None


def _rate(group: str, name: str) -> Callable[[Run], float | None]:
    return lambda run: run[group].value(name, REQUESTS) if group in run else None


def _growth(series: str, plan: Plan) -> Callable[[Run], float | None]:
    """Return the worse value of the two kinds of publications."""

    def reached(run: Run) -> float | None:
        if "growth" not in run:
            return None
        ratios = [
            run["growth"].ratio(
                growth.name_of(series, plan.sizes[-1], kind),
                growth.name_of(series, plan.sizes[0], kind),
                P50,
            )
            for kind in growth.KINDS
        ]
        known = [ratio for ratio in ratios if ratio is not None]
        return max(known) if len(known) == len(ratios) else None

    return reached


def _memory(run: Run) -> float | None:
    ours = max((results.highest_rss(site.OURS) for results in run.values()), default=0)
    stock = max((results.highest_rss(site.STOCK) for results in run.values()), default=0)
    return (ours - stock) / 1e6 if ours and stock else None


def goals(plan: Plan) -> list[Goal]:
    memory = Goal("memory over a stock worker", _memory, 60, "MB", at_most=True)
    return [
        *_files(), *_missing(), *_growing(plan), *_guarded(), *_mounts(), *_plugins(), memory
    ]  # fmt: skip


def _files() -> list[Goal]:
    return [
        Goal("4 KiB, stock", _ratio("4kib", site.OURS, site.STOCK), 300),
        Goal("4 KiB, stock + Redis", _ratio("4kib", site.OURS, site.STOCK_REDIS), 30),
        Goal("4 KiB, bare aiohttp", _ratio("4kib", site.OURS, site.MEMORY), 1.0),
        Goal(
            "4 KiB, bare aiohttp, both on uvloop",
            _ratio("4kib", site.OURS_UVLOOP, site.MEMORY_UVLOOP),
            1.0,
        ),
        Goal("4 KiB, uvloop, nginx static", _ratio("4kib", site.OURS_UVLOOP, site.NGINX), 0.5),
        Goal("4 KiB, first request of each path", _rate("4kib", files.FIRST), 2000, "/s"),
        Goal("1 MiB, FileResponse", _ratio("1mib", site.OURS, site.FILE, BYTES), 1.2),
        Goal(
            "1 MiB, FileResponse, both on uvloop",
            _ratio("1mib", site.OURS_UVLOOP, site.FILE_UVLOOP, BYTES),
            1.2,
        ),
        Goal("100 MiB, FileResponse", _ratio("100mib", site.OURS, site.FILE, BYTES), 1.2),
    ]


def _missing() -> list[Goal]:
    beside, alone = f"{site.OURS}, {missing.BESIDE_RATE}", f"{site.OURS}, {missing.ALONE}"
    return [
        Goal(
            "404s in a distribution",
            _rate("missing", f"{site.OURS}, {missing.IN_DISTRIBUTION}"),
            2000,
            "/s",
        ),
        Goal(
            "404s without a distribution",
            _rate("missing", f"{site.OURS}, {missing.NOWHERE}"),
            2000,
            "/s",
        ),
        Goal(
            f"p99 of honest clients {missing.BESIDE_RATE}, alone",
            _ratio("honest", beside, alone, P99),
            2.0,
            at_most=True,
        ),
    ]


def _growing(plan: Plan) -> list[Goal]:
    smallest, largest = f"{plan.sizes[0]:,}", f"{plan.sizes[-1]:,}"
    return [
        Goal(
            f"first request, {largest} units, {smallest} units",
            _growth(growth.FIRST, plan),
            1.3,
            at_most=True,
        ),
        Goal(
            f"resolved before, {largest} units, {smallest} units",
            _growth(growth.RESOLVED, plan),
            1.3,
            at_most=True,
        ),
    ]


def _guarded() -> list[Goal]:
    return [
        Goal("header guard, no guard", _ratio("guarded", guarded.HEADER, guarded.OPEN), 0.6),
        Goal("token guard, no guard", _ratio("guarded", guarded.TOKEN, guarded.OPEN), 0.6),
        Goal(
            "RBAC guard with a token, stock with a password",
            _ratio("guarded", guarded.RBAC, guarded.STOCK_RBAC),
            20,
        ),
    ]


def _mounts() -> list[Goal]:
    return [
        Goal("mount, content route", _ratio("mounts", mounts.MOUNT, mounts.CONTENT_ROUTE), 0.95),
        Goal(
            f"{mounts.MOUNT_OF_MANY}, content route",
            _ratio("mounts-many", mounts.MOUNT_OF_MANY, mounts.CONTENT_ROUTE),
            0.95,
        ),
        Goal(
            "five targets, one target",
            _ratio("targets", mounts.FIVE_TARGETS, mounts.ONE_TARGET, P50),
            1.5,
            at_most=True,
        ),
    ]


def _plugins() -> list[Goal]:
    limits = {**dict.fromkeys(RULED, 200), ASKED: 5}
    return [
        Goal(
            f"{plugin}, stock",
            _ratio("plugins", name_of(site.OURS, plugin), name_of(site.STOCK, plugin)),
            limit,
        )
        for plugin, limit in limits.items()
    ]
