"""Configuration of gunicorn with which a worker reports its asyncio tasks, threads and listeners.

The measured Pulp reads this file by GUNICORN_CMD_ARGS; `workers.py` sends the signal and reads the
answer. Nothing else of the worker is changed.
"""

import asyncio
import json
import os
import signal
import threading
import weakref
from collections import Counter
from pathlib import Path
from typing import Any, Final

#: Neither gunicorn nor aiohttp handles this signal.
SIGNAL: Final = signal.SIGRTMIN + 1
#: Names the folder of the answers. `serve` keeps variables of our own prefix from its children.
VARIABLE: Final = "SOAK_ANSWERS"


def post_worker_init(worker: Any) -> None:
    """Answer the signal from now on; called by gunicorn in each worker."""
    listening = _remember_listeners()

    def tell(number: int, frame: object) -> None:
        folder = Path(os.environ[VARIABLE])
        partial = folder / f"{os.getpid()}.partial"
        partial.write_text(json.dumps(_describe(listening)), encoding="utf-8")
        partial.rename(folder / f"{os.getpid()}.json")

    signal.signal(SIGNAL, tell)


def _remember_listeners() -> "weakref.WeakSet[Any]":
    """Return the set that each connection to PostgreSQL joins when it listens."""
    from asyncpg.connection import Connection

    listening: weakref.WeakSet[Any] = weakref.WeakSet()
    original = Connection.add_listener

    async def add_listener(self: Any, channel: str, callback: Any) -> None:
        await original(self, channel, callback)
        listening.add(self)

    Connection.add_listener = add_listener
    return listening


def _describe(listening: "weakref.WeakSet[Any]") -> dict[str, Any]:
    try:
        # A signal is handled between two steps of the event loop, in its thread.
        tasks = asyncio.all_tasks()
    except RuntimeError:
        tasks = set()
    return {
        "tasks": Counter(_name(task) for task in tasks),
        "threads": sorted(thread.name for thread in threading.enumerate()),
        "listening": [each.get_server_pid() for each in listening if not each.is_closed()],
    }


def _name(task: "asyncio.Task[Any]") -> str:
    coroutine: Any = task.get_coro()
    return str(getattr(coroutine, "__qualname__", coroutine))
