"""The contents of the wheel and of the source distribution."""

import ast
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterable
from email import message_from_bytes
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.wheel import check, install

ROOT = Path(__file__).parents[2]
SNIPPETS = {
    f"pulp_contentroutes/app/webserver_snippets/{kind}.conf" for kind in ("nginx", "apache")
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the sdist, and the wheel built from it."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(next(built.glob("*.whl")))


def test_the_wheel_has_what_pulp_and_the_proxies_read(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    assert names >= SNIPPETS
    assert "pulp_contentroutes/py.typed" in names
    assert "pulp_contentroutes/standalone/templates/nginx.conf" in names


def test_the_wheel_installs_no_package_but_ours(wheel: zipfile.ZipFile) -> None:
    """A top-level package `tests` would be shared with every other careless wheel."""
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"pulp_contentroutes"}


def test_the_wheel_names_its_entry_points_and_licence(wheel: zipfile.ZipFile) -> None:
    [info] = {name.split("/")[0] for name in wheel.namelist() if ".dist-info/" in name}
    entry_points = wheel.read(f"{info}/entry_points.txt").decode()
    assert "pulp_contentroutes = pulp_contentroutes:default_app_config" in entry_points
    assert "pulp-contentroutes = pulp_contentroutes.standalone:main" in entry_points
    metadata = message_from_bytes(wheel.read(f"{info}/METADATA"))
    assert metadata["License-Expression"] == "GPL-2.0-or-later"


def test_the_package_index_would_take_both(built: Path) -> None:
    """Above all, it can render the README."""
    command = [sys.executable, "-m", "twine", "--no-color", "check", "--strict"]
    ended = subprocess.run(
        [*command, *map(str, built.iterdir())], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout
    assert ended.stdout.count("PASSED") == 2


def test_the_wheel_runs_in_an_environment_of_its_own(built: Path, tmp_path: Path) -> None:
    scripts = install(next(built.glob("*.whl")), tmp_path / "venv")
    assert check(scripts) == "pulp-contentroutes, version 0.1.0\n"


def test_without_its_extra_the_program_says_how_to_get_it(built: Path, tmp_path: Path) -> None:
    scripts = install(next(built.glob("*.whl")), tmp_path / "venv")
    ended = subprocess.run(
        [str(scripts / "pulp-contentroutes"), "serve"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("Error: No module named ")
    assert "install it with its extra 'standalone'" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_the_sdist_has_what_packagers_need(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert names >= SNIPPETS
    assert names >= {
        "LICENSE",
        "README.md",
        "CHANGES.md",
        "setup.py",
        "snippets/nginx/pulp.conf",
        "snippets/nginx/pulp-tls.conf",
        "snippets/apache/pulp.conf",
        "snippets/apache/pulp-site.conf",
        "snippets/apache/pulp-tls.conf",
        "tests/unit/test_packaging.py",
        "docs/differences.md",
        "docs/releasing.md",
    }
    assert not [name for name in names if name.startswith((".venv", ".pulp", ".ci"))]


def imported_libraries(folder: Path) -> dict[str, str]:
    """Return the top-level modules that a folder imports from elsewhere, each with a file."""
    found: dict[str, str] = {}
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            found |= {name.partition(".")[0]: str(file) for name in names}
    return {
        name: file
        for name, file in found.items()
        # _typeshed exists for type checkers only.
        if name not in {*sys.stdlib_module_names, "pulp_contentroutes", "_typeshed"}
    }


def with_their_requirements(requirements: Iterable[str]) -> set[str]:
    """Return the names of the distributions that pip installs here for these requirements."""
    names: set[str] = set()
    waiting = [Requirement(each) for each in requirements]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        is_needed = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if is_needed and name not in names:
            names.add(name)
            waiting += [Requirement(each) for each in requires(name) or []]
    return names


def test_every_library_that_is_imported_is_required() -> None:
    """By us, or by our requirements; otherwise `pip install` would not be enough."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    standalone = project["optional-dependencies"]["standalone"]
    required = with_their_requirements([*project["dependencies"], *standalone])
    distributions = packages_distributions()
    for module, file in imported_libraries(ROOT / "pulp_contentroutes").items():
        named = {canonicalize_name(name) for name in distributions[module]}
        assert named & required, f"{module}, imported by {file}"
