"""Clients that leave, idle or flood take no memory and no file from others."""

from concurrent.futures import ThreadPoolExecutor

from tests.harness.waiting import wait_until
from tests.pulp.adversity import Stage, is_in_memory
from tests.pulp.readers import Readers, ask_on_one_connection, idle_readers, leave_mid_body

#: Buffers, caches, and memory that Python does not give back; the clients ask for 100 MiB each.
GENEROUS = 64 * 1024 * 1024


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
