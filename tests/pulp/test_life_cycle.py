"""`pulp-contentroutes serve` and its companions, as a user at the terminal sees them."""

import os
import signal
import socket
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psutil
import pytest
import requests

from pulp_contentroutes.demo import AWKWARD, contents
from pulp_contentroutes.paths import CONTENT_PREFIX, GALAXY_PREFIX
from pulp_contentroutes.standalone.data_dir import remove_contents
from pulp_contentroutes.standalone.postgres import Cluster
from pulp_contentroutes.standalone.state import ServiceState, State
from tests.harness.http1 import PREFIXES, Route
from tests.harness.standalone import HAS_NGINX, PROGRAM, Standalone, requires_nginx, run
from tests.harness.template import PASSWORD, copy_template
from tests.harness.waiting import free_ports, wait_until

ROOT = Path(__file__).parents[2]
SERVICES = {"postgresql", "api", "content", "worker-1", *(["nginx"] if HAS_NGINX else [])}


def is_healthy(instance: Standalone) -> bool:
    return instance.status()[0] == 0


def processes(instance: Standalone) -> list[psutil.Process]:
    """Return every process of the instance: the supervisor and its descendants."""
    assert instance.process
    top = psutil.Process(instance.process.pid)
    return [top, *top.children(recursive=True)]


