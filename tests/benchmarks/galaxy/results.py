"""The measured values: medians of the rounds, and ratios of rounds that stood side by side."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from tests.benchmarks.galaxy.load import Round, Wanted
from tests.benchmarks.galaxy.queries import Asked
from tests.benchmarks.galaxy.real import Together


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a round; None when nothing was answered."""

    name: str
    #: Its name with the unit, for JSON.
    key: str
    value: Callable[[Round], float | None]
    #: Half of it is twice as good.
    less_is_better: bool = True


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000


FIGURES: Final = (
    Figure("installs/s", "installs_per_second", lambda r: r.installs_per_second, False),
    Figure("requests/s", "requests_per_second", lambda r: r.requests_per_second, False),
    Figure("requests of an install", "requests_per_install", lambda r: r.requests_per_install),
    Figure("KB of an install", "kilobytes_per_install", lambda r: r.bytes_per_install / 1000),
    Figure("p50 of an install, s", "install_p50_seconds", lambda r: r.install_seconds(50)),
    Figure("p99 of an install, s", "install_p99_seconds", lambda r: r.install_seconds(99)),
    Figure(
        "p50 of a request, ms", "request_p50_ms", lambda r: _milliseconds(r.request_seconds(50))
    ),
    Figure(
        "p99 of a request, ms", "request_p99_ms", lambda r: _milliseconds(r.request_seconds(99))
    ),
)


@dataclass(frozen=True, slots=True)
class Plan:
    """The extent of the measurements."""

    wanted: Wanted
    clients: int
    rounds: int
    #: Real `ansible-galaxy` processes; 0 for none.
    processes: int


@dataclass(slots=True)
class Run:
    """The measurements of one run so far, by the name of the server."""

    rounds: dict[str, list[Round]] = field(default_factory=dict)
    real: dict[str, Together] = field(default_factory=dict)
    asked: dict[str, list[Asked]] = field(default_factory=dict)
    #: By the number of versions in a repository.
    growth: Mapping[int, Mapping[str, int]] | None = None

    def value(self, name: str, figure: Figure) -> float | None:
        values = _values(self.rounds[name], figure)
        return median(values) if values else None

    def times_better(self, name: str, other: str, figure: Figure) -> float | None:
        """Return how many times better than `other` it is: the median of the rounds' ratios."""
        mine, theirs = (_values(self.rounds[each], figure) for each in (name, other))
        if not mine or len(mine) != len(theirs):
            return None
        ratio = median(one / two for one, two in zip(mine, theirs, strict=True))
        return 1 / ratio if figure.less_is_better else ratio

    def errors(self, name: str) -> list[str]:
        """Return the errors of the simulated clients and of the real ones."""
        errors = [error for each in self.rounds.get(name, []) for error in each.errors]
        return errors + (self.real[name].errors if name in self.real else [])


def _values(rounds: list[Round], figure: Figure) -> list[float]:
    values = [figure.value(each) for each in rounds]
    return [value for value in values if value]
