"""A running Pulp as a user at the terminal sees it: addresses, files, logs and commands."""

import os
import socket
import stat
import subprocess
from pathlib import Path

import psutil
import pytest
import requests

from pulp_contentroutes.demo import AWKWARD, contents
from pulp_contentroutes.paths import CONTENT_PREFIX, GALAXY_PREFIX
from tests.harness.http1 import Route
from tests.harness.standalone import HAS_NGINX, Standalone, requires_nginx, run
from tests.harness.template import PASSWORD
from tests.pulp.processes import SERVICES, processes

ROOT = Path(__file__).parents[2]


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


def test_env_makes_any_pulp_command_work(plain: Standalone) -> None:
    """For instance a further content app, as the guide says."""
    with plain.further_content_app() as port:
        route = Route.of("ours", port)
        assert route.get("demo/hello.txt").body == contents()["hello.txt"]


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
