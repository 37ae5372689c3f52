"""Each child process gets the environment that it needs, and no secret beyond that."""

import ast
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pulp_contentroutes.standalone import environment
from pulp_contentroutes.standalone.configuration import NGINX, services
from pulp_contentroutes.standalone.instance import Instance
from pulp_contentroutes.standalone.options import Options
from pulp_contentroutes.standalone.postgres import Cluster
from pulp_contentroutes.standalone.process import DATABASE

PACKAGE = Path(environment.__file__).parent
SECRETS = {
    "CONTENTROUTES_ADMIN_PASSWORD": "geheim-1",
    "CONTENTROUTES_DATABASE_URL": "postgresql://pulp:geheim-2@db/pulp",
    "CONTENTROUTES_REDIS_URL": "redis://:geheim-3@cache",
}
#: Variables of the user, for other programs.
FOREIGN = {"AWS_SECRET_ACCESS_KEY": "geheim-4", "PGPASSWORD": "geheim-5", "PGPORT": "1"}


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**SECRETS, **FOREIGN, "PULP_OTHER": "of another Pulp"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


def environments(tmp_path: Path) -> dict[str, dict[str, str]]:
    """Return the environment of each service of an instance, by name."""
    instance = Instance(
        tmp_path, Options(settings={"EMAIL_HOST_PASSWORD": "geheim-6"}), "/usr/sbin/nginx", {}
    )
    cluster = SimpleNamespace(command=("postgres",), sockets=tmp_path, account=None)
    found = services(instance, cast(Cluster, cluster))
    return {service.name: dict(service.environment) for service in found}


@pytest.mark.usefixtures("given")
def test_no_child_gets_the_options_of_serve(tmp_path: Path) -> None:
    found = environments(tmp_path)
    assert set(found) == {DATABASE, "api", "content", "worker-1", NGINX}
    for name, variables in found.items():
        assert not set(variables) & set(SECRETS), name
        assert not set(variables.values()) & set(SECRETS.values()), name
        assert "PULP_OTHER" not in variables


@pytest.mark.usefixtures("given")
@pytest.mark.parametrize("name", [DATABASE, NGINX])
def test_programs_that_know_nothing_of_pulp_get_no_secret_at_all(tmp_path: Path, name: str) -> None:
    variables = environments(tmp_path)[name]
    assert variables["LC_ALL"] == "C.UTF-8"
    assert "PATH" in variables
    assert not [value for value in variables.values() if "geheim" in value]
    assert not [each for each in variables if each.startswith(("PULP_", "PG"))]


@pytest.mark.usefixtures("given")
@pytest.mark.parametrize("name", ["api", "content", "worker-1"])
def test_pulps_processes_keep_what_their_user_has_set(tmp_path: Path, name: str) -> None:
    """Storage classes read their credentials from the environment."""
    variables = environments(tmp_path)[name]
    assert variables["AWS_SECRET_ACCESS_KEY"] == "geheim-4"
    assert variables["PULP_EMAIL_HOST_PASSWORD"] == "geheim-6"


def test_a_preloaded_user_database_reaches_postgresql(monkeypatch: pytest.MonkeyPatch) -> None:
    """Images that run under an arbitrary user id set these in their entry point."""
    wrapper = {"LD_PRELOAD": "libnss_wrapper.so", "NSS_WRAPPER_PASSWD": "/tmp/passwd"}
    for name, value in wrapper.items():
        monkeypatch.setenv(name, value)
    assert wrapper.items() <= environment.for_system_programs().items()


def calls_of_subprocess() -> list[tuple[str, ast.Call]]:
    found = []
    for file in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            function: Any = node.func
            if getattr(function.value, "id", None) == "subprocess" and function.attr in (
                "run",
                "Popen",
            ):
                found.append((f"{file.name}:{node.lineno}", node))
    return found


def test_no_child_inherits_the_whole_environment() -> None:
    found = calls_of_subprocess()
    assert len(found) >= 5
    without = [
        where for where, call in found if "env" not in {keyword.arg for keyword in call.keywords}
    ]
    assert not without
