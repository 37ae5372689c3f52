"""The measured values: medians of the rounds, and ratios of rounds that stood side by side."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from tests.benchmarks.contenders import Outcome
from tests.benchmarks.load import Measurement


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure of a measurement; None when nothing was answered."""

    name: str
    value: Callable[[Measurement], float | None]
    #: For a latency: half of it is twice as good.
    less_is_better: bool = False


REQUESTS = Metric("requests/s", lambda measured: measured.requests_per_second)
BYTES = Metric("bytes/s", lambda measured: measured.bytes_per_second)
P50 = Metric("p50", lambda measured: measured.p50, less_is_better=True)
P99 = Metric("p99", lambda measured: measured.p99, less_is_better=True)


@dataclass(frozen=True, slots=True)
class Results:
    """The outcomes of one group, by the name of the contender."""

    outcomes: dict[str, Outcome]

    @classmethod
    def of(cls, outcomes: Sequence[Outcome]) -> "Results":
        return cls({outcome.contender.name: outcome for outcome in outcomes})

    def value(self, name: str, metric: Metric) -> float | None:
        """Return the median of the rounds; None without a valid one."""
        values = self._values(name, metric)
        return median(values) if values else None

    def ratio(self, name: str, other: str, metric: Metric) -> float | None:
        """Return the ratio of `name` to `other`: the median of the rounds' ratios."""
        values, others = self._values(name, metric), self._values(other, metric)
        if not values or not others:
            return None
        if len(values) != len(others):
            return median(values) / median(others)
        return median(mine / theirs for mine, theirs in zip(values, others, strict=True))

    def times_better(self, name: str, other: str, metric: Metric) -> float | None:
        """Return how many times better than `other` `name` is."""
        ratio = self.ratio(name, other, metric)
        return 1 / ratio if ratio and metric.less_is_better else ratio

    def problems(self, name: str) -> list[str]:
        rounds = self.outcomes[name].rounds
        return [measured.problem for measured in rounds if measured.problem]

    def highest_rss(self, server: str) -> int:
        """Return the most memory that a server's worker had, 0 if it was not measured."""
        return max(
            (
                measured.rss
                for outcome in self.outcomes.values()
                if outcome.contender.server.name == server
                for measured in outcome.rounds
            ),
            default=0,
        )

    def _values(self, name: str, metric: Metric) -> list[float]:
        """Return the value of each round; no values when one of them is invalid."""
        if name not in self.outcomes or self.problems(name):
            return []
        values = [metric.value(measured) for measured in self.outcomes[name].rounds]
        return [value for value in values if value]

    def as_data(self, metric: Metric) -> list[dict[str, Any]]:
        return [self._row(name, metric) for name in self.outcomes]

    def _row(self, name: str, metric: Metric) -> dict[str, Any]:
        outcome = self.outcomes[name]
        contender = outcome.contender
        return {
            "name": name,
            "requests_per_second": self.value(name, REQUESTS),
            "bytes_per_second": self.value(name, BYTES),
            "p50_ms": self.value(name, P50),
            "p99_ms": self.value(name, P99),
            "worker_rss_bytes": max(measured.rss for measured in outcome.rounds),
            "times_stock": self.times_better(name, contender.stock, metric),
            "times_ceiling": self.times_better(name, contender.ceiling, metric),
            "stock": contender.stock or None,
            "ceiling": contender.ceiling or None,
            "problems": self.problems(name),
            **contender.facts,
            "rounds": [_round(measured) for measured in outcome.rounds],
        }


def _round(measured: Measurement) -> dict[str, Any]:
    values = {
        "requests": measured.requests,
        "seconds": measured.seconds,
        "bytes": measured.bytes,
        "p50_ms": measured.p50,
        "p99_ms": measured.p99,
        "worker_rss_bytes": measured.rss,
        "problem": measured.problem,
    }
    return values | ({"beside": _round(measured.flood)} if measured.flood else {})
