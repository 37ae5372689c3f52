"""Tasks that run beside the requests: each is supervised, logged, restarted, and can be counted."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

log = logging.getLogger(__name__)

Job = Callable[[], Awaitable[object]]

_FIRST_PAUSE_SECONDS: Final = 1.0
_LAST_PAUSE_SECONDS: Final = 60.0
# The number of rounds that a periodic task may miss before it counts as hanging.
_MISSED_ROUNDS: Final = 3


@dataclass(slots=True, eq=False)
class Task:
    """One task, as metrics see it."""

    name: str
    #: Seconds between two rounds; None for a task without rounds.
    interval: float | None
    #: How often the task has ended, or one of its rounds has failed.
    failures: int = 0
    #: Whether it waits to be restarted.
    is_failing: bool = False
    #: When its last round ended, on the clock of `time.monotonic`.
    last_round: float = field(default_factory=time.monotonic)

    @property
    def is_well(self) -> bool:
        """Tell whether the task runs, and its rounds are not overdue."""
        if self.is_failing:
            return False
        if self.interval is None:
            return True
        return time.monotonic() - self.last_round < self.interval * (1 + _MISSED_ROUNDS)


class Background:
    """Every background task of a worker; `end` must be awaited before the loop is closed."""

    def __init__(self) -> None:
        self._tasks: dict[Task, asyncio.Task[None]] = {}

    def __iter__(self) -> Iterator[Task]:
        # A copy: metrics are read in a thread of their own.
        return iter(list(self._tasks))

    def run(self, name: str, job: Job) -> None:
        """Run a job that never ends by itself."""
        self._start(Task(name, None), job)

    def repeat(self, name: str, interval: float, job: Job) -> None:
        """Run a job every `interval` seconds, for the first time after one interval."""
        task = Task(name, interval)

        async def rounds() -> None:
            while True:
                await asyncio.sleep(interval)
                await job()
                task.last_round = time.monotonic()
                task.is_failing = False

        self._start(task, rounds)

    async def end(self) -> None:
        """Cancel every task, and wait until it has ended. Failures of the tasks are not raised."""
        running = list(self._tasks.values())
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        self._tasks.clear()

    def _start(self, task: Task, job: Job) -> None:
        self._tasks[task] = asyncio.create_task(
            _supervise(task, job), name=f"contentroutes: {task.name}"
        )


async def _supervise(task: Task, job: Job) -> None:
    """Run the job for ever: restart it after each failure, with longer and longer pauses."""
    this, pause = asyncio.current_task(), _FIRST_PAUSE_SECONDS
    assert this
    while True:
        started = time.monotonic()
        reason: BaseException | None = None
        try:
            await job()
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001  logged below
            reason = error
        if this.cancelling():
            # `end` has cancelled this task. Otherwise the job awaited something that was cancelled.
            raise asyncio.CancelledError
        if time.monotonic() - started > _LAST_PAUSE_SECONDS:
            pause = _FIRST_PAUSE_SECONDS
        task.failures += 1
        task.is_failing = True
        log.error(
            "The background task '%s' has ended; it starts anew in %d s.",
            task.name,
            pause,
            exc_info=reason,
        )
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LAST_PAUSE_SECONDS)
        if task.interval is None:
            task.is_failing = False
