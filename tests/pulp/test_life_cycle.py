"""Starts, restarts and ends of a Pulp and its processes, as a user at the terminal sees them."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psutil
import pytest
import requests

from pulp_contentroutes.demo import contents
from pulp_contentroutes.standalone.data_dir import remove_contents
from pulp_contentroutes.standalone.postgres import Cluster
from pulp_contentroutes.standalone.state import ServiceState, State
from tests.harness.http1 import PREFIXES, Route
from tests.harness.standalone import PROGRAM, Standalone, run
from tests.harness.template import PASSWORD, copy_template
from tests.harness.waiting import wait_until
from tests.pulp.processes import SERVICES, is_alive, is_healthy, processes


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_killed_process_comes_back(plain: Standalone, name: str) -> None:
    before, worker = service(plain, name), service(plain, "worker-1")
    assert before.pid
    os.kill(before.pid, signal.SIGKILL)
    wait_until(lambda: service(plain, name).pid not in (before.pid, None), what="restart")
    if name == "postgresql":
        # Pulp's task worker ends itself when it has lost its database, and takes a second for it.
        wait_until(lambda: service(plain, "worker-1").restarts > worker.restarts, what="its end")
    wait_until(lambda: is_healthy(plain), what="all healthy again")
    assert service(plain, name).restarts == before.restarts + 1
    route = Route.of("ours", plain.content_port)
    assert route.get("demo/hello.txt").body == contents()["hello.txt"]


def service(instance: Standalone, name: str) -> ServiceState:
    state = State.load(instance.data / "run")
    assert state
    return next(each for each in state.services if each.name == name)


# tests/unit has the rule that each of these signals stops the supervisor.
@pytest.mark.exhaustive
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_everything(plain: Standalone, number: signal.Signals) -> None:
    left = processes(plain)
    # Not a matter of speed: a process that has not ended by itself after 8 s is killed.
    assert plain.stop(number) < 10
    check_nothing_is_left(plain, left)
    plain.start()


def test_stop_from_another_terminal_leaves_nothing_but_the_data(plain: Standalone) -> None:
    left = processes(plain)
    assert plain.process
    with following_log(plain, "postgresql") as following:
        ended = run("stop", "--data", str(plain.data))
        assert (ended.returncode, ended.stdout) == (0, "Stopped.\n")
        assert plain.process.wait(timeout=10) == 0
        # `logs --follow` ends with Pulp, and shows the last lines of the service.
        said, _ = following.communicate(timeout=30)
    assert following.returncode == 0
    assert "database system is shut down" in said
    check_nothing_is_left(plain, left)
    assert run("stop", "--data", str(plain.data)).returncode == 3
    assert run("password", "--data", str(plain.data), input=f"{PASSWORD}\n").returncode == 0
    # manage starts PostgreSQL for the command, and stops it again.
    command = ("shell", "--no-imports", "-c", "print(6 * 7)")
    assert run("manage", "--data", str(plain.data), *command).stdout == "42\n"
    assert not (plain.data / "postgresql" / "data" / "postmaster.pid").exists()
    plain.start()
    route = Route.of("ours", plain.content_port)
    assert route.get("demo/hello.txt").body == contents()["hello.txt"]


@contextmanager
def following_log(instance: Standalone, name: str) -> Iterator[subprocess.Popen[str]]:
    command = [PROGRAM, "logs", name, "--follow", "--data", str(instance.data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as following:
        assert following.stdout
        assert following.stdout.readline()
        yield following


def check_nothing_is_left(instance: Standalone, left: list[psutil.Process]) -> None:
    assert not [process for process in left if is_alive(process)]
    assert not [path for path in instance.data.rglob("*") if path.is_socket()]
    assert not (instance.data / "postgresql" / "data" / "postmaster.pid").exists()
    assert run("status", "--data", str(instance.data)).returncode == 3


def test_killing_the_supervisor_leaves_nothing_and_damages_nothing(plain: Standalone) -> None:
    assert plain.process
    left = processes(plain)
    plain.process.kill()
    plain.process.wait()
    _, alive = psutil.wait_procs(left, timeout=20)
    assert not alive
    plain.start()
    assert is_healthy(plain)


def test_a_new_password_holds_at_once(plain: Standalone) -> None:
    users = f"{plain.front}/pulp/api/v3/users/"
    for new, old in (("another password", PASSWORD), (PASSWORD, "another password")):
        ended = run("password", "--data", str(plain.data), input=f"{new}\n")
        assert (ended.returncode, ended.stderr) == (0, "")
        codes = [
            requests.get(users, auth=("admin", each), timeout=60).status_code for each in (new, old)
        ]
        assert codes == [200, 401]


@pytest.mark.exhaustive
def test_ctrl_c_while_the_database_is_made_leaves_one_that_can_be_gone_on_with(
    tmp_path: Path,
) -> None:
    new = Standalone(tmp_path / "new", ["--content-workers", "1"])
    for word in ("Preparing PostgreSQL", "Migrating", "Migrating"):
        with (
            new.log.open("wb") as log,
            # A terminal's Ctrl-C goes to all processes.
            subprocess.Popen(new.command, stdout=log, stderr=log, start_new_session=True) as serve,
        ):
            wait_until(partial(says, new, word), what=word)
            os.killpg(serve.pid, signal.SIGINT)
            assert serve.wait(timeout=30) == 130
        said = new.log.read_text()
        assert said.endswith("give the command again, and it goes on from here.\n")
        assert "Traceback" not in said
        assert not (Cluster(new.data).data / "postmaster.pid").exists()
    try:
        new.start()
    finally:
        new.end()


def says(instance: Standalone, word: str) -> bool:
    return word in instance.log.read_text()


@pytest.mark.exhaustive
def test_without_nginx_there_are_two_ports(tmp_path: Path) -> None:
    """With a database that exists already, because --database-url takes any PostgreSQL."""
    copy_template(tmp_path / "external")
    cluster = Cluster(tmp_path / "external")
    url = f"postgresql://pulp@/pulp?host={cluster.sockets}"
    options = ["--no-nginx", "--database-url", url, "--task-workers", "2"]
    other = Standalone(tmp_path / "other", options)
    with cluster.running():
        check_two_ports(other)
    assert not other.data.exists()
    remove_contents(tmp_path / "external")


def check_two_ports(other: Standalone) -> None:
    try:
        other.start()
        lines = [str(each.cmdline()) for each in processes(other) if is_alive(each)]
        assert not [line for line in lines if "postgresql://" in line]
        code, services = other.status()
        assert code == 0
        assert set(services) == {"api", "content", "worker-1", "worker-2"}
        api, content = f"http://127.0.0.1:{other.port}", f"http://127.0.0.1:{other.port + 1}"
        status = requests.get(f"{api}/pulp/api/v3/status/", timeout=30).json()
        assert status["content_settings"]["content_origin"] == content
        assert f"  API          {api}/pulp/api/v3/status/" in other.log.read_text()
        assert requests.get(f"{content}{PREFIXES['ours']}", timeout=30).status_code == 200
    finally:
        other.end()
