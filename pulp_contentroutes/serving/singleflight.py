"""One running load per key, shared by everyone who asks meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class SingleFlight(Generic[K, V]):
    """Runs loads in tasks of their own: a client that leaves ends nobody else's load.

    A load that nobody waits for any more goes on to its end (it is one bounded query) and its
    result is cached by whoever started it.
    """

    def __init__(self) -> None:
        self._running: dict[K, asyncio.Task[V]] = {}
        #: Every load, also the forgotten ones: their owner is this object.
        self._tasks: set[asyncio.Task[V]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    async def run(self, key: K, load: Callable[[], Awaitable[V]]) -> V:
        """Return what `load` returns or raises, joining a load that runs for `key` already."""
        task = self._running.get(key)
        if task is None:
            task = asyncio.ensure_future(_started(load))
            self._running[key] = task
            self._tasks.add(task)
            task.add_done_callback(lambda done: self._finished(key, done))
        return await asyncio.shield(task)

    def forget(self) -> None:
        """Let everyone who asks from now on start a load of their own.

        The loads that run may have read what has changed meanwhile; those who wait for them asked
        before that.
        """
        self._running.clear()

    async def close(self) -> None:
        """Cancel what runs, and wait for its end."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _finished(self, key: K, task: asyncio.Task[V]) -> None:
        self._tasks.discard(task)
        # By identity: after `forget` the key may belong to a newer load.
        if self._running.get(key) is task:
            del self._running[key]
        if not task.cancelled():
            # Retrieved, or asyncio complains of an error that every waiter left before seeing.
            task.exception()


async def _started(load: Callable[[], Awaitable[V]]) -> V:
    return await load()
