"""The built wheel in a Pulp: pip install and migrate are enough."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.harness.http1 import PREFIXES
from tests.harness.standalone import SCRIPTS, Standalone, kill_with_children
from tests.harness.waiting import free_ports, wait_until
from tests.wheel import build


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    """A folder with the unpacked wheel; everything else is that of this environment."""
    folder = wheel.with_name("installed")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
    run(*pip, "--no-deps", "--target", str(folder), str(wheel))
    return folder


@pytest.fixture(scope="module")
def environment(plain: Standalone, installed: Path) -> dict[str, str]:
    """The variables of a Pulp whose plugin is the wheel."""
    return {**plain.variables(), "PYTHONPATH": str(installed)}


def run(*command: str, env: dict[str, str] | None = None) -> str:
    ended = subprocess.run(
        command, env=env, cwd="/", capture_output=True, text=True, check=False, timeout=280
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@contextmanager
def service(
    program: Path, environment: dict[str, str], path: str, log: Path
) -> Iterator[Callable[[], requests.Response]]:
    """Run a Pulp service; yield a function that waits for its answer for `path`."""
    port = free_ports(1)
    command = [str(program), "--bind", f"127.0.0.1:{port}", "--no-control-socket"]
    with (
        log.open("wb") as output,
        subprocess.Popen(command, env=environment, cwd="/", stdout=output, stderr=output) as child,
    ):

        def answer() -> requests.Response | None:
            assert child.poll() is None, log.read_text()
            try:
                return requests.get(f"http://127.0.0.1:{port}{path}", timeout=10)
            except (requests.ConnectionError, requests.Timeout):
                return None

        try:
            # A Response with an error status is false.
            yield lambda: wait_until(answer, what=str(program))
        finally:
            kill_with_children(child.pid)


def check_services(scripts: Path, environment: dict[str, str], folder: Path) -> None:
    """Run the API and the content app until each has answered for this plugin."""
    status, content = "/pulp/api/v3/status/", PREFIXES["ours"]
    with (
        service(scripts / "pulpcore-api", environment, status, folder / "api.log") as api,
        service(scripts / "pulpcore-content", environment, content, folder / "log") as listing,
    ):
        components = {each["component"] for each in api().json()["versions"]}
        answer = listing()
    assert "contentroutes" in components
    assert answer.status_code == 200
    assert f"Index of {PREFIXES['ours']}" in answer.text


def test_a_pulp_with_the_wheel_serves_and_has_nothing_to_migrate(
    installed: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    where = "import pulp_contentroutes; print(pulp_contentroutes.__file__)"
    assert run(sys.executable, "-c", where, env=environment).startswith(str(installed))
    check_services(SCRIPTS, environment, tmp_path)
    unapplied = run(str(SCRIPTS / "pulpcore-manager"), "showmigrations", env=environment)
    assert "[X] 0001" in unapplied.partition("contentroutes")[2]
    assert "[ ]" not in unapplied


@pytest.mark.exhaustive
def test_pip_install_and_a_migration_are_enough(
    wheel: Path, plain: Standalone, tmp_path: Path
) -> None:
    """In a new environment with nothing but our wheel and its requirements, on a new database."""
    run(sys.executable, "-m", "venv", str(tmp_path / "venv"))
    scripts = tmp_path / "venv" / "bin"
    run(str(scripts / "pip"), "install", "--quiet", "--disable-pip-version-check", str(wheel))
    plain.console.run("""
from django.db import connection
connection.ensure_connection()
with connection.cursor() as cursor:
    cursor.execute("CREATE DATABASE installed")
""")
    environment = {**plain.variables(), "PULP_DATABASES__default__NAME": "installed"}
    run(str(scripts / "pulpcore-manager"), "migrate", env=environment)
    check_services(scripts, environment, tmp_path)
    unapplied = run(str(scripts / "pulpcore-manager"), "showmigrations", env=environment)
    assert "[ ]" not in unapplied


def test_a_missing_asyncpg_is_loud_and_leaves_pulp_running(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """pulpcore swallows a ModuleNotFoundError of app/content.py."""
    hidden = tmp_path / "asyncpg.py"
    hidden.write_text("raise ModuleNotFoundError(\"No module named 'asyncpg'\", name='asyncpg')")
    broken = {**environment, "PYTHONPATH": f"{tmp_path}:{environment['PYTHONPATH']}"}
    log = tmp_path / "log"
    with service(SCRIPTS / "pulpcore-content", broken, PREFIXES["stock"], log) as ask:
        assert ask().status_code == 200
    assert "CRITICAL: pulp_contentroutes serves nothing under" in log.read_text()
    assert "No module named 'asyncpg'" in log.read_text()
    check = [str(SCRIPTS / "pulpcore-manager"), "check", "--deploy", "--tag", "contentroutes"]
    checked = subprocess.run(
        check, env={**os.environ, **broken}, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 1
    assert "(contentroutes.E001) The library 'asyncpg' cannot be imported" in checked.stderr
