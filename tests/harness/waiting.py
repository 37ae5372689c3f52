"""Functions that wait for conditions, and ports that no other test uses."""

import contextlib
import itertools
import os
import socket
import time
from collections.abc import Callable
from typing import Any, Final

# Below the kernel's range (from 32768 on), so that no outgoing connection takes a port meanwhile.
_FIRST_PORT: Final = 20000
_PORTS_OF_A_WORKER: Final = 3000
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
#: Each worker of pytest-xdist has a range of its own; concurrent runs begin at different ports.
_offsets = itertools.count(os.getpid() % 700 * 4)


def wait_until(condition: Callable[[], Any], seconds: float = 120, what: str = "") -> Any:
    """Return the first true value of `condition`; fail if there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {seconds} s: {what or condition}"
        time.sleep(0.05)


def free_ports(count: int = 1) -> int:
    """Return the first of `count` consecutive ports that are free on loopback."""
    while True:
        offset = next(_offsets) % (_PORTS_OF_A_WORKER - count)
        ports = range(_FIRST_PORT + _worker * _PORTS_OF_A_WORKER + offset, 65536)[:count]
        for _ in ports[1:]:
            next(_offsets)
        if all(map(_is_free, ports)):
            return ports[0]


def _is_free(port: int) -> bool:
    with contextlib.suppress(OSError), socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        return True
    return False


def connects(port: int) -> bool:
    """Tell whether something listens on a port of loopback."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
