"""The stage of the adversity tests: the Pulp that is harmed, the harms, and their victims."""

import hashlib
import http.client
import os
import random
import shutil
import socket
import struct
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg

from tests.harness.database_proxy import DatabaseProxy
from tests.harness.http1 import Answer, Route
from tests.harness.pulp import Pulp
from tests.harness.standalone import Standalone
from tests.harness.waiting import wait_until

#: Names of the sessions in PostgreSQL: those of Pulp's own handler, and those of the fast path.
HANDLER, OURS = "adversity", "pulp_contentroutes"
FAST, STOCK = "fast path", "Pulp's handler"
CHANGING = (b"the first publication", b"the second one")


@dataclass(frozen=True)
class Site:
    """A Pulp, and the content that is published in it."""

    instance: Standalone
    #: Paths of three files of one publication.
    small: str
    large: str
    huge: str
    files: Mapping[str, bytes]
    #: The base path of a distribution that serves one of two publications.
    changing: str
    publications: tuple[str, str]
    #: The socket of PostgreSQL itself.
    socket: Path

    @property
    def resolved(self) -> dict[str, bytes]:
        return {path: self.files[path] for path in (self.small, self.large)}

    def connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(host=str(self.socket.parent), user="pulp", dbname="pulp")

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self.connect() as connection:
            cursor = connection.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def serve(self, number: int) -> None:
        """Let the changing distribution serve the other publication, as the API would."""
        statement = "UPDATE core_distribution SET publication_id = %s WHERE base_path = %s"
        self.sql(statement, self.publications[number], self.changing)

    def artifact(self, path: str) -> Path:
        digest = hashlib.sha256(self.files[path]).hexdigest()
        [[name]] = self.sql("SELECT file FROM core_artifact WHERE sha256 = %s", digest)
        return self.instance.data / "media" / str(name)

    def waiting(self, application: str) -> int:
        """Return how many sessions of `application` wait for a lock."""
        statement = (
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE wait_event_type = 'Lock' AND application_name = %s"
        )
        return int(self.sql(statement, application)[0][0])

    def take_all_connections(self, stack: ExitStack) -> None:
        """Take all connections that PostgreSQL gives, and raise when there are no more."""
        while True:
            stack.enter_context(self.connect())

    @contextmanager
    def proxied(self) -> Iterator[DatabaseProxy]:
        # The path of a socket has at most 107 bytes.
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            yield stack.enter_context(DatabaseProxy(folder, self.socket).running())


def make_site(instance: Standalone) -> Site:
    """Publish the content of a site."""
    pulp, bytes_of = Pulp(instance), random.Random(1).randbytes
    # A folder has 4096 bytes on ext4: its size is that of the file whose place it takes.
    names = {"small.bin": 4096, "large.bin": 2**20, "huge.bin": 100 * 2**20}
    files = {name: bytes_of(size) for name, size in names.items()}
    base = pulp.publish(files)
    first, second = (pulp.publication(pulp.repository({"changing.txt": data})) for data in CHANGING)
    return Site(
        instance,
        small=f"{base}/small.bin",
        large=f"{base}/large.bin",
        huge=f"{base}/huge.bin",
        files={f"{base}/{name}": data for name, data in files.items()},
        changing=pulp.distribution(publication=first)["base_path"],
        publications=(first.split("/")[-2], second.split("/")[-2]),
        socket=Path(instance.status()[1]["postgresql"]["address"]),
    )


@dataclass(frozen=True)
class ContentApp:
    """One content app with one worker."""

    route: Route
    #: gunicorn's master, and the process that serves.
    master: psutil.Process
    worker: psutil.Process
    log: Path

    def says(self, text: str) -> bool:
        return self.log.exists() and text in self.log.read_text()

    def lines_about(self, name: object) -> list[str]:
        return [line for line in self.log.read_text().splitlines() if str(name) in line]

    def clients(self) -> int:
        """Return the number of connections that are open to clients."""
        return sum(each.status == "ESTABLISHED" for each in self.worker.net_connections("tcp"))

    def holds(self, file: Path) -> int:
        """Return how many descriptors of `file` are open."""
        return sum(each.path == str(file) for each in self.worker.open_files())

    def memory(self) -> int:
        return int(self.worker.memory_info().rss)


@contextmanager
def content_app(
    instance: Standalone, folder: Path, database: Path, **settings: str
) -> Iterator[ContentApp]:
    """Run a further content app that reaches PostgreSQL through the socket in `database`."""
    log = folder / "content.log"
    common = {
        "DATABASES__default__HOST": str(database),
        "DATABASES__default__OPTIONS__application_name": HANDLER,
        "LOGGING__handlers__console__class": "logging.FileHandler",
        "LOGGING__handlers__console__filename": str(log),
    }
    with instance.further_content_app(**common, **settings) as port:
        address = f"127.0.0.1:{port}"
        [master] = [each for each in psutil.Process().children() if address in each.cmdline()]
        [worker] = wait_until(master.children, what="a content worker")
        app = ContentApp(Route.of("ours", port), master, worker, log)
        wait_until(lambda: app.says("he fast path "), what="the fast path on, or off")
        yield app


@dataclass(frozen=True)
class Stage:
    """A content app whose one worker lives through every test, behind a proxy."""

    site: Site
    proxy: DatabaseProxy
    app: ContentApp

    def settle(self) -> None:
        """Wait until the worker listens, and has the resolved files in memory."""
        wait_until(lambda: self.proxy.listening == 1, what="listening")
        for path in self.site.resolved:
            self.wait_for_memory(path)

    def wait_for_memory(self, path: str) -> None:
        wait_until(lambda: is_in_memory(self.proxy, self.app, path), what=f"{path} in memory")

    def changing(self) -> Answer:
        return self.app.route.get(f"{self.site.changing}/changing.txt")

    def wait_for_change(self, number: int, seconds: float = 5) -> None:
        wait_until(lambda: self.changing().body == CHANGING[number], seconds, "the change")


def is_fast(answer: Answer) -> bool:
    return "repr-digest" in answer.headers


def is_in_memory(proxy: DatabaseProxy, app: ContentApp, path: str) -> bool:
    """Tell whether the fast path answers without asking the database."""
    asked = proxy.asked
    return is_fast(app.route.get(path)) and proxy.asked == asked


def attempt(ask: Callable[[], Answer]) -> Answer:
    """Return the answer; one that is broken off or missing has the status 0."""
    try:
        return ask()
    except (OSError, http.client.HTTPException) as error:
        return Answer(0, body=repr(error).encode())


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


def _replace_by_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def _make_unreadable(file: Path) -> None:
    # Unreadable even for root, whom permissions do not stop.
    file.unlink()
    file.symlink_to(file)


HARMS: Mapping[str, Callable[[Path], None]] = {
    "removed": Path.unlink,
    "truncated": lambda file: os.truncate(file, file.stat().st_size // 2),
    "replaced by a folder": _replace_by_folder,
    "unreadable": _make_unreadable,
}


@contextmanager
def harmed(artifact: Path, harm: str, copy: Path) -> Iterator[None]:
    """Harm the artifact's file for the block; `copy` is where the intact file is meanwhile."""
    shutil.copy2(artifact, copy)
    HARMS[harm](artifact)
    try:
        yield
    finally:
        if artifact.is_dir():
            artifact.rmdir()
        artifact.unlink(missing_ok=True)
        shutil.move(copy, artifact)
