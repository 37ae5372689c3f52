"""The Ansible role in `ansible/`, as it comes from the product's own Galaxy."""

import io
import json
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from pulp_contentroutes.standalone import database
from pulp_contentroutes.standalone.postgres import Cluster
from tests.harness.ansible_galaxy import Client
from tests.harness.galaxy import Galaxy
from tests.harness.standalone import SCRIPTS, Standalone
from tests.wheel import build

ROLE = Path(__file__).parents[2] / "ansible" / "contentroutes"
LINK = "pulp_contentroutes.conf"


@pytest.fixture
def home(client: Client, server: Galaxy) -> Path:
    """A home with the role, installed from the Galaxy."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as file:
        file.add(ROLE, "contentroutes")
    server.add_role(archive.getvalue(), namespace="pulp", name="contentroutes", version="0.1.0")
    ended = client.run("role", "install", "pulp.contentroutes", "-p", "roles", "-s", server.url)
    assert ended.returncode == 0, ended.stderr
    return client.home


def play(home: Path, *options: str, **variables: Any) -> dict[str, int]:
    """Run the role on this machine, and return the counts of ansible-playbook's recap."""
    playbook = home / "site.yml"
    plays = [{"hosts": "localhost", "gather_facts": False, "roles": ["pulp.contentroutes"]}]
    playbook.write_text(yaml.safe_dump(plays))
    variables = {f"contentroutes_{name}": value for name, value in variables.items()}
    variables |= {"ansible_python_interpreter": sys.executable}
    ended = subprocess.run(
        [str(SCRIPTS / "ansible-playbook"), str(playbook), "-e", json.dumps(variables), *options],
        cwd=home,
        env={
            **{name: os.environ[name] for name in ("PATH",)},
            **{"HOME": str(home), "LANG": "C.UTF-8"},
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    recap = re.findall(r"^localhost +: (.*)$", ended.stdout, re.MULTILINE)[0]
    return {name: int(count) for name, count in re.findall(r"(\w+)=(\d+)", recap)}


def variables_of(instance: Standalone, folder: Path) -> dict[str, Any]:
    """Return the role's variables for a Pulp that no service manager controls."""
    return {
        "package": "pulp-contentroutes",
        "virtualenv": sys.prefix,
        "user": "",
        "environment": {"PULP_SETTINGS": str(instance.data / "settings.py")},
        "web_server_folder": str(folder),
        "web_server_service": "",
        "services": [],
    }


@pytest.mark.exhaustive
def test_a_second_run_changes_nothing(home: Path, plain: Standalone, tmp_path: Path) -> None:
    folder = tmp_path / "locations"
    folder.mkdir()
    variables = variables_of(plain, folder)
    assert play(home, "--check", **variables)["changed"] == 1
    assert not list(folder.iterdir())
    assert play(home, **variables)["changed"] == 1
    assert "location /pulp_contentroutes/content/" in (folder / LINK).read_text()
    assert play(home, **variables)["changed"] == 0


def test_an_environment_without_pulp_is_refused(
    home: Path, plain: Standalone, tmp_path: Path
) -> None:
    """Or pip would make one with another Pulp, whose migrations would run on the database."""
    variables = variables_of(plain, tmp_path) | {"virtualenv": str(tmp_path / "mistyped")}
    with pytest.raises(AssertionError, match=r"There is no .*/mistyped/bin/pulpcore-manager"):
        play(home, **variables)
    assert not list(tmp_path.glob("mistyped"))


@pytest.mark.exhaustive
def test_a_pulp_without_the_plugin_gets_it_and_is_as_before_when_it_is_absent(
    home: Path, plain: Standalone, tmp_path: Path
) -> None:
    """In a new environment with nothing but pulpcore, on a new database."""
    environment, folder = tmp_path / "venv", tmp_path / "locations"
    run(sys.executable, "-m", "venv", str(environment))
    run(str(environment / "bin" / "pip"), "install", "--quiet", "pulpcore")
    place = {**Cluster(plain.data).database, "dbname": "role"}
    with database.connect({**place, "dbname": "postgres"}, 10, autocommit=True) as server:
        server.execute("CREATE DATABASE role")
    pulps = {k: v for k, v in plain.variables().items() if k.startswith("PULP_")}
    variables = variables_of(plain, folder) | {
        "package": str(build(tmp_path / "dist")),
        "virtualenv": str(environment),
        "environment": {**pulps, "PULP_DATABASES__default__NAME": "role"},
    }
    assert play(home, **variables)["changed"] > 2
    assert (folder / LINK).exists()
    assert tables(place)
    assert play(home, **variables)["changed"] == 0
    assert play(home, state="absent", **variables)["changed"] > 2
    assert not list(folder.iterdir())
    assert not tables(place)
    shown = subprocess.run(
        [str(environment / "bin" / "pip"), "show", "pulp-contentroutes"],
        capture_output=True,
        check=False,
    )
    assert shown.returncode == 1
    assert play(home, state="absent", **variables)["changed"] == 0


def run(*command: str) -> None:
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def tables(place: dict[str, str]) -> list[str]:
    """Return the tables of the plugin."""
    statement = "SELECT tablename FROM pg_tables WHERE tablename LIKE 'contentroutes%'"
    with database.connect(place, 10) as connection:
        return [name for (name,) in connection.execute(statement)]
