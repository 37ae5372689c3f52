"""SQL queries of requests, and of operations that must not cost more in a larger repository."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final
from urllib.parse import urlsplit

from pulp_contentroutes.paths import CONTENT_PREFIX
from tests.benchmarks.galaxy.client import Exchange
from tests.benchmarks.galaxy.pulp import Pulp

#: Versions in a repository.
SIZES: Final = (200, 2000)
_CONTENT_PREFIXES: Final = (CONTENT_PREFIX, "/pulp/content/")
_IMPORT: Final = "from tests.benchmarks.galaxy import in_pulp"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of a cold install, and its SQL queries."""

    path: str
    status: int
    #: Size of the answer, with its head.
    bytes: int
    #: Median, of one client that is alone, in milliseconds.
    alone_ms: float
    #: Queries in a process that has not been asked for it before; None for the content app.
    queries: int | None
    #: Queries in a process that has.
    again: int | None


def asked(instance: Pulp, traces: Sequence[Sequence[Exchange]]) -> list[Asked]:
    """Return the requests of successive installs, all of which ask the same."""
    paths = [_path(exchange.url) for exchange in traces[0]]
    counted = [path for path in paths if not path.startswith(_CONTENT_PREFIXES)]
    printed = instance.shell(f"{_IMPORT}; in_pulp.print_queries({counted!r})")
    # No request is made twice.
    counts = dict(zip(counted, json.loads(printed.splitlines()[-1]), strict=True))
    return [
        Asked(
            path,
            exchanges[0].status,
            exchanges[0].bytes,
            median(exchange.seconds for exchange in exchanges) * 1000,
            *counts.get(path, (None, None)),
        )
        for path, exchanges in zip(paths, zip(*traces, strict=True), strict=True)
    ]


def growth(instance: Pulp) -> dict[int, dict[str, int]]:
    """Return by the number of versions the queries of a new distribution, and of a publish."""
    printed = instance.shell(f"{_IMPORT}; in_pulp.print_growth({SIZES!r})")
    found: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return {int(size): counts for size, counts in found.items()}


def _path(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
