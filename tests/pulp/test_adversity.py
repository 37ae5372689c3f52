"""Rules that must hold while PostgreSQL, the disk or the clients do their worst."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from pulp_contentroutes.serving.database import schema
from pulp_contentroutes.serving.database.pool import _SERVER_SETTINGS
from tests.harness.database_proxy import LISTEN
from tests.harness.pgbouncer import requires_pgbouncer, run_pgbouncer
from tests.harness.waiting import wait_until
from tests.pulp.adversity import (
    CHANGING,
    FAST,
    HANDLER,
    HARMS,
    OURS,
    Readers,
    Site,
    Stage,
    ask_on_one_connection,
    attempt,
    content_app,
    harmed,
    idle_readers,
    is_fast,
    is_in_memory,
    leave_mid_body,
)

#: CONTENTROUTES_DATABASE_TIMEOUT of the content app on the stage.
PATIENCE = 2.0
#: Buffers, caches, and memory that Python does not give back; the clients ask for 100 MiB each.
GENEROUS = 64 * 1024 * 1024


@pytest.fixture(scope="module")
def lasting_stage(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    settings = {
        "CONTENTROUTES_DATABASE_TIMEOUT": str(PATIENCE),
        # Pulp's worker ends itself when it cannot write its heartbeat: here not within the hour.
        "CONTENT_APP_TTL": "14400",
    }
    folder = tmp_path_factory.mktemp("content")
    with ExitStack() as stack:
        proxy = stack.enter_context(site.proxied())
        app = stack.enter_context(content_app(site.instance, folder, proxy.folder, **settings))
        yield Stage(site, proxy, app)
        assert app.worker.is_running()


@pytest.fixture
def stage(lasting_stage: Stage) -> Iterator[Stage]:
    lasting_stage.settle()
    yield lasting_stage
    lasting_stage.proxy.restore()


def test_a_restart_of_postgresql_costs_no_reader_a_wrong_byte(stage: Stage) -> None:
    """Or every reader of a mirror would get errors for each minor update of PostgreSQL."""
    site, proxy = stage.site, stage.proxy
    site.serve(0)
    with Readers(stage.app.route, site.resolved) as readers:
        readers.wait_for(20)
        accepted = proxy.accepted
        os.kill(site.instance.status()[1]["postgresql"]["pid"], signal.SIGKILL)
        readers.wait_for(20)
        wait_until(lambda: proxy.listening == 1 and proxy.accepted > accepted, what="listening")
        readers.wait_for(20)
    assert not readers.wrong
    # Files in memory are served throughout: at most one error for each reader.
    assert readers.answers.total() - readers.answers[FAST] <= 4, readers.answers
    site.serve(1)
    stage.wait_for_change(1)
    wait_until(
        lambda: stage.app.route.get(f"{site.changing}/").status == 200, what="Pulp's own listing"
    )


def test_a_database_that_comes_and_goes_is_asked_at_once(stage: Stage) -> None:
    """Or all readers of a busy mirror would reach Pulp's handler at the same moment."""
    with Readers(stage.app.route, stage.site.resolved) as readers:
        # The database goes away again before, while and after the worker compares its memory.
        for answers in (60, 1, 8, 20, 40, 60):
            stage.proxy.is_closed = True
            stage.proxy.cut()
            readers.wait_for(60)
            accepted = stage.proxy.accepted
            stage.proxy.restore()
            wait_until(lambda: stage.proxy.accepted > accepted, what="an attempt to connect")  # noqa: B023
            readers.wait_for(answers)
        stage.settle()
    readers.assert_all_fast()


def test_a_change_is_seen_at_once_while_nothing_is_listened_to(stage: Stage) -> None:
    """Or clients would install content that a publish has just replaced."""
    site, proxy = stage.site, stage.proxy
    site.serve(0)
    stage.wait_for_change(0)
    proxy.cuts_at = LISTEN
    proxy.cut(only_listening=True)
    cut = proxy.accepted
    wait_until(lambda: proxy.listening == 0 and proxy.accepted > cut, what="another attempt")
    for number in (1, 0, 1, 0):
        site.serve(number)
        answer = stage.changing()
        assert (answer.body, is_fast(answer)) == (CHANGING[number], True)
    proxy.restore()
    stage.wait_for_memory(f"{site.changing}/changing.txt")
    site.serve(1)
    stage.wait_for_change(1)


def test_a_connection_lost_while_the_schema_is_looked_at_is_no_mismatch(stage: Stage) -> None:
    """Or one restart in an unlucky moment would switch the fast path off for half a minute."""
    stage.proxy.cuts_at = b"core_distribution dist"
    accepted = stage.proxy.accepted
    # The same notification as at the end of our migrations.
    stage.site.sql(f"NOTIFY {schema.CHANNEL}, '{schema.CHANGED}'")
    wait_until(lambda: stage.proxy.accepted > accepted + 1, what="another attempt to listen")
    stage.proxy.restore()
    stage.settle()
    assert not stage.app.says("CRITICAL")


