"""Shutdown in order and in time: first the clients of the database, then the database."""

import signal
import time
from collections.abc import Sequence
from typing import Final

from pulp_contentroutes.standalone.watched import Child, signal_group

#: How long the clients of the database may take to stop, and the database after them, in seconds.
CLIENTS_GRACE: Final = 5.0
DATABASE_GRACE: Final = 3.0


class Stopping:
    """A shutdown in stages.

    Each stage is asked politely, killed when its grace is over, and followed by the next.
    """

    def __init__(self, clients: Sequence[Child], databases: Sequence[Child]) -> None:
        self._stages = [
            (clients, signal.SIGTERM, CLIENTS_GRACE),
            # SIGINT is PostgreSQL's "fast" shutdown: it does not wait for connections to end.
            (databases, signal.SIGINT, DATABASE_GRACE),
        ]
        self._begun: float | None = None
        self._asked: set[int] = set()

    def advance(self, is_urgent: bool) -> None:
        """Send the signals that are due; called until nothing runs. `is_urgent`: kill clients."""
        while self._stages and not any(child.is_running for child in self._stages[0][0]):
            del self._stages[0]
            self._begun = None
        if not self._stages:
            return
        children, polite, grace = self._stages[0]
        now = time.monotonic()
        self._begun = self._begun or now
        is_over = now - self._begun > grace or (is_urgent and polite is signal.SIGTERM)
        for pid in [child.pid for child in children if child.pid is not None]:
            if is_over:
                signal_group(pid, signal.SIGKILL)
            elif pid not in self._asked:
                self._asked.add(pid)
                signal_group(pid, polite)
