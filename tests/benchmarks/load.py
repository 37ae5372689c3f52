"""One measurement: a load on one URL, made by wrk."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

_SCRIPT: Final = Path(__file__).with_name("load.lua")
_TIMEOUT_SECONDS: Final = 120
#: Server and load generator share the machine: more connections only lengthen the queue.
CONNECTIONS: Final = 32
#: Stock does its work in one thread, which this many connections keep busy. With more, all are
#: answered at about the same time, and a round that ends just before misses a whole batch.
STOCK_CONNECTIONS: Final = 8


class WrkFailed(Exception):
    """wrk ended without a result; `str(error)` holds its output."""


@dataclass(frozen=True, slots=True)
class Paths:
    """A different path for each request: `pattern` with `first`, `first + step` and so on."""

    pattern: str
    first: int
    step: int = 1
    #: The measurement ends after this many; None: when its time is over.
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Load:
    url: str
    connections: int = CONNECTIONS
    #: Status and least size of every answer; any other makes the measurement invalid.
    status: int = 200
    size: int = 0
    paths: Paths | None = None
    #: Longest pause of a connection before a request, in ms; None: it asks at once.
    pause: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def arguments(self) -> list[str]:
        values: dict[str, Any] = {
            **(asdict(self.paths) if self.paths else {}),
            "pause": self.pause,
            "statuses": None if self.status == 200 else 1,
        }
        return [f"{name}={value}" for name, value in values.items() if value is not None]


@dataclass(frozen=True, slots=True)
class Measurement:
    requests: int
    seconds: float
    bytes: int
    #: Milliseconds; None when no request was answered in time.
    p50: float | None
    p99: float | None
    #: The reason why these numbers are invalid; None when they are valid.
    problem: str | None = None
    #: Resident memory of the server's worker afterwards, in bytes.
    rss: int = 0
    #: The flood that ran beside it.
    flood: "Measurement | None" = field(default=None)

    @property
    def requests_per_second(self) -> float:
        return self.requests / self.seconds

    @property
    def bytes_per_second(self) -> float:
        return self.bytes / self.seconds


def measure(load: Load, seconds: int, flood: Load | None = None) -> Measurement:
    """Put `load` on its server for `seconds`, beside `flood` if there is one."""
    if flood is None:
        with _running(load, seconds) as wrk:
            return _measurement(load, wrk)
    # The flood runs before the load does, and until after its end.
    with _running(flood, seconds + 60) as flooding:
        time.sleep(0.5)
        with _running(load, seconds) as wrk:
            measured = _measurement(load, wrk)
        flooding.send_signal(signal.SIGINT)
        beside = _measurement(flood, flooding)
    problem = measured.problem or (beside.problem and f"flood: {beside.problem}")
    return Measurement(
        measured.requests,
        measured.seconds,
        measured.bytes,
        measured.p50,
        measured.p99,
        problem,
        flood=beside,
    )


@contextmanager
def _running(load: Load, seconds: int) -> Iterator[subprocess.Popen[str]]:
    command = [
        *("wrk", "--threads", "1", "--connections", str(load.connections)),
        *("--duration", f"{seconds}s", "--timeout", f"{_TIMEOUT_SECONDS}s"),
        *(f"--header={name}: {value}" for name, value in load.headers.items()),
        *("--script", str(_SCRIPT), load.url, "--", *load.arguments),
    ]
    # A session of its own: the Ctrl-C of a terminal is for us alone, and we end what we started.
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as wrk:
        try:
            yield wrk
        finally:
            wrk.kill()


def _measurement(load: Load, wrk: subprocess.Popen[str]) -> Measurement:
    output, _ = wrk.communicate()
    _, marker, result = output.partition("\nRESULT ")
    if not marker:
        raise WrkFailed(f"{load.url}: {' '.join(output.split())[-500:]}")
    values = json.loads(result)
    has_answers = values["requests"] > 0
    return Measurement(
        values["requests"],
        values["microseconds"] / 1e6,
        values["bytes"],
        values["p50"] / 1e3 if has_answers else None,
        values["p99"] / 1e3 if has_answers else None,
        _problem(load, values),
    )


def _problem(load: Load, values: dict[str, Any]) -> str | None:
    errors = {name: count for name, count in values["errors"].items() if count}
    if errors:
        return f"socket errors {errors}"
    requests = values["requests"]
    if load.status == 200 and values["refused"]:
        return f"{values['refused']} of {requests} answers with a status of 400 or more"
    if load.status != 200 and set(values["statuses"]) - {str(load.status)}:
        return f"answers by status {values['statuses']}, expected only {load.status}"
    # wrk takes a redirect for a success; it has no body of the right size.
    if values["bytes"] < requests * load.size:
        return f"{values['bytes'] // requests} bytes an answer, expected at least {load.size}"
    return None