def test_a_listening_connection_that_is_silently_dead_is_noticed(stage: Stage) -> None:
    """Or a firewall that forgets idle connections would freeze a mirror for ever."""
    stage.site.serve(0)
    stage.wait_for_change(0)
    stage.proxy.stall(only_listening=True)
    stage.site.serve(1)
    # Two heartbeats of 5 s, and a margin for a busy machine; raises when the time is over.
    stage.wait_for_change(1, seconds=20)
    assert stage.changing().body == CHANGING[1]


TRIGGER = "ALTER TABLE core_distribution {} TRIGGER contentroutes_core_distribution_update"
BYPASSES = {
    "replica": ("SET session_replication_role = replica", "RESET session_replication_role", 5),
    # Five seconds between two looks, and a margin for a busy machine.
    "disabled": (TRIGGER.format("DISABLE"), TRIGGER.format("ENABLE ALWAYS"), 20),
}


@pytest.mark.parametrize("bypass", BYPASSES)
def test_a_change_that_bypasses_triggers_is_noticed(stage: Stage, bypass: str) -> None:
    """Or after a restore of some tables, the former content would be served for ever."""
    site = stage.site
    before, after, seconds = BYPASSES[bypass]
    site.serve(0)
    stage.wait_for_change(0)
    with site.connect() as connection:
        connection.autocommit = True
        connection.execute(before.encode())
        connection.execute(
            "UPDATE core_distribution SET publication_id = %s WHERE base_path = %s",
            [site.publications[1], site.changing],
        )
        connection.execute(after.encode())
    stage.wait_for_change(1, seconds=seconds)


@requires_pgbouncer
@pytest.mark.parametrize("mode", ["transaction", "session"])
def test_a_change_is_seen_at_once_behind_pgbouncer(site: Site, tmp_path: Path, mode: str) -> None:
    """Or snapshots and guards would be outdated for ever, though the log says all is well."""
    known = ",".join(("extra_float_digits", "statement_timeout", *_SERVER_SETTINGS))
    server = str(site.socket.parent)
    with (
        run_pgbouncer(server, mode, ignore_startup_parameters=known) as pooler,
        content_app(site.instance, tmp_path, pooler) as app,
    ):
        said = "Changes are not heard of" if mode == "transaction" else "Listening to the database"
        wait_until(lambda: app.says(said), 30, f"said: {said}")
        for number in (1, 0, 1, 0):
            site.serve(number)

            def changed(number: int = number) -> bool:
                answer = app.route.get(f"{site.changing}/changing.txt")
                assert is_fast(answer)
                return answer.body == CHANGING[number]

            # Answers that ask the database are right at once; those that rely on notifications,
            # in a moment.
            assert mode == "session" or changed()
            wait_until(changed, 5, "the change")


def test_resolved_files_are_served_while_postgresql_is_silent(stage: Stage) -> None:
    """Or every reader would hang when the database host disappears silently."""
    route, small = stage.app.route, stage.site.small
    with ThreadPoolExecutor(4) as clients:
        with Readers(route, stage.site.resolved) as readers:
            readers.wait_for(20)
            accepted = stage.proxy.accepted
            stage.proxy.stall()
            readers.wait_for(20)
            wait_until(lambda: stage.proxy.accepted > accepted, what="an attempt to listen")
            readers.wait_for(8)
        readers.assert_all_fast()
        # One request finds out that the database is silent, and the next ones do not wait again.
        started = time.monotonic()
        assert all(is_fast(route.get(small)) for _ in range(4))
        seconds = time.monotonic() - started
        asked = [clients.submit(route.get, f"silent/{number}") for number in range(4)]
        wait_until(lambda: stage.app.clients() == 4, what="requests that wait")
        stage.proxy.restore()
        assert {answer.result().status for answer in asked} == {404}
    stage.wait_for_memory(small)
    assert seconds < 3 * PATIENCE


def test_clients_that_leave_mid_body_leave_nothing_behind(stage: Stage) -> None:
    """Or a worker would run out of descriptors after a few thousand impatient clients."""
    app, huge = stage.app, stage.site.huge
    artifact = stage.site.artifact(huge)
    with Readers(app.route, stage.site.files, clients=2) as readers:
        readers.wait_for(6)
        memory = app.memory()
        for _ in range(3):
            leave_mid_body(app.route, huge, 40)
        readers.wait_for(6)
    readers.assert_all_fast()
    wait_until(lambda: app.clients() == 0, what="connections closed")
    wait_until(lambda: app.holds(artifact) <= 1, what="descriptors closed")
    wait_until(lambda: app.memory() < memory + GENEROUS, what="memory given back")


def test_clients_that_read_nothing_cost_next_to_no_memory(stage: Stage) -> None:
    """Or a few hundred stalled downloads would take the memory of a worker, and keep it."""
    app, huge, clients = stage.app, stage.site.huge, 200
    assert app.route.get(huge).body == stage.site.files[huge]
    memory = app.memory()
    with idle_readers(app.route, huge, clients), Readers(app.route, stage.site.resolved) as readers:
        wait_until(lambda: app.clients() >= clients, what="idle readers")
        readers.wait_for(40)
        each = (app.memory() - memory) / clients
    readers.assert_all_fast()
    assert each <= 64 * 1024
    wait_until(lambda: app.clients() == 0, what="connections closed")


