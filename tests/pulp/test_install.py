"""The built wheel in another Pulp: pip install and migrate are enough."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.pulp.raw_http import PREFIXES
from tests.pulp.standalone import Standalone, free_ports, wait_until

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts of a new environment with nothing but our wheel and what it needs."""
    folder = tmp_path_factory.mktemp("other")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT))
    run(sys.executable, "-m", "venv", str(folder / "venv"))
    [wheel] = folder.glob("*.whl")
    pip = str(folder / "venv" / "bin" / "pip")
    run(pip, "install", "--quiet", "--disable-pip-version-check", str(wheel))
    return folder / "venv" / "bin"


@pytest.fixture(scope="module")
def environment(plain: Standalone) -> dict[str, str]:
    """The settings of a Pulp with a database of its own that nobody has migrated."""
    plain.shell("""
from django.db import connection
connection.ensure_connection()
with connection.cursor() as cursor:
    cursor.execute("CREATE DATABASE installed")
""")
    return {**plain.variables(), "PULP_DATABASES__default__NAME": "installed"}


def run(*command: str, env: dict[str, str] | None = None) -> str:
    ended = subprocess.run(
        command, env=env, cwd="/", capture_output=True, text=True, check=False, timeout=280
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@contextmanager
def service(
    program: Path, environment: dict[str, str], path: str, log: Path
) -> Iterator[requests.Response]:
    """Run a Pulp service and yield its answer for `path`."""
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
            except requests.ConnectionError:
                return None

        try:
            response = wait_until(answer, seconds=60, what=str(program))
            # A Response with an error status is false.
            yield response
        finally:
            child.terminate()


def test_the_wheel_and_a_migration_are_enough(
    scripts: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    run(str(scripts / "pulpcore-manager"), "migrate", env=environment)
    log = tmp_path / "log"
    status = "/pulp/api/v3/status/"
    with service(scripts / "pulpcore-api", environment, status, log) as response:
        components = {each["component"] for each in response.json()["versions"]}
    assert "contentroutes" in components
    with service(scripts / "pulpcore-content", environment, PREFIXES["ours"], log) as response:
        assert response.status_code == 200
        assert f"Index of {PREFIXES['ours']}" in response.text
    unapplied = run(str(scripts / "pulpcore-manager"), "showmigrations", env=environment)
    assert "[ ]" not in unapplied


def test_a_missing_asyncpg_is_loud_and_leaves_pulp_running(
    scripts: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    """pulpcore swallows a ModuleNotFoundError of app/content.py."""
    hidden = tmp_path / "asyncpg.py"
    hidden.write_text("raise ModuleNotFoundError(\"No module named 'asyncpg'\", name='asyncpg')")
    broken = {**environment, "PYTHONPATH": str(tmp_path)}
    log = tmp_path / "log"
    with service(scripts / "pulpcore-content", broken, PREFIXES["stock"], log) as response:
        assert response.status_code == 200
    assert re.search(r"CRITICAL: pulp_contentroutes serves nothing under", log.read_text())
    assert "No module named 'asyncpg'" in log.read_text()
    check = [str(scripts / "pulpcore-manager"), "check", "--deploy"]
    checked = subprocess.run(
        check, env={**os.environ, **broken}, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 1
    assert "(contentroutes.E001) The library 'asyncpg' cannot be imported" in checked.stderr
