"""What the supervisor tells the other commands while it runs: run/state.json."""

import json
import os
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Self

import psutil

from pulp_contentroutes.standalone.files import write_private

_FILE: Final = "state.json"


@dataclass(frozen=True, slots=True)
class ServiceState:
    """One service: its process (None while it is down), its address and its restarts."""

    name: str
    address: str
    pid: int | None
    #: Seconds since the epoch.
    started: float | None
    restarts: int


@dataclass(frozen=True, slots=True)
class State:
    supervisor: int
    #: When the supervisor started, as the kernel says it: its number may be another's by now.
    started: float
    services: tuple[ServiceState, ...]

    @property
    def is_current(self) -> bool:
        try:
            return psutil.Process(self.supervisor).create_time() == self.started
        except psutil.NoSuchProcess:
            return False

    @classmethod
    def load(cls, run: Path) -> Self | None:
        """Return what the supervisor last wrote, None if there is none."""
        try:
            raw = json.loads((run / _FILE).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        services = tuple(ServiceState(**each) for each in raw["services"])
        return cls(raw["supervisor"], raw["started"], services)


def write(run: Path, services: Iterable[ServiceState]) -> None:
    state = State(os.getpid(), psutil.Process().create_time(), tuple(services))
    write_private(run / _FILE, json.dumps(asdict(state), indent=2) + "\n")


def remove(run: Path) -> None:
    (run / _FILE).unlink(missing_ok=True)


def wall_clock(monotonic: float) -> float:
    """Return a time of the monotonic clock as seconds since the epoch."""
    return time.time() - (time.monotonic() - monotonic)