def test_an_artifact_that_cannot_be_read_is_a_fault_that_the_log_names(
    stage: Stage, tmp_path: Path
) -> None:
    """Or apt and pip would believe that the package was withdrawn."""
    site, route = stage.site, stage.app.route
    artifact = site.artifact(site.large)
    site.sql("NOTIFY pulp_contentroutes, '*'")
    wait_until(lambda: stage.app.holds(artifact) == 0, what="the file closed")
    with harmed(artifact, "unreadable", tmp_path / "copy"):
        before = len(stage.app.lines_about(artifact))
        answer = route.get(site.large)
        [line] = stage.app.lines_about(artifact)[before:]
    assert (answer.status, answer.headers["cache-control"]) == (500, "no-store")
    assert "Too many levels of symbolic links" in line
    stage.settle()


@pytest.mark.parametrize("was_open", [False, True], ids=["before it was open", "while it is open"])
@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("size", ["small", "large"])
def test_a_damaged_artifact_is_never_sent_as_the_file(
    stage: Stage, tmp_path: Path, size: str, harm: str, was_open: bool
) -> None:
    """Or a client would install half a package, and a proxy keep it for everyone."""
    site, route = stage.site, stage.app.route
    path = str(getattr(site, size))
    artifact = site.artifact(path)
    if not was_open:
        site.sql("NOTIFY pulp_contentroutes, '*'")
        wait_until(lambda: stage.app.holds(artifact) == 0, what="the file closed")
    # An open file keeps its bytes, and a small one is in memory, until the worker looks at the
    # file's name, which may happen at any moment.
    can_be_whole = was_open and (harm != "truncated" or size == "small")
    with harmed(artifact, harm, tmp_path / "copy"):
        for _ in range(2):
            answer = attempt(lambda: route.get(path))
            assert answer.status != 200 or (can_be_whole and answer.body == site.files[path])
        assert attempt(lambda: route.head(path)).status != 200 or can_be_whole
    site.sql("NOTIFY pulp_contentroutes, '*'")
    stage.settle()


def test_a_flood_of_missing_paths_hurts_nobody(stage: Stage) -> None:
    """Or a scanner would push all files out of memory, or exhaust the memory of the worker."""
    site, app = stage.site, stage.app
    bases = [site.small.rpartition("/")[0], site.changing, "nowhere"]
    paths = [f"{bases[number % 3]}/{'long' * 250}/{number}" for number in range(3200)]
    memory = app.memory()
    with Readers(app.route, site.resolved) as readers, ThreadPoolExecutor(32) as clients:
        shares = (paths[first::32] for first in range(32))
        answers = clients.map(lambda share: ask_on_one_connection(app.route, share), shares)
        assert set().union(*answers) == {(404, b"404: Not Found")}
        readers.wait_for(4)
    readers.assert_all_fast()
    assert app.memory() < memory + GENEROUS
    assert all(is_in_memory(stage.proxy, app, path) for path in site.resolved)


def test_resolved_files_are_served_while_a_table_is_locked(stage: Stage) -> None:
    """Or a migration of a large table would stop every mirror that is read meanwhile."""
    site, route = stage.site, stage.app.route
    with ThreadPoolExecutor(20) as clients, site.connect() as blocker:
        blocker.execute("LOCK TABLE core_distribution IN ACCESS EXCLUSIVE MODE")
        asked = [clients.submit(route.get, f"locked/{number}") for number in range(20)]
        with Readers(route, site.resolved) as readers:
            wait_until(lambda: site.waiting(HANDLER), what="Pulp's own handler asked")
            readers.wait_for(20)
        # Or each timeout would leave one more session in PostgreSQL, until it accepts none.
        wait_until(lambda: not site.waiting(OURS), 10, "statements given up, and ended")
        blocker.rollback()
        assert {answer.result().status for answer in asked} == {404}
    readers.assert_all_fast()
    # Four connections that ask, one that listens, and Django's.
    wait_until(lambda: stage.proxy.links <= 6 and stage.app.clients() == 0, what="no pile left")


def test_resolved_files_are_served_while_postgresql_has_no_connection_left(stage: Stage) -> None:
    """Or one greedy neighbour in the database would take the content down with it."""
    site, proxy = stage.site, stage.proxy
    with ExitStack() as greedy, Readers(stage.app.route, site.resolved) as readers:
        proxy.is_closed = True
        proxy.cut()
        with pytest.raises(psycopg.OperationalError, match="too many clients"):
            site.take_all_connections(greedy)
        accepted = proxy.accepted
        proxy.restore()
        wait_until(lambda: proxy.accepted > accepted + 2, what="attempts to connect")
        readers.wait_for(20)
    readers.assert_all_fast()
    stage.settle()
    assert stage.app.route.get("nowhere/at-all").status == 404
