"""Signals that end a command, and the blocks that they must not interrupt."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


class StopSignal(KeyboardInterrupt):
    """A signal that ends a command as Ctrl-C does."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


@contextmanager
def hold_back_interrupts() -> Iterator[None]:
    """Defer Ctrl-C, which may be the second one, until after the block."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def raise_on_stop_signals() -> None:
    """Let every stop signal unwind the blocks that hold PostgreSQL, as Ctrl-C does."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _raise)


def _raise(number: int, frame: object) -> None:
    raise StopSignal(number)
