"""The state that the supervisor writes for the other commands while it runs: run/state.json."""

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Self

import psutil

from pulp_contentroutes.standalone.data_dir import LOCK_FILE, write_private
from pulp_contentroutes.standalone.process import Child

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
    #: The supervisor's start time according to the kernel: its process id may be reused by now.
    started: float
    services: tuple[ServiceState, ...]
    #: Device and inode of the lock beside this file; they differ in a copy of the folder.
    lock: tuple[int, int] | None = None

    @property
    def is_current(self) -> bool:
        try:
            return psutil.Process(self.supervisor).create_time() == self.started
        except psutil.NoSuchProcess:
            return False

    @classmethod
    def load(cls, run: Path) -> Self | None:
        """Return the state that the supervisor of this folder last wrote, None if there is none."""
        try:
            raw = json.loads((run / _FILE).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        services = tuple(ServiceState(**each) for each in raw["services"])
        # Earlier versions did not write it.
        lock = tuple(raw["lock"]) if raw.get("lock") else None
        if lock is not None and lock != _lock(run):
            return None
        return cls(raw["supervisor"], raw["started"], services, lock)


def write(run: Path, children: Iterable[Child]) -> None:
    """Write the state for the other commands; this process holds the folder."""
    services = tuple(
        ServiceState(
            child.service.name,
            child.service.address,
            child.pid,
            child.started if child.pid else None,
            child.restarts,
        )
        for child in children
    )
    state = State(os.getpid(), psutil.Process().create_time(), services, _lock(run))
    write_private(run / _FILE, json.dumps(asdict(state), indent=2) + "\n")


def _lock(run: Path) -> tuple[int, int] | None:
    try:
        found = (run / LOCK_FILE).stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def remove(run: Path) -> None:
    (run / _FILE).unlink(missing_ok=True)
