"""dnf with pulp_rpm: makecache, download, install and upgrade, through nginx."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.harness.http1 import ask
from tests.plugins.access import OPEN, Access
from tests.plugins.commands import expect_success, find_program
from tests.plugins.content import rpm
from tests.plugins.expected import expect
from tests.plugins.site import BEFORE_A_RELEASE, Site

pytestmark = BEFORE_A_RELEASE
PLUGIN = "rpm"


@pytest.fixture(scope="module")
def repository(site: Site, tmp_path_factory: pytest.TempPathFactory) -> rpm.Repository:
    return rpm.create(site, tmp_path_factory.mktemp("rpm"))


@dataclass(frozen=True)
class Dnf:
    """dnf with a root, and with one repository, of its own."""

    folder: Path
    access: Access

    def configure(self, repo: str) -> None:
        """Use a repository file as Pulp makes it, the packages' missing signatures aside."""
        repo += "gpgcheck=0\n"
        if self.access.guard:
            repo += f"username={self.access.user}\npassword={self.access.password}\n"
        repos = self.folder / "repos"
        repos.mkdir()
        (repos / "demo.repo").write_text(repo)
        options = {"reposdir": repos, "pluginpath": self.folder, "keepcache": 1}
        lines = [f"{name}={value}" for name, value in options.items()]
        (self.folder / "dnf.conf").write_text("\n".join(["[main]", *lines, ""]))

    def run(self, *arguments: str) -> str:
        # dnf's cache and logs are below its root.
        places = (f"--config={self.folder / 'dnf.conf'}", f"--installroot={self.folder / 'root'}")
        dnf = find_program("dnf", "dnf")
        return expect_success(
            dnf, *places, "--releasever=1", "--assumeyes", *arguments, home=self.folder
        )

    def download(self) -> bytes:
        self.run("install", "--downloadonly", f"--destdir={self.folder / 'got'}", rpm.NAME)
        return (self.folder / "got" / rpm.file_name("1.0")).read_bytes()

    def read_installed(self) -> str:
        return (self.folder / "root" / rpm.INSTALLED).read_text()


def test_dnf_installs_with_the_repository_file_that_pulp_makes(
    site: Site, repository: rpm.Repository, access: Access, tmp_path: Path
) -> None:
    prefix = site.content_path(repository.distributions[access.name])
    dnf = Dnf(tmp_path, access)
    with site.front.record() as requests:
        repo = ask(site.front.port, f"{prefix}config.repo", headers=access.headers)
        dnf.configure(repo.text)
        dnf.run("makecache")
        assert dnf.download() == repository.package
        dnf.run("install", rpm.NAME)
    assert dnf.read_installed() == rpm.text_of("1.0")
    expect(PLUGIN, requests, prefix, r"config\.repo", r"repodata/.*", r"Packages/.*\.rpm")


def test_dnf_upgrades_after_a_publish_and_not_from_a_fixed_publication(
    site: Site, tmp_path: Path
) -> None:
    repository = rpm.create(site, tmp_path, [OPEN])
    clients = {}
    for base_path in (repository.distributions[OPEN], repository.of_publication):
        home = tmp_path / base_path
        home.mkdir()
        clients[base_path] = dnf = Dnf(home, site.accesses[OPEN])
        dnf.configure(f"[demo]\nname=demo\nbaseurl={site.content_url(base_path)}\n")
        dnf.run("install", rpm.NAME)
    repository.add("1.1")
    for base_path, version in zip(clients, ("1.1", "1.0"), strict=True):
        prefix = site.content_path(base_path)
        with site.front.record() as requests:
            clients[base_path].run("upgrade", "--refresh")
        assert clients[base_path].read_installed() == rpm.text_of(version)
        expect(PLUGIN, requests, prefix, r"repodata/.*")
