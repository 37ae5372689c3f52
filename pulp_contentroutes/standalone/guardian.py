"""A process that ends the services when their supervisor is gone, even killed.

`python -m pulp_contentroutes.standalone.guardian` reads process ids from standard input, one per
line: that of a service that has started, or, negative, of one that has ended. The input ends with
the supervisor; then it ends the services that are left.
"""

import asyncio
import contextlib
import os
import signal
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import Iterable
from typing import Final

from pulp_contentroutes.standalone import environment

_COMMAND: Final = (sys.executable, "-m", "pulp_contentroutes.standalone.guardian")
_FIRST_DELAY: Final = 0.2
_LONGEST_DELAY: Final = 5.0
_GRACE_SECONDS: Final = 5.0
_TICK: Final = 0.05
#: kill(2): only tells whether there is such a process.
_NO_SIGNAL: Final = 0


def signal_group(pid: int, number: int) -> bool:
    """Signal a service and all that it has forked: each service begins a session of its own.

    Return whether there was anything to signal.
    """
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)
        return True
    return False


class Guardian:
    """The supervisor's side: a guardian that is started again when it ends."""

    def __init__(self) -> None:
        self._pids: set[int] = set()
        self._input: asyncio.StreamWriter | None = None

    async def keep(self) -> None:
        """Keep a guardian running until this is cancelled."""
        delay = _FIRST_DELAY
        while True:
            try:
                process = await asyncio.create_subprocess_exec(
                    *_COMMAND,
                    stdin=PIPE,
                    # As for Pulp's processes: it must find this package, wherever it is installed.
                    env=environment.for_pulp({}),
                    cwd="/",
                    # Ctrl-C is for the supervisor.
                    start_new_session=True,
                )
            except OSError:
                # Too many processes, or too little memory: the services go on without it.
                await asyncio.sleep(_LONGEST_DELAY)
                continue
            assert process.stdin is not None
            self._input = process.stdin
            try:
                for pid in self._pids:
                    self._tell(pid)
                await process.wait()
            finally:
                self._input = None
                process.stdin.close()
                await process.wait()
            await asyncio.sleep(delay)
            delay = min(2 * delay, _LONGEST_DELAY)

    def add(self, pid: int) -> None:
        self._pids.add(pid)
        self._tell(pid)

    def remove(self, pid: int) -> None:
        self._pids.discard(pid)
        self._tell(-pid)

    def _tell(self, number: int) -> None:
        if self._input is not None:
            self._input.write(b"%d\n" % number)


def end_what_is_left(lines: Iterable[str]) -> None:
    """Read `lines` to their end; then end the services that have started and not ended."""
    running: set[int] = set()
    for line in lines:
        pid = int(line)
        running = running | {pid} if pid > 0 else running - {-pid}
    for pid in running:
        # SIGINT is PostgreSQL's fast shutdown and quick for the others, too.
        signal_group(pid, signal.SIGINT)
    deadline = time.monotonic() + _GRACE_SECONDS
    while any(signal_group(pid, _NO_SIGNAL) for pid in running) and time.monotonic() < deadline:
        time.sleep(_TICK)
    for pid in running:
        signal_group(pid, signal.SIGKILL)


if __name__ == "__main__":
    end_what_is_left(sys.stdin)
