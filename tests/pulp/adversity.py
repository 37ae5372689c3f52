"""What the adversity tests have in common: a content app to be harmed, and who is hurt by it."""

import contextlib
import http.client
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg

from tests.pulp.database_proxy import DatabaseProxy
from tests.pulp.raw_http import PREFIXES, Answer, Route
from tests.pulp.standalone import Standalone, wait_until

#: Which session in PostgreSQL is Django's: that of Pulp's own handler.
HANDLER = "adversity"
FAST, STOCK = "fast path", "Pulp's handler"
#: asyncio's buffers, caches and what Python does not give back; the files are 100 MiB and more.
GENEROUS = 64 * 1024 * 1024


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

    def clients(self) -> int:
        """Return the number of connections that are open to clients."""
        return sum(each.status == "ESTABLISHED" for each in self.worker.net_connections("tcp"))

    def holds(self, file: Path) -> int:
        """Return how many descriptors of `file` are open."""
        return sum(each.path == str(file) for each in self.worker.open_files())

    def memory(self) -> int:
        return int(self.worker.memory_info().rss)


@contextlib.contextmanager
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
        app = ContentApp(Route(port, PREFIXES["ours"]), master, worker, log)
        wait_until(lambda: app.says("The fast path is o") or app.says("the fast path is o"), 60)
        yield app


def is_fast(answer: Answer) -> bool:
    return "repr-digest" in answer.headers


def attempt(ask: Callable[[], Answer]) -> Answer:
    """Return the answer; one that broke off, or none, has the status 0."""
    try:
        return ask()
    except (OSError, http.client.HTTPException) as error:
        return Answer(0, {}, repr(error).encode())


class Readers:
    """Honest clients: they keep asking for `files` until the block ends, and count the answers."""

    def __init__(self, route: Route, files: Mapping[str, bytes], clients: int = 4) -> None:
        self._route = route
        self._files = files
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._read) for _ in range(clients)]
        #: FAST and STOCK for the right bytes, otherwise what went wrong.
        self.answers: Counter[str] = Counter()
        #: Each 200 with other bytes than the file's.
        self.wrong: list[str] = []

    def __enter__(self) -> "Readers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    @property
    def failed(self) -> dict[str, int]:
        return {each: n for each, n in self.answers.items() if each not in (FAST, STOCK)}

    def wait_for(self, count: int) -> None:
        """Return when so many more answers of the fast path have come."""
        enough = self.answers[FAST] + count
        wait_until(lambda: self.answers[FAST] >= enough, 60, f"answers: {self.answers}")

    def _read(self) -> None:
        while not self._ended.is_set():
            for path, data in self._files.items():
                answer = attempt(lambda path=path: self._route.get(path))  # type: ignore[misc]
                if answer.status == 200 and answer.body != data:
                    self.wrong.append(f"{path}: {len(answer.body)} bytes of {len(data)}")
                elif answer.status == 200:
                    self.answers[FAST if is_fast(answer) else STOCK] += 1
                else:
                    self.answers[f"{answer.status} {answer.text[:80]!r}"] += 1
            # Two processors are for the server, too.
            self._ended.wait(0.01)


@dataclass(frozen=True)
class Site:
    """A Pulp whose PostgreSQL is harmed, with files that are published in it."""

    instance: Standalone
    #: The base path of a distribution that is never changed, and its files.
    base: str
    files: Mapping[str, bytes]
    #: The base path of one that serves one of two publications.
    changing: str
    publications: tuple[str, str]
    #: PostgreSQL's own.
    socket: Path

    def connect(self, **options: Any) -> psycopg.Connection[Any]:
        host = str(self.socket.parent)
        return psycopg.connect(host=host, user="pulp", dbname="pulp", **options)

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self.connect(autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def serve(self, number: int) -> None:
        """Let the changing distribution serve the other publication, as the API would."""
        self.sql(
            "UPDATE core_distribution SET publication_id = %s WHERE base_path = %s",
            self.publications[number],
            self.changing,
        )

    def artifact(self, sha256: str) -> Path:
        [[name]] = self.sql("SELECT file FROM core_artifact WHERE sha256 = %s", sha256)
        return self.instance.data / "media" / str(name)

    def waiting(self, application: str) -> int:
        """Return how many sessions wait for a lock."""
        [[count]] = self.sql(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE wait_event_type = 'Lock' AND application_name = %s",
            application,
        )
        return int(count)


def is_in_memory(proxy: DatabaseProxy, ask: Callable[[], Answer]) -> bool:
    """Tell whether the fast path answers without a word to the database."""
    asked = proxy.asked
    return is_fast(ask()) and proxy.asked == asked
