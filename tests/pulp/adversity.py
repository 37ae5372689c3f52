"""The stage of the adversity tests: the Pulp that is harmed, its content, and the harms."""

import hashlib
import http.client
import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
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
#: CONTENTROUTES_DATABASE_TIMEOUT of the content app on the stage.
PATIENCE = 2.0
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


def _listens(process: psutil.Process, port: int) -> bool:
    return port in {each.laddr.port for each in process.net_connections("inet") if each.laddr}


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
        # Not by its command line: with setproctitle, gunicorn writes another one.
        [master] = [each for each in psutil.Process().children() if _listens(each, port)]
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
