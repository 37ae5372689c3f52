"""One running load per key, shared by all callers that ask meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class _Abandoned(Exception):
    """The task that was loading was cancelled; a task that waited for it then loads itself."""


class SingleFlight(Generic[K, V]):
    """Shared loads: the first caller loads, in its own task; later ones wait for the result.

    A client that leaves does not end the load of another one, and failures are not kept.
    """

    def __init__(self) -> None:
        self._running: dict[K, asyncio.Future[V]] = {}

    def __len__(self) -> int:
        return len(self._running)

    async def run(self, key: K, load: Callable[[], Awaitable[V]]) -> V:
        """Return the result of `load`, or of a load that runs for `key`; or raise its error."""
        while (running := self._running.get(key)) is not None:
            try:
                # Shielded: a waiter that is cancelled must not cancel the future that all wait for.
                return await asyncio.shield(running)
            except _Abandoned:
                continue
            finally:
                # As below: of a failure, each waiter would keep such a cycle.
                del running
        future: asyncio.Future[V] = asyncio.get_running_loop().create_future()
        self._running[key] = future
        try:
            result = await load()
        except BaseException as error:
            future.set_exception(error if isinstance(error, Exception) else _Abandoned())
            # Retrieve the exception, or asyncio complains if no caller was waiting.
            future.exception()
            raise
        else:
            future.set_result(result)
            return result
        finally:
            # By identity: after `forget` the key may belong to a newer load.
            if self._running.get(key) is future:
                del self._running[key]
            # Future, exception, traceback, this frame: a cycle that would keep open files open.
            del future

    def forget(self) -> None:
        """Let callers that ask from now on start a new load.

        The running loads may have read rows that have changed meanwhile; the callers that wait for
        them asked before the change.
        """
        self._running.clear()
