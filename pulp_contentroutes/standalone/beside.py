"""Processes beside this one that report to it, and that know when it is gone."""

import contextlib
import multiprocessing
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, Final

# A copy of this process, on every platform and version: what is closed below is what was copied.
_FORK: Final = multiprocessing.get_context("fork")


class Channel:
    """The way from one process to its parent; honcho's processes call `put`.

    Each has a pipe of its own: a queue shared by all stays locked for ever when one of them is
    killed while it writes.
    """

    def __init__(self, messages: Connection, parent: Connection) -> None:
        self._messages = messages
        self._parent = parent
        self._lock = threading.Lock()

    def put(self, message: Any) -> None:
        # Without a parent nobody listens; what is left to do is to end.
        with self._lock, contextlib.suppress(BrokenPipeError):
            self._messages.send(message)

    def is_parent_gone(self, seconds: float | None = 0) -> bool:
        """Wait up to `seconds` (None: without end) for the parent to end; tell whether it has."""
        return self._parent.poll(seconds)


class Nursery:
    """Starts processes, and is the only one to hold the ends of their pipes that are its own."""

    def __init__(self) -> None:
        # Nothing is ever written: when the last copy of `_alive` is closed, the parent is gone.
        self._parent, self._alive = _FORK.Pipe(duplex=False)
        self._receiving: list[Connection] = []

    def start(
        self, target: Callable[..., None], *arguments: Any, name: str
    ) -> tuple[BaseProcess, Connection]:
        """Start `target(channel, *arguments)`; return the process and the end to receive from.

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
        """Be gone for those who watch this process, before it has ended."""
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
