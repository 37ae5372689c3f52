"""One running load per key, shared by everyone who asks meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class _Abandoned(Exception):
    """Who was loading was cancelled; who waited loads itself."""


class SingleFlight(Generic[K, V]):
    """Whoever asks first loads, in its own task; who asks meanwhile waits for the result.

    A client that leaves ends nobody else's load, and failures are not kept.
    """

    def __init__(self) -> None:
        self._running: dict[K, asyncio.Future[V]] = {}

    def __len__(self) -> int:
        return len(self._running)

    async def run(self, key: K, load: Callable[[], Awaitable[V]]) -> V:
        """Return what `load` returns or raises, or what a load that runs for `key` already does."""
        while (running := self._running.get(key)) is not None:
            try:
                # Shielded: a waiter that is cancelled must not cancel what all wait for.
                return await asyncio.shield(running)
            except _Abandoned:
                continue
        return await self._load(key, load)

    def forget(self) -> None:
        """Let everyone who asks from now on start a load of their own.

        The loads that run may have read what has changed meanwhile; those who wait for them asked
        before that.
        """
        self._running.clear()

    async def _load(self, key: K, load: Callable[[], Awaitable[V]]) -> V:
        future: asyncio.Future[V] = asyncio.get_running_loop().create_future()
        self._running[key] = future
        try:
            result = await load()
        except BaseException as error:
            future.set_exception(error if isinstance(error, Exception) else _Abandoned())
            # Retrieved, or asyncio complains where nobody was waiting.
            future.exception()
            raise
        else:
            future.set_result(result)
            return result
        finally:
            # By identity: after `forget` the key may belong to a newer load.
            if self._running.get(key) is future:
                del self._running[key]
            # Future, exception, traceback, this frame: a circle that would keep open files open.
            del future
