"""The contenders, measured in short rounds by turns, because the machine is noisy."""

import dataclasses
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from tests.benchmarks.load import Load, Measurement, measure
from tests.benchmarks.processes import worker_rss
from tests.benchmarks.site import Server
from tests.harness.http1 import Answer, ask

_WARM_UP_REQUESTS: Final = 50
_WARM_UP_SECONDS: Final = 1


class WrongAnswer(Exception):
    """A server does not answer as it must before it is measured."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The durations and sizes of a run."""

    seconds: int
    rounds: int
    #: Length of a measurement of stock, whose first answers need a good part of a second.
    stock_seconds: int
    #: Units of the repository version whose paths are asked for the first time.
    first_requests: int
    #: Units of the versions whose comparison shows growth.
    sizes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Contender:
    """One line of a table: a server under a load."""

    name: str
    server: Server
    #: The load of each round: a first request for a path is the first only once.
    load: Callable[[int], Load]
    #: A URL whose answer shows that all is well before a measurement, and that all requests are
    #: answered after it.
    probe: str
    #: Names of the contenders that it is compared with.
    stock: str = ""
    ceiling: str = ""
    flood: Callable[[int], Load] | None = None
    #: Used in place of the plan's values where stock needs seconds for an answer, or where many
    #: short rounds help.
    rounds: int | None = None
    seconds: int | None = None
    #: Facts for the plots.
    facts: dict[str, Any] = field(default_factory=dict)

    def get(self) -> Answer:
        """Ask for the probe once; Answer has the whole body."""
        url = urlsplit(self.probe)
        assert url.port
        target = f"{url.path}?{url.query}" if url.query else url.path
        return ask(url.port, target, headers=self.load(0).headers)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A contender, and the measurement of each of its rounds."""

    contender: Contender
    rounds: list[Measurement]


def compete(
    contenders: Sequence[Contender], plan: Plan, say: Callable[[str], None]
) -> list[Outcome]:
    """Measure all contenders by turns."""
    for contender in contenders:
        _warm_up(contender)
    outcomes = [Outcome(contender, []) for contender in contenders]
    for number in range(max(contender.rounds or plan.rounds for contender in contenders)):
        for outcome in outcomes:
            contender = outcome.contender
            if number < (contender.rounds or plan.rounds):
                measured = _measured(contender, number, contender.seconds or plan.seconds)
                outcome.rounds.append(measured)
                say(f"round {number + 1}: {contender.name}: {described(measured)}")
    return outcomes


def _warm_up(contender: Contender) -> None:
    """Check the server's answers, then let it open its connections and fill its caches."""
    load = contender.load(0)
    deadline = time.monotonic() + _WARM_UP_SECONDS
    for _ in range(_WARM_UP_REQUESTS):
        answer = contender.get()
        if answer.status != 200 or len(answer.body) < load.size:
            raise WrongAnswer(
                f"{contender.name}: {contender.probe} answered {answer.status} with "
                f"{len(answer.body)} bytes, expected 200 with at least {load.size}"
            )
        if time.monotonic() > deadline:
            return


def _measured(contender: Contender, number: int, seconds: int) -> Measurement:
    flood = contender.flood(number) if contender.flood else None
    measured = measure(contender.load(number), seconds, flood)
    rss = worker_rss(contender.server.pid)
    # Stock still works for a second on requests that wrk has left behind: it answers in order.
    for _ in range(2):
        contender.get()
    return dataclasses.replace(measured, rss=rss)


def described(measured: Measurement) -> str:
    """Return a measurement for the progress lines."""
    if measured.problem:
        return f"INVALID: {measured.problem}"
    if measured.p50 is None:
        return f"no answer within {measured.seconds:.0f} s"
    beside = f", beside {measured.flood.requests_per_second:,.0f}/s" if measured.flood else ""
    return f"{measured.requests_per_second:,.0f}/s, p50 {measured.p50:.2f} ms{beside}"