def is_alive(process: psutil.Process) -> bool:
    """Tell whether a process runs; a zombie that the machine's init has not yet reaped does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_status_names_each_process_and_its_health(plain: Standalone) -> None:
    code, services = plain.status()
    assert code == 0
    assert set(services) == SERVICES
    assert all(service["healthy"] for service in services.values())
    assert services["nginx" if HAS_NGINX else "api"]["address"] == f"127.0.0.1:{plain.port}"
    assert services["content"]["address"] == f"127.0.0.1:{plain.content_port}"
    table = run("status", "--data", str(plain.data)).stdout
    assert all(f"{name} " in table for name in SERVICES)


def test_nothing_listens_beyond_loopback(plain: Standalone) -> None:
    listening = [
        connection.laddr.ip
        for process in processes(plain)
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert set(listening) == {"127.0.0.1"}


def test_secrets_are_readable_by_their_owner_only(plain: Standalone) -> None:
    for name in ("secret.key", "database_fields.key", "settings.py", "instance.json"):
        assert stat.S_IMODE((plain.data / name).stat().st_mode) == 0o600
    logs = list((plain.data / "logs").iterdir())
    assert {path.name for path in logs} >= {f"{name}.log" for name in SERVICES}
    for path in (plain.log, *logs):
        assert PASSWORD not in path.read_text()
        assert path == plain.log or stat.S_IMODE(path.stat().st_mode) == 0o600


def test_no_service_holds_the_password_that_serve_was_given(plain: Standalone) -> None:
    """Neither in its environment nor on its command line; the tests give it in the environment."""
    assert plain.process
    pids = [found["pid"] for found in plain.status()[1].values()]
    services = [psutil.Process(pid) for pid in pids]
    for process in [*services, *(each for one in services for each in one.children())]:
        files = Path(f"/proc/{process.pid}/environ"), Path(f"/proc/{process.pid}/cmdline")
        said = b"".join(file.read_bytes() for file in files)
        assert PASSWORD.encode() not in said, process
        assert b"CONTENTROUTES_ADMIN_PASSWORD" not in said, process


@requires_nginx
@pytest.mark.parametrize(
    "path", ["/pulp/api/v3/status/", CONTENT_PREFIX, "/pulp/content/", f"{CONTENT_PREFIX}demo/"]
)
def test_a_health_check_without_host_is_answered(plain: Standalone, path: str) -> None:
    """Under HTTP/1.0 a client need not send one."""
    with socket.create_connection(("127.0.0.1", plain.port), timeout=30) as connection:
        connection.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        assert connection.makefile("rb").readline() == b"HTTP/1.1 200 OK\r\n"


@requires_nginx
def test_a_redirect_of_nginx_names_no_port(plain: Standalone) -> None:
    """Behind a port mapping, clients use another one."""
    for prefix in (CONTENT_PREFIX, GALAXY_PREFIX, "/pulp/content/"):
        path = prefix.removesuffix("/")
        answer = requests.get(f"{plain.front}{path}", timeout=60, allow_redirects=False)
        assert (answer.status_code, answer.headers["Location"]) == (301, prefix)


def test_logs_shows_the_log_of_a_service(plain: Standalone) -> None:
    shown = run("logs", "api", "--data", str(plain.data), "--lines", "10000").stdout
    assert "Starting gunicorn" in shown
    every = run("logs", "--data", str(plain.data), "--lines", "1").stdout
    assert {line.partition(" ")[0] for line in every.splitlines()} >= SERVICES


@requires_nginx
def test_the_demo_is_served_on_one_port(plain: Standalone) -> None:
    route = Route.of("ours", plain.port)
    for path, data in contents().items():
        assert route.get(f"demo/{path}").body == data
    assert AWKWARD in contents()


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


def test_a_second_instance_on_the_folder_is_refused(plain: Standalone) -> None:
    ended = run("serve", "--data", str(plain.data), "--port", str(free_ports(3)))
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "already running" in ended.stderr
    assert is_healthy(plain)


def test_reset_refuses_while_it_is_running(plain: Standalone) -> None:
    ended = run("reset", "--yes", "--data", str(plain.data))
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert is_healthy(plain)


def test_a_busy_port_is_refused_before_anything_is_made(plain: Standalone, tmp_path: Path) -> None:
    ended = run("serve", "--data", str(tmp_path / "new"), "--port", str(plain.port))
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert f"127.0.0.1:{plain.port}, the address for " in ended.stderr
    assert ", is in use: choose another with --port" in ended.stderr
    assert not (tmp_path / "new" / "instance.json").exists()


def test_a_database_that_does_not_answer_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"postgresql://pulp:geheim@127.0.0.1:{closed.getsockname()[1]}/pulp"
        ports = ["--port", str(free_ports(3))]
        ended = run("serve", "--data", str(tmp_path / "x"), "--database-url", url, *ports)
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert "The database 'pulp' on 127.0.0.1 cannot be reached" in ended.stderr
    assert "geheim" not in ended.stdout + ended.stderr
    # Options that did not work are not remembered.
    assert not (tmp_path / "x" / "instance.json").exists()


def test_env_makes_any_pulp_command_work(plain: Standalone) -> None:
    """For instance a further content app, as the guide says."""
    with plain.further_content_app() as port:
        route = Route.of("ours", port)
        assert route.get("demo/hello.txt").body == contents()["hello.txt"]


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


def test_the_lines_for_a_second_terminal_work_there(plain: Standalone, tmp_path: Path) -> None:
    said = plain.log.read_text().rpartition("In a second terminal:\n")[2]
    line = said.partition("\n")[0]
    ended = subprocess.run(
        ["/bin/sh", "-c", line],
        cwd="/",
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "content " in ended.stdout


def test_make_shows_the_pulp_that_make_serves(plain: Standalone, tmp_path: Path) -> None:
    for target, data, code in (("status", plain.data, 0), ("logs", plain.data, 0)):
        ended = run_make(target, data)
        assert ended.returncode == code, ended.stderr
        assert "content " in ended.stdout
    for target in ("status", "stop", "logs"):
        ended = run_make(target, tmp_path / "no such folder")
        assert ended.returncode == 2
        assert f"There is no Pulp in {tmp_path / 'no such folder'}: '" in ended.stderr


def run_make(target: str, data: Path) -> subprocess.CompletedProcess[str]:
    # Without the variables of the `make test` that has begun this test.
    environment = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    environment.pop("ARGS", None)
    return subprocess.run(
        ["make", target, f"DATA={data}"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_root_says_where_things_are(plain: Standalone) -> None:
    """Through nginx, and without it on the port of the API."""
    for port in {plain.port, plain.api_port}:
        page = requests.get(f"http://127.0.0.1:{port}/", timeout=60)
        assert page.status_code == 200
        for path in (CONTENT_PREFIX, GALAXY_PREFIX, "/pulp/api/v3/status/"):
            assert path in page.text


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
