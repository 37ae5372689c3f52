"""The content workers as the kernel and they themselves see them."""

import json
import os
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil

from pulp_contentroutes.standalone.state import State
from tests.benchmarks.soak.inside import SIGNAL
from tests.harness.standalone import Standalone
from tests.harness.waiting import wait_until

#: aiohttp's task for each connection.
CONNECTION: Final = "RequestHandler.start"
_ANSWER_SECONDS: Final = 30
_START_SECONDS: Final = 60
#: Asking a worker costs it some milliseconds, and we wait for it.
_ASK_EVERY: Final = 5


@dataclass(frozen=True, slots=True)
class Usage:
    """Resources of one worker at one moment."""

    #: In bytes.
    rss: int
    threads: int
    #: Tasks by the name of their coroutine.
    tasks: Mapping[str, int]
    #: Open descriptors by kind: sockets, artifacts, deleted artifacts, others.
    descriptors: Mapping[str, int]


@dataclass(slots=True)
class Peak:
    """The largest values that were seen in a worker."""

    rss: int = 0
    descriptors: int = 0
    threads: int = 0
    tasks: int = 0
    sockets: int = 0

    def raise_to(self, **values: int) -> None:
        for name, value in values.items():
            setattr(self, name, max(value, getattr(self, name)))


class Workers:
    """All content workers of an instance; `answers` is the folder that they write to."""

    def __init__(self, instance: Standalone, answers: Path) -> None:
        self._answers = answers
        self._media = str(instance.data / "media")
        self._asking = threading.Lock()
        master = psutil.Process(pid_of(instance, "content"))

        def are_ready() -> bool:
            children = master.children()
            return bool(children) and all(_answers_signal(child.pid) for child in children)

        # The signal ends a process that does not handle it.
        wait_until(are_ready, _START_SECONDS, "content workers that answer the signal")
        self.processes = master.children()

    @property
    def pids(self) -> list[int]:
        return [process.pid for process in self.processes]

    def find_ended(self) -> list[int]:
        return [process.pid for process in self.processes if not process.is_running()]

    def ask(self, pid: int) -> dict[str, Any]:
        """Return a worker's report on itself."""
        answer = self._answers / f"{pid}.json"
        with self._asking:
            answer.unlink(missing_ok=True)
            os.kill(pid, SIGNAL)
            wait_until(answer.exists, _ANSWER_SECONDS, f"an answer of worker {pid}")
            said: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
        return said

    def listening(self) -> dict[int, list[int]]:
        """Return the processes of PostgreSQL that each worker listens to."""
        return {pid: list(self.ask(pid)["listening"]) for pid in self.pids}

    def measure(self) -> dict[int, Usage]:
        return {
            process.pid: Usage(
                int(process.memory_info().rss),
                int(process.num_threads()),
                self.ask(process.pid)["tasks"],
                self.count_descriptors(process.pid),
            )
            for process in self.processes
            if process.is_running()
        }

    def count_descriptors(self, pid: int) -> Counter[str]:
        found: Counter[str] = Counter()
        for link in Path(f"/proc/{pid}/fd").iterdir():
            try:
                found[self._kind(os.readlink(link))] += 1
            except FileNotFoundError:
                continue
        return found

    def _kind(self, target: str) -> str:
        if target.startswith("socket:"):
            return "sockets"
        if not target.startswith(self._media):
            return "others"
        return "deleted artifacts" if target.endswith(" (deleted)") else "artifacts"


class Watch(threading.Thread):
    """Looks at the workers every second until `ended`."""

    def __init__(self, workers: Workers, ended: threading.Event) -> None:
        super().__init__(name="watch")
        self._workers = workers
        self._ended = ended
        self.peaks = {pid: Peak() for pid in workers.pids}

    def run(self) -> None:
        looks = 0
        while not self._ended.wait(1):
            for process in self._workers.processes:
                try:
                    self._look(process, is_asked=looks % _ASK_EVERY == 0)
                except (psutil.NoSuchProcess, OSError, AssertionError):
                    # The worker has ended, which the rules know, or it is too busy to answer.
                    continue
            looks += 1

    def _look(self, process: psutil.Process, *, is_asked: bool) -> None:
        peak = self.peaks[process.pid]
        descriptors = self._workers.count_descriptors(process.pid)
        peak.raise_to(
            rss=process.memory_info().rss,
            threads=process.num_threads(),
            descriptors=sum(descriptors.values()),
            sockets=descriptors["sockets"],
        )
        if is_asked:
            peak.raise_to(tasks=sum(self._workers.ask(process.pid)["tasks"].values()))


def pid_of(instance: Standalone, service: str) -> int:
    """Return the process of a service that runs."""

    def find() -> int | None:
        state = State.load(instance.data / "run")
        services = state.services if state else ()
        return next((each.pid for each in services if each.name == service), None)

    return int(wait_until(find, _START_SECONDS, f"{service} running"))


def _answers_signal(pid: int) -> bool:
    """Tell whether a process handles our signal (`SigCgt` in proc(5))."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("SigCgt:"):
            return bool(int(line.split()[1], 16) >> (SIGNAL - 1) & 1)
    return False
