"""Which versions clients find, and what they fetch."""

import pytest
import yaml

from tests.clients.commands import (
    configure,
    install,
    refused,
    remembered_versions,
    stored,
    succeeded,
)
from tests.clients.distributions import serve
from tests.clients.many import add_copies
from tests.pulp.access import Access
from tests.pulp.conftest import Pulp
from tests.pulp.galaxy import Client, Galaxy, galaxy

VERSIONS = [f"1.{number}.0" for number in range(250)]


@pytest.fixture(scope="module")
def with_dependency(pulp: Pulp, token: str) -> tuple[Galaxy, dict[str, bytes]]:
    """A server of acme.tools, which needs acme.base; and the tarballs."""
    server = galaxy(pulp)
    needs = {"acme.base": ">=1.0.0,<2.0.0"}
    return server, {
        "acme-base-1.4.0.tar.gz": stored(server, token, name="base", version="1.4.0"),
        "acme-tools-1.2.3.tar.gz": stored(server, token, dependencies=needs),
    }


@pytest.fixture(scope="module")
def many_versions(pulp: Pulp, token: str) -> Galaxy:
    server = galaxy(pulp)
    server.published(token, version=VERSIONS[0])
    add_copies(server, "CollectionVersion", VERSIONS[1:])
    return server


@pytest.fixture(scope="module")
def with_prerelease(pulp: Pulp, token: str) -> Galaxy:
    server = galaxy(pulp)
    for version in ("1.0.0", "2.0.0-rc.1"):
        server.published(token, version=version)
    return server


def remove(server: Galaxy, version: str) -> None:
    """Remove a version of acme.tools from the repository."""
    admin = Access(server.pulp)
    path = f"{server.repository}remove/"
    answer = admin.call("POST", path, collections=[f"acme.tools:{version}"])
    assert admin.ended(answer.json()["task"])["state"] == "completed"


def test_a_dependency_is_installed_too(
    with_dependency: tuple[Galaxy, dict[str, bytes]], each_client: Client
) -> None:
    server, _ = with_dependency
    succeeded(install(each_client, "acme.tools", "-s", server.url))
    assert each_client.version_of("acme", "tools") == "1.2.3"
    assert each_client.version_of("acme", "base") == "1.4.0"


@pytest.mark.parametrize("form", ["", "/", "/api", "/api/"])
def test_the_url_may_be_written_in_four_ways(
    with_dependency: tuple[Galaxy, dict[str, bytes]], client: Client, form: str
) -> None:
    server, _ = with_dependency
    succeeded(install(client, "acme.tools", "-s", server.url.rstrip("/") + form))
    assert client.version_of("acme", "base") == "1.4.0"


def test_downloaded_files_have_the_names_and_bytes_that_were_published(
    with_dependency: tuple[Galaxy, dict[str, bytes]], each_client: Client
) -> None:
    server, tarballs = with_dependency
    succeeded(each_client.run("collection", "download", "acme.tools", "-s", server.url, "-p", "to"))
    folder = each_client.home / "to"
    assert {path.name for path in folder.iterdir()} == {*tarballs, "requirements.yml"}
    assert {name: (folder / name).read_bytes() for name in tarballs} == tarballs
    written = yaml.safe_load((folder / "requirements.yml").read_text())
    assert {row["name"] for row in written["collections"]} == set(tarballs)


def test_all_of_250_versions_are_seen(many_versions: Galaxy, each_client: Client) -> None:
    told = succeeded(install(each_client, "acme.tools:1.0.0", "-s", many_versions.url, "-vvvv"))
    assert each_client.version_of("acme", "tools") == "1.0.0"
    assert remembered_versions(each_client) == set(VERSIONS)
    assert told.count("/acme/tools/versions/?") == 3


def test_pre_releases_are_hidden_unless_they_are_asked_for(
    with_prerelease: Galaxy, each_client: Client
) -> None:
    found = []
    for arguments in (["acme.tools"], ["acme.tools", "--pre"], ["acme.tools:2.0.0-rc.1"]):
        succeeded(install(each_client, *arguments, "-s", with_prerelease.url))
        found.append(each_client.version_of("acme", "tools"))
    assert found == ["1.0.0", "2.0.0-rc.1", "2.0.0-rc.1"]


def test_a_back_port_is_found_by_a_client_that_remembers_the_versions(
    server: Galaxy, each_client: Client, token: str
) -> None:
    server.published(token, version="2.0.0")
    succeeded(install(each_client, "acme.tools", "-s", server.url))
    assert remembered_versions(each_client) == {"2.0.0"}
    server.published(token, version="1.9.1")
    succeeded(install(each_client, "acme.tools:1.9.1", "-s", server.url))
    assert each_client.version_of("acme", "tools") == "1.9.1"


def test_a_removed_version_is_not_installed_by_a_client_that_remembers_it(
    server: Galaxy, outer_client: Client, token: str
) -> None:
    for version in ("1.0.0", "2.0.0"):
        server.published(token, version=version)
    succeeded(install(outer_client, "acme.tools", "-s", server.url))
    assert outer_client.version_of("acme", "tools") == "2.0.0"
    remove(server, "2.0.0")
    succeeded(install(outer_client, "acme.tools", "-s", server.url))
    assert outer_client.version_of("acme", "tools") == "1.0.0"
    told = refused(install(outer_client, "acme.tools:2.0.0", "-s", server.url))
    assert "acme.tools:2.0.0 (direct request)" in told


def test_a_promotion_is_found_by_a_client_that_remembers_both_servers(
    pulp: Pulp, server: Galaxy, outer_client: Client, token: str
) -> None:
    """Clients have one date for a collection of all servers of a host, and lists for each."""
    server.published(token, version="1.0.0")
    stable = galaxy(pulp)
    serve(stable, server.repository, 1)
    succeeded(install(outer_client, "acme.tools", "-s", stable.url))
    server.published(token, version="2.0.0")
    succeeded(install(outer_client, "acme.tools", "-s", server.url))
    assert outer_client.version_of("acme", "tools") == "2.0.0"
    serve(stable, server.repository, 2)
    succeeded(install(outer_client, "acme.tools:2.0.0", "-s", stable.url))


def test_a_rollback_is_found_by_a_client_that_remembers_the_versions(
    pulp: Pulp, server: Galaxy, outer_client: Client, token: str
) -> None:
    for version in ("1.0.0", "2.0.0"):
        server.published(token, version=version)
    stable, found = galaxy(pulp), []
    for number in (2, 1):
        serve(stable, server.repository, number)
        succeeded(install(outer_client, "acme.tools", "-s", stable.url))
        found.append(outer_client.version_of("acme", "tools"))
    assert found == ["2.0.0", "1.0.0"]


def test_the_second_server_is_asked_for_what_the_first_has_not(
    server: Galaxy,
    with_dependency: tuple[Galaxy, dict[str, bytes]],
    outer_client: Client,
) -> None:
    assert server.get("api/v3/collections/acme/tools/").status_code == 404
    configure(outer_client, first={"url": server.url}, second={"url": with_dependency[0].url})
    succeeded(install(outer_client, "acme.tools"))
    assert outer_client.version_of("acme", "tools") == "1.2.3"
