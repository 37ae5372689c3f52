"""Resolved files are served while PostgreSQL restarts, is silent, locked or full."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import psycopg
import pytest

from tests.harness.waiting import wait_until
from tests.pulp.adversity import FAST, HANDLER, OURS, PATIENCE, Stage, is_fast
from tests.pulp.readers import Readers


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
