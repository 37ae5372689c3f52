"""pip and uv with pulp_python: a wheel and a source distribution, through nginx."""

import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.harness.environments import make_environment
from tests.harness.http1 import ask
from tests.plugins.access import OPEN, PASSWORD, TOKEN
from tests.plugins.commands import expect_success
from tests.plugins.content import python
from tests.plugins.expected import expect
from tests.plugins.site import BEFORE_A_RELEASE, Site

pytestmark = BEFORE_A_RELEASE
PLUGIN = "python"

#: Rows of the table.
PAGE, WHEEL, SDIST = r"simple/.*/", r".*\.whl", r".*\.tar\.gz"
METADATA = r".*\.whl\.metadata"
PROJECTS = ("demo-wheel", "demo-sdist")


@pytest.fixture(scope="module")
def repository(site: Site) -> python.Repository:
    return python.create(site)


@pytest.fixture(scope="module")
def uv() -> str:
    return str(make_environment("uv", "uv") / "bin/uv")


@dataclass(frozen=True)
class Index:
    url: str
    #: Where the content is.
    prefix: str
    #: The rows of the table that must occur if files are fetched.
    rows: tuple[str, ...]


@pytest.fixture(
    params=[
        *(("published", access) for access in (OPEN, TOKEN, PASSWORD)),
        # The API has no guards, and accepts no token instead of a password.
        *(("from the API", access) for access in (OPEN, PASSWORD)),
    ],
    ids=", ".join,
)
def index(request: pytest.FixtureRequest, site: Site, repository: python.Repository) -> Index:
    """Both indexes of pulp_python: pages of a publication, and pages that the API makes."""
    kind, access = request.param
    if kind == "published":
        base_path = repository.of_publication[access]
        url, rows = site.content_url(base_path), (PAGE, WHEEL, SDIST)
    else:
        base_path = repository.of_repository[access]
        # Only these pages say that there is metadata beside a wheel (PEP 658).
        url, rows = f"{site.front.url}/pypi/{base_path}/", (WHEEL, METADATA, SDIST)
    index = f"{site.accesses[access].url(url)}simple/"
    return Index(index, site.content_path(base_path), rows)


def pip(*arguments: str, home: Path) -> str:
    """Run pip with no configuration of this machine."""
    options = ("--disable-pip-version-check", "--no-cache-dir", "--no-input")
    variables = {"PIP_CONFIG_FILE": "/dev/null"}
    command = (sys.executable, "-m", "pip", *arguments, *options)
    return expect_success(*command, home=home, variables=variables)


def read_installed(folder: Path) -> set[str]:
    return {(folder / f"{name.replace('-', '_')}.py").read_text() for name in PROJECTS}


INSTALLED = {python.TEXT.format(name=name.replace("-", "_")) for name in PROJECTS}


def test_pip_downloads_and_installs_a_wheel_and_a_source_distribution(
    site: Site, repository: python.Repository, index: Index, tmp_path: Path
) -> None:
    where = f"--index-url={index.url}"
    with site.front.record() as requests:
        pip("download", where, f"--dest={tmp_path / 'got'}", *PROJECTS, home=tmp_path)
        pip("install", where, f"--target={tmp_path / 'installed'}", *PROJECTS, home=tmp_path)
    got = {file.name: file.read_bytes() for file in (tmp_path / "got").iterdir()}
    assert got == repository.files
    assert read_installed(tmp_path / "installed") == INSTALLED
    expect(PLUGIN, requests, index.prefix, *index.rows)


def test_uv_installs_files_with_the_digests_of_those_that_were_made(
    site: Site, uv: str, repository: python.Repository, index: Index, tmp_path: Path
) -> None:
    digests = [hashlib.sha256(data).hexdigest() for data in repository.files.values()]
    lines = [
        f"{name}==1.0 --hash=sha256:{digest}"
        for name, digest in zip(PROJECTS, digests, strict=True)
    ]
    (tmp_path / "requirements.txt").write_text("\n".join(lines))
    options = ("--no-config", "--no-cache", "--require-hashes", f"--python={sys.executable}")
    where = f"--index-url={index.url}"
    place = f"--target={tmp_path / 'installed'}"
    command = (uv, "pip", "install", *options, where, place, "-r", "requirements.txt")
    with site.front.record() as requests:
        expect_success(*command, home=tmp_path)
    assert read_installed(tmp_path / "installed") == INSTALLED
    expect(PLUGIN, requests, index.prefix, *index.rows)


def test_the_legacy_documents_are_left_to_pulp(site: Site, repository: python.Repository) -> None:
    prefix = site.content_path(repository.of_publication[OPEN])
    with site.front.record() as requests:
        answer = ask(site.front.port, f"{prefix}pypi/demo-wheel/json")
    assert json.loads(answer.body)["info"]["name"] == "demo-wheel"
    expect(PLUGIN, requests, prefix, r"pypi/.*/json")
