"""Child processes that report to this one, and that notice when it is gone."""

import contextlib
import multiprocessing
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, Final

# A copy of this process, on every platform and version: `_run` closes the connections that were
# copied with it.
_FORK: Final = multiprocessing.get_context("fork")


class Channel:
    """The channel from one process to its parent; honcho's processes call `put`.

    Each process has a pipe of its own: a queue shared by all processes would stay locked forever
    if one of them were killed while writing.
    """

    def __init__(self, messages: Connection, parent: Connection) -> None:
        self._messages = messages
        self._parent = parent
        self._lock = threading.Lock()

    def put(self, message: Any) -> None:
        # Without a parent there is no reader, and this process only has to end.
        with self._lock, contextlib.suppress(BrokenPipeError):
            self._messages.send(message)

    def is_parent_gone(self, seconds: float | None = 0) -> bool:
        """Wait up to `seconds` (None: without end) for the parent to end; tell whether it has."""
        return self._parent.poll(seconds)


class Nursery:
    """A starter of child processes; only this process holds the parent's ends of their pipes."""

    def __init__(self) -> None:
        # Nothing is ever written: the parent is gone when the last copy of `_alive` is closed.
        self._parent, self._alive = _FORK.Pipe(duplex=False)
        self._receiving: list[Connection] = []

    def start(
        self, target: Callable[..., None], *arguments: Any, name: str
    ) -> tuple[BaseProcess, Connection]:
        """Start `target(channel, *arguments)`; return the process and a connection to receive from.

        When the process ends, however it ends, receiving raises EOFError (OSError in the middle of
        a message).
        """
        receiving, sending = _FORK.Pipe(duplex=False)
        self._receiving = [each for each in self._receiving if not each.closed] + [receiving]
        process = _FORK.Process(
            target=_run,
            args=((*self._receiving, self._alive), target, Channel(sending, self._parent)),
            kwargs={"arguments": arguments},
            name=name,
            daemon=True,
        )
        process.start()
        sending.close()
        return process, receiving

    def leave(self) -> None:
        """Count as gone for the processes that watch this one, before it has ended."""
        self._alive.close()


def _run(
    inherited: tuple[Connection, ...],
    target: Callable[..., None],
    channel: Channel,
    arguments: tuple[Any, ...],
) -> None:
    for connection in inherited:
        connection.close()
    target(channel, *arguments)
