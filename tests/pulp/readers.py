"""The clients of the adversity tests: honest readers, and clients that leave, idle or flood."""

import http.client
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager

from tests.harness.http1 import Route
from tests.harness.waiting import wait_until
from tests.pulp.adversity import FAST, STOCK, attempt, is_fast


class Readers:
    """Honest clients: they keep asking for `files` until the block ends, and count the answers."""

    def __init__(self, route: Route, files: Mapping[str, bytes], clients: int = 4) -> None:
        self._route = route
        self._files = files
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._read) for _ in range(clients)]
        #: FAST or STOCK for the right bytes, otherwise the error.
        self.answers: Counter[str] = Counter()
        #: Each 200 whose bytes are not those of the file.
        self.wrong: list[str] = []

    def __enter__(self) -> "Readers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, count: int) -> None:
        """Wait for this many more answers of the fast path."""
        enough = self.answers[FAST] + count
        wait_until(lambda: self.answers[FAST] >= enough, what=f"answers: {self.answers}")

    def assert_all_fast(self) -> None:
        assert not self.wrong
        assert set(self.answers) == {FAST}, self.answers

    def _read(self) -> None:
        while not self._ended.is_set():
            for path, data in self._files.items():
                answer = attempt(lambda path=path: self._route.get(path))  # type: ignore[misc]
                if answer.status == 200 and answer.body != data:
                    self.wrong.append(f"{path}: {len(answer.body)} bytes of {len(data)}")
                elif answer.status == 200:
                    self.answers[FAST if is_fast(answer) else STOCK] += 1
                else:
                    self.answers[f"{answer.status} {answer.body[:80]!r}"] += 1
            # The server needs its share of the processors, too.
            self._ended.wait(0.01)


def leave_mid_body(route: Route, path: str, clients: int) -> None:
    """Begin to read a file on many connections and break them off, every other one with a reset."""
    with ExitStack() as stack:
        for number in range(clients):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", route.port), 30))
            client.sendall(f"GET {route.url(path)} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            assert client.recv(12) == b"HTTP/1.1 200"
            if number % 2:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@contextmanager
def idle_readers(route: Route, path: str, clients: int) -> Iterator[None]:
    """Clients that have asked for a file, and read nothing of it."""
    with ExitStack() as stack:
        for _ in range(clients):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", route.port), 30))
            client.sendall(f"GET {route.url(path)} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            assert client.recv(12, socket.MSG_PEEK) == b"HTTP/1.1 200"
        yield


def ask_on_one_connection(route: Route, paths: list[str]) -> set[tuple[int, bytes]]:
    """Return the different answers."""
    answers = set()
    with closing(http.client.HTTPConnection("127.0.0.1", route.port, 60)) as client:
        for path in paths:
            client.request("GET", route.url(path))
            response = client.getresponse()
            answers.add((response.status, response.read()))
    return answers
