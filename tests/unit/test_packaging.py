"""What is in the wheel and in the source distribution."""

import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SNIPPETS = {
    f"pulp_contentroutes/app/webserver_snippets/{kind}.conf" for kind in ("nginx", "apache")
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel built from it."""
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
        "snippets/apache/pulp.conf",
        "tests/unit/test_packaging.py",
        "docs/differences.md",
    }
    assert not [name for name in names if name.startswith((".venv", ".pulp", ".ci"))]
