"""apt with pulp_deb: update, download and by-hash, through nginx."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.plugins.access import OPEN, Access
from tests.plugins.commands import expect_success, find_program
from tests.plugins.content import deb
from tests.plugins.expected import expect
from tests.plugins.proxy import run_proxy
from tests.plugins.site import BEFORE_A_RELEASE, Site

pytestmark = BEFORE_A_RELEASE
PLUGIN = "deb"

#: Rows of the table.
RELEASE, PACKAGES, BY_HASH = r"dists/.*/Release", r"dists/.*/Packages.*", r"dists/.*/by-hash/.*"
POOL = r"pool/.*\.deb"


@pytest.fixture(scope="module")
def repository(site: Site, tmp_path_factory: pytest.TempPathFactory) -> deb.Repository:
    return deb.create(site, tmp_path_factory.mktemp("deb"))


@dataclass(frozen=True)
class Apt:
    """apt with one repository, and with state and cache of its own."""

    folder: Path

    def configure(self, url: str, access: Access, *options: str) -> None:
        for name in (
            "state/lists/partial",
            "cache/archives/partial",
            "etc/preferences.d",
            "etc/apt.conf.d",
        ):
            (self.folder / name).mkdir(parents=True)
        (self.folder / "status").write_text("")
        (self.folder / "etc/sources.list").write_text(
            f"deb [trusted=yes] {url} {deb.SUITE} {deb.COMPONENT}\n"
        )
        login = f"machine {url} login {access.user} password {access.password}\n"
        (self.folder / "etc/auth.conf").write_text(login if access.guard else "")
        lines = [
            f'Dir "{self.folder}/";',
            f'Dir::State "state/"; Dir::State::status "{self.folder}/status";',
            'Dir::Cache "cache/"; Dir::Etc "etc/";',
            'Dir::Bin::methods "/usr/lib/apt/methods";',
            'APT::Architecture "amd64"; APT::Architectures { "amd64"; };',
            'APT::Sandbox::User "";',
            *options,
        ]
        (self.folder / "apt.conf").write_text("\n".join([*lines, ""]))

    def run(self, *arguments: str) -> str:
        variables = {"APT_CONFIG": str(self.folder / "apt.conf")}
        apt = find_program("apt-get", "apt")
        return expect_success(apt, *arguments, home=self.folder, variables=variables)

    def download(self, version: str) -> bytes:
        self.run("download", f"{deb.NAME}={version}")
        return (self.folder / deb.file_name(version)).read_bytes()


def test_apt_updates_and_downloads_and_has_nothing_to_fetch_afterwards(
    site: Site, repository: deb.Repository, access: Access, tmp_path: Path
) -> None:
    base_path = repository.distributions[access.name]
    prefix = site.content_path(base_path)
    apt = Apt(tmp_path)
    apt.configure(site.content_url(base_path), access)
    with site.front.record() as requests:
        apt.run("update")
        assert apt.download("1.0") == repository.package
    expect(PLUGIN, requests, prefix, RELEASE, BY_HASH, POOL)
    with site.front.record() as requests:
        output = apt.run("update")
    expect(PLUGIN, requests, prefix, RELEASE)
    assert {request.status for request in requests} == {304, 404}
    assert "Hit:" in output
    assert "Get:" not in output


def test_apt_fetches_an_index_by_name_where_it_must(
    site: Site, repository: deb.Repository, tmp_path: Path
) -> None:
    base_path = repository.distributions[OPEN]
    apt = Apt(tmp_path)
    apt.configure(site.content_url(base_path), site.accesses[OPEN], 'Acquire::By-Hash "no";')
    with site.front.record() as requests:
        apt.run("update")
        assert apt.download("1.0") == repository.package
    expect(PLUGIN, requests, site.content_path(base_path), RELEASE, PACKAGES, POOL)


def test_apt_survives_a_publish_between_the_release_and_its_index(
    site: Site, tmp_path: Path
) -> None:
    """pulp_deb serves superseded files for three days."""
    repository = deb.create(site, tmp_path, [OPEN])
    base_path = repository.distributions[OPEN]
    added: list[bytes] = []

    def publish_once(path: str) -> None:
        if "/by-hash/" in path and not added:
            added.append(repository.add("2.0"))

    apt = Apt(tmp_path / "apt")
    with run_proxy(publish_once) as proxy, site.front.record() as requests:
        through_proxy = f'Acquire::http::Proxy "{proxy.url}";'
        apt.configure(site.content_url(base_path), site.accesses[OPEN], through_proxy)
        apt.run("update")
        [added_package] = added
        assert apt.download("1.0") == repository.package
        apt.run("update")
        assert apt.download("2.0") == added_package
    expect(PLUGIN, requests, site.content_path(base_path), RELEASE, BY_HASH, POOL)
