"""What must hold while PostgreSQL, the disk or the clients do their worst."""

import hashlib
import http.client
import os
import random
import shutil
import signal
import socket
import struct
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.pulp.adversity import (
    FAST,
    GENEROUS,
    HANDLER,
    STOCK,
    ContentApp,
    Readers,
    Site,
    attempt,
    content_app,
    is_fast,
    is_in_memory,
)
from tests.pulp.database_proxy import DatabaseProxy
from tests.pulp.rest import Rest
from tests.pulp.standalone import run, running, wait_until

#: CONTENTROUTES_DATABASE_TIMEOUT of the content app.
PATIENCE = 2.0
SMALL, LARGE, HUGE = "small.txt", "large.bin", "huge.bin"
CHANGING = (b"the first publication", b"the second one")
LINGER_0 = struct.pack("ii", 1, 0)


@pytest.fixture(scope="module")
def site(caches: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A Pulp of its own: its PostgreSQL and its schema are harmed."""
    with running(tmp_path_factory.mktemp("harmed") / "data") as instance:
        rest, folder = Rest(instance.front), tmp_path_factory.mktemp("uploads")
        bytes_of = random.Random(1).randbytes
        files = {SMALL: b"small", LARGE: bytes_of(2**20), HUGE: bytes_of(100 * 2**20)}
        base = rest.published(files, folder)["base_path"]
        first, second = (
            rest.publication(rest.repository({"changing.txt": data}, folder)) for data in CHANGING
        )
        changing = rest.distribution(publication=first)["base_path"]
        ids = (first.split("/")[-2], second.split("/")[-2])
        paths = {f"{base}/{name}": data for name, data in files.items()}
        database = Path(instance.status()[1]["postgresql"]["address"])
        yield Site(instance, base, paths, changing, ids, database)


@contextmanager
def proxied(site: Site) -> Iterator[DatabaseProxy]:
    # A socket's path has at most 107 bytes.
    with tempfile.TemporaryDirectory() as folder:
        with DatabaseProxy(Path(folder), site.socket).running() as proxy:
            yield proxy


@pytest.fixture(scope="module")
def shared_proxy(site: Site) -> Iterator[DatabaseProxy]:
    with proxied(site) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def shared_app(
    site: Site, shared_proxy: DatabaseProxy, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ContentApp]:
    """A content app whose one worker lives through every test: none is mended by a restart."""
    settings = {
        "CONTENTROUTES_DATABASE_TIMEOUT": str(PATIENCE),
        # Pulp's worker ends itself when it cannot write its heartbeat: not in this hour.
        "CONTENT_APP_TTL": "14400",
    }
    folder = tmp_path_factory.mktemp("content")
    with content_app(site.instance, folder, shared_proxy.folder, **settings) as app:
        yield app
        assert app.worker.is_running()


@pytest.fixture
def proxy(shared_proxy: DatabaseProxy) -> Iterator[DatabaseProxy]:
    yield shared_proxy
    shared_proxy.restore()


@pytest.fixture
def app(site: Site, proxy: DatabaseProxy, shared_app: ContentApp) -> ContentApp:
    """The shared app: it listens, and has small and large file in memory."""
    wait_until(lambda: proxy.listening == 1, what="listening")
    for path in resolved(site):
        wait_until(lambda path=path: is_in_memory(proxy, lambda: shared_app.route.get(path)))
    return shared_app


def resolved(site: Site) -> dict[str, bytes]:
    return {f"{site.base}/{name}": site.files[f"{site.base}/{name}"] for name in (SMALL, LARGE)}


def changing(site: Site, app: ContentApp) -> bytes:
    return app.route.get(f"{site.changing}/changing.txt").body


def test_a_restart_of_postgresql_costs_no_reader_a_wrong_byte(
    site: Site, app: ContentApp, proxy: DatabaseProxy
) -> None:
    """Or every reader of a mirror would get errors for each minor update of PostgreSQL."""
    site.serve(0)
    with Readers(app.route, resolved(site)) as readers:
        readers.wait_for(20)
        accepted = proxy.accepted
        os.kill(site.instance.status()[1]["postgresql"]["pid"], signal.SIGKILL)
        readers.wait_for(20)
        wait_until(lambda: proxy.listening == 1 and proxy.accepted > accepted, 60, "listening")
        readers.wait_for(20)
    print(readers.answers)
    assert not readers.wrong
    # What was in memory is served throughout; a few may ask between two connections.
    assert sum(readers.failed.values()) < 20, readers.answers
    site.serve(1)
    wait_until(lambda: changing(site, app) == CHANGING[1], what="the change")
    wait_until(lambda: app.route.get(f"{site.base}/").status == 200, what="Pulp's own listing")


def test_a_change_is_seen_at_once_while_nothing_is_listened_to(
    site: Site, app: ContentApp, proxy: DatabaseProxy
) -> None:
    """Or clients would install what a publish has just replaced."""
    site.serve(0)
    wait_until(lambda: changing(site, app) == CHANGING[0])
    proxy.refuses_listening = True
    proxy.cut(only_listening=True)
    refused = proxy.accepted
    wait_until(lambda: proxy.listening == 0 and proxy.accepted > refused, what="another attempt")
    for number in (1, 0, 1, 0):
        site.serve(number)
        answer = app.route.get(f"{site.changing}/changing.txt")
        assert (answer.body, is_fast(answer)) == (CHANGING[number], True)
    proxy.restore()
    wait_until(
        lambda: is_in_memory(proxy, lambda: app.route.get(f"{site.changing}/changing.txt")),
        what="trust",
    )
    site.serve(1)
    wait_until(lambda: changing(site, app) == CHANGING[1], 5, "the announced change")


def test_a_listening_connection_that_is_silently_dead_is_noticed(
    site: Site, app: ContentApp, proxy: DatabaseProxy
) -> None:
    """Or a firewall that forgets idle connections would freeze a mirror for ever."""
    site.serve(0)
    wait_until(lambda: changing(site, app) == CHANGING[0])
    proxy.stall(only_listening=True)
    site.serve(1)
    # Twice a heartbeat of 5 s, and what a busy machine adds.
    wait_until(lambda: changing(site, app) == CHANGING[1], 20, "the change")


def test_resolved_files_are_served_while_postgresql_is_silent(
    site: Site, app: ContentApp, proxy: DatabaseProxy
) -> None:
    """Or every reader would hang with a database host that has hung up without a word."""
    accepted = proxy.accepted
    proxy.stall()
    with Readers(app.route, resolved(site)) as readers:
        readers.wait_for(20)
        wait_until(lambda: proxy.accepted > accepted, what="the listener's next connection")
        readers.wait_for(8)
    assert (readers.wrong, set(readers.answers)) == ([], {FAST})
    # One request finds out that nobody answers, and the next ones do not wait for it again.
    started = time.monotonic()
    for _ in range(4):
        assert is_fast(app.route.get(f"{site.base}/{SMALL}"))
    assert time.monotonic() - started < 3 * PATIENCE
    proxy.restore()
    wait_until(
        lambda: is_in_memory(proxy, lambda: app.route.get(f"{site.base}/{SMALL}")), what="trust"
    )
    assert app.route.get("nowhere/at-all").status == 404


def leave(route: Callable[[str], str], port: int, path: str, clients: int) -> None:
    """Begin to read a file on many connections, and break them off: every second with a reset."""
    with ExitStack() as stack:
        for number in range(clients):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", port), 30))
            client.sendall(f"GET {route(path)} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            assert client.recv(12) == b"HTTP/1.1 200"
            if number % 2:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_0)


def test_clients_that_leave_mid_body_leave_nothing_behind(site: Site, app: ContentApp) -> None:
    """Or a worker would run out of descriptors after some thousand impatient clients."""
    path = f"{site.base}/{HUGE}"
    artifact = site.artifact(hashlib.sha256(site.files[path]).hexdigest())
    with Readers(app.route, site.files, clients=2) as readers:
        readers.wait_for(6)
        memory = app.memory()
        for _ in range(3):
            leave(app.route.url, app.route.port, path, 40)
        readers.wait_for(6)
    assert (readers.wrong, set(readers.answers)) == ([], {FAST})
    wait_until(lambda: app.clients() == 0, what="connections closed")
    wait_until(lambda: app.holds(artifact) <= 1, what="descriptors closed")
    wait_until(lambda: app.memory() < memory + GENEROUS, what="memory given back")


def _replaced_by_a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def _unreadable(file: Path) -> None:
    # Also for root, whom permissions do not stop.
    file.unlink()
    file.symlink_to(file)


HARMS: dict[str, Callable[[Path], None]] = {
    "removed": Path.unlink,
    "truncated": lambda file: os.truncate(file, file.stat().st_size // 2),
    "replaced by a folder": _replaced_by_a_folder,
    "unreadable": _unreadable,
}


@contextmanager
def harmed(artifact: Path, harm: str, copy: Path) -> Iterator[None]:
    shutil.copy2(artifact, copy)
    HARMS[harm](artifact)
    try:
        yield
    finally:
        if artifact.is_dir():
            artifact.rmdir()
        artifact.unlink(missing_ok=True)
        shutil.move(copy, artifact)


@pytest.mark.parametrize("was_open", [False, True], ids=["before it was open", "while it is open"])
@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("name", [SMALL, LARGE])
def test_a_damaged_artifact_is_never_sent_as_the_file(
    site: Site, app: ContentApp, tmp_path: Path, name: str, harm: str, was_open: bool
) -> None:
    """Or a client would install half a package, and a proxy keep it for everyone."""
    path, data = f"{site.base}/{name}", site.files[f"{site.base}/{name}"]
    artifact = site.artifact(hashlib.sha256(data).hexdigest())
    if not was_open:
        site.sql("NOTIFY pulp_contentroutes, '*'")
        wait_until(lambda: app.holds(artifact) == 0, what="the file closed")
    with harmed(artifact, harm, tmp_path / name):
        for _ in range(2):
            answer = attempt(lambda: app.route.get(path))
            # An open file has its bytes whatever becomes of its name.
            is_whole = was_open and harm != "truncated"
            print(name, harm, was_open, answer.status, is_fast(answer), answer.body[:60])
            assert (answer.status == 200) == is_whole
            assert not is_whole or answer.body == data
    site.sql("NOTIFY pulp_contentroutes, '*'")
    wait_until(lambda: attempt(lambda: app.route.get(path)).body == data, what="the file again")


def ask_for_missing(app: ContentApp, paths: list[str]) -> set[tuple[int, bytes]]:
    """Ask on one connection, and return the different answers."""
    connection = http.client.HTTPConnection("127.0.0.1", app.route.port, timeout=60)
    answers = set()
    for path in paths:
        connection.request("GET", app.route.url(path))
        response = connection.getresponse()
        answers.add((response.status, response.read()))
    connection.close()
    return answers


def test_a_flood_of_missing_paths_hurts_nobody(
    site: Site, app: ContentApp, proxy: DatabaseProxy
) -> None:
    """Or a scanner would push everyone's files out of memory, or the worker out of its own."""
    bases = [site.base, site.changing, "nowhere"]
    paths = [f"{bases[number % 3]}/{'long' * 250}/{number}" for number in range(3200)]
    memory = app.memory()
    with Readers(app.route, resolved(site)) as readers, ThreadPoolExecutor(32) as clients:
        readers.wait_for(4)
        floods = [clients.submit(ask_for_missing, app, paths[first::32]) for first in range(32)]
        assert set().union(*(flood.result() for flood in floods)) == {(404, b"404: Not Found")}
        readers.wait_for(4)
    assert (readers.wrong, set(readers.answers)) == ([], {FAST})
    assert app.memory() < memory + GENEROUS
    for path in resolved(site):
        assert is_in_memory(proxy, lambda path=path: app.route.get(path))


def test_resolved_files_are_served_while_a_table_is_locked(
    site: Site, app: ContentApp, proxy: DatabaseProxy
) -> None:
    """Or a migration of a large table would stop every mirror that is read meanwhile."""
    with ThreadPoolExecutor(20) as clients, site.connect() as blocker:
        blocker.execute("LOCK TABLE core_distribution IN ACCESS EXCLUSIVE MODE")
        asked = [clients.submit(app.route.get, f"locked/{number}") for number in range(20)]
        with Readers(app.route, resolved(site)) as readers:
            wait_until(lambda: site.waiting(HANDLER), what="Pulp's own handler asked")
            readers.wait_for(20)
        blocker.rollback()
        assert {answer.result().status for answer in asked} == {404}
    assert (readers.wrong, set(readers.answers)) == ([], {FAST})
    # Four of the pool, the one that listens, and Django's; those that cancel statements are gone.
    wait_until(lambda: proxy.links <= 6 and app.clients() == 0, what="nothing piled up")
    wait_until(lambda: is_in_memory(proxy, lambda: app.route.get(f"{site.base}/{HUGE}")))


def test_resolved_files_are_served_while_postgresql_has_no_connection_left(
    site: Site, app: ContentApp, proxy: DatabaseProxy
) -> None:
    """Or one greedy neighbour in the database would take the content down with it."""
    with ExitStack() as greedy, Readers(app.route, resolved(site)) as readers:
        proxy.is_closed = True
        proxy.cut()
        with pytest.raises(psycopg.OperationalError, match="too many clients"):
            while True:
                greedy.enter_context(site.connect())
        accepted = proxy.accepted
        proxy.restore()
        wait_until(lambda: proxy.accepted > accepted + 2, what="attempts to connect")
        readers.wait_for(20)
        greedy.close()
        wait_until(lambda: proxy.listening == 1, what="listening")
        readers.wait_for(20)
    assert (readers.wrong, set(readers.answers)) == ([], {FAST})
    assert app.route.get("nowhere/at-all").status == 404


def deploy_check(site: Site) -> str:
    return run("manage", "--data", str(site.instance.data), "check", "--deploy").stderr


def test_a_schema_that_is_not_ours_leaves_pulp_alone_until_it_is(
    site: Site, tmp_path: Path
) -> None:
    """Or an upgrade of pulpcore would serve what nobody published."""
    column = "core_publishedartifact RENAME COLUMN"
    site.sql(f"ALTER TABLE {column} relative_path TO renamed")
    assert "lack core_publishedartifact.relative_path" in deploy_check(site)
    site.sql(f"ALTER TABLE {column} renamed TO relative_path")
    # Pulp's own handler does without it, but a change would be seen by nobody.
    trigger = "TRIGGER contentroutes_distribution_changed_update"
    site.sql(f"ALTER TABLE core_distribution DISABLE {trigger}")
    try:
        with content_app(site.instance, tmp_path, site.socket.parent) as app:
            assert app.says("CRITICAL: The fast path is off")
            path = f"{site.base}/{SMALL}"
            answer = app.route.get(path)
            assert (answer.status, answer.body, is_fast(answer)) == (200, site.files[path], False)
            assert "contentroutes.E004" in deploy_check(site)
            site.sql(f"ALTER TABLE core_distribution ENABLE {trigger}")
            assert "contentroutes.E004" not in deploy_check(site)
            wait_until(lambda: is_fast(app.route.get(path)), 45, "the fast path on")
            assert app.worker.is_running()
    finally:
        site.sql(f"ALTER TABLE core_distribution ENABLE {trigger}")


def test_beyond_the_stale_limit_nothing_old_is_served(site: Site, tmp_path: Path) -> None:
    """Or a database that is gone for days would have yesterday's packages installed."""
    settings = {"CONTENTROUTES_STALE_IF_ERROR": "1", "CONTENT_APP_TTL": "40"}
    path = f"{site.base}/{SMALL}"
    with proxied(site) as proxy, content_app(site.instance, tmp_path, proxy.folder, **settings) as app:
        wait_until(lambda: is_in_memory(proxy, lambda: app.route.get(path)))
        proxy.is_closed = True
        proxy.cut()
        assert is_fast(app.route.get(path))
        answer = wait_until(lambda: (a := app.route.get(path)) and not is_fast(a) and a)
        print(answer)
        assert answer.status >= 500
        proxy.restore()
        wait_until(lambda: is_fast(app.route.get(path)), what="recovery")
        proxy.is_closed = True
        proxy.cut()
        app.master.wait(30)
        print(app.log.read_text()[-3000:])
