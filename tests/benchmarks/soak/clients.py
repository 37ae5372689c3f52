"""The processes of the clients, and their samples."""

import multiprocessing
import queue
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from tests.benchmarks.soak.samples import Sample

#: Requests last at most 75 s.
_END_SECONDS: Final = 90
_context: Final = multiprocessing.get_context("spawn")


class Clients:
    """Runs `function(*arguments, samples, ended)` in a process of its own for the block.

    The samples are appended to `found` as they come.
    """

    def __init__(self, function: Callable[..., None], *arguments: Any, found: list[Sample]) -> None:
        self._queue = _context.Queue()
        self._ended = _context.Event()
        self._found = found
        values = (*arguments, self._queue, self._ended)
        self._process = _context.Process(target=function, args=values, daemon=True)
        self._thread = threading.Thread(target=self._receive)

    def __enter__(self) -> "Clients":
        self._process.start()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        # The queue is emptied meanwhile: a process does not end while its samples are in it.
        self._process.join(_END_SECONDS)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._thread.join()

    def assert_running(self) -> None:
        assert self._process.is_alive(), "a process of clients has ended: see its traceback above"

    def _receive(self) -> None:
        while True:
            # Asked before the queue: an ended process has put all its samples there.
            is_alive = self._process.is_alive()
            try:
                self._found.extend(self._queue.get(timeout=0.2))
            except queue.Empty:
                if not is_alive:
                    return


def describe(samples: list[Sample]) -> str:
    """Return the progress in one line: all, wrong and failed requests."""
    counts = Counter(sample.status[:3] for sample in samples)
    wrong = sum(bool(sample.wrong) for sample in samples)
    statuses = ", ".join(f"{count} x {status}" for status, count in sorted(counts.items()))
    return f"{len(samples)} requests ({statuses}), {wrong} wrong"
