"""`ansible-galaxy role`, and requirements of roles and collections."""

import re

import pytest
import requests
import yaml

from tests.clients.commands import configure, printed, refused, succeeded
from tests.clients.distributions import change
from tests.clients.many import add_copies
from tests.pulp.access import Access
from tests.pulp.conftest import Pulp
from tests.pulp.galaxy import Client, Galaxy, galaxy
from tests.pulp.roles import archive, role

VERSIONS = [f"1.{number}.0" for number in range(60)]


def upload(server: Galaxy, version: str, name: str = "motd") -> None:
    """Add a version of a role of acme to the server's repository."""
    task = role(server, archive(text_of(version, name)), name=name, version=version)
    assert task["state"] == "completed", task


def text_of(version: str, name: str = "motd") -> str:
    """Return what stands in tasks/main.yml."""
    return f"# {name} {version}"


def urls_of(server: Galaxy, token: str = "") -> dict[str, str]:
    """Return version → URL of acme.motd, from the first page that clients ask for."""
    answer = server.get("api/v1/roles/acme.motd/versions/?page_size=50", token)
    rows = answer.json()["results"] if answer.ok else []
    return {row["name"]: row["download_url"] for row in rows}


def installed(client: Client) -> str | None:
    """Return what stands in tasks/main.yml of acme.motd in `roles`."""
    tasks = client.home / "roles/acme.motd/tasks/main.yml"
    return tasks.read_text() if tasks.exists() else None


def install(server: Galaxy, requirement: str) -> tuple[str, ...]:
    return ("role", "install", requirement, "-p", "roles", "-s", server.url, "--force")


@pytest.fixture(scope="module")
def roles(pulp: Pulp) -> Galaxy:
    """A server of two versions of acme.motd, and of acme.mail."""
    server = galaxy(pulp)
    # The highest version is not the newest.
    for version in ("1.10.0", "1.9.0"):
        upload(server, version)
    upload(server, "1.0.0", "mail")
    return server


@pytest.fixture(scope="module")
def many_versions(pulp: Pulp) -> Galaxy:
    server = galaxy(pulp)
    upload(server, VERSIONS[0])
    add_copies(server, "RoleVersion", VERSIONS[1:])
    return server


@pytest.fixture(scope="module")
def guarded(pulp: Pulp, roles: Galaxy) -> Galaxy:
    """Another server of the same roles, for who has a token."""
    server = galaxy(pulp, content_guard=Access(pulp).guard("contentroutes/token"))
    change(server, repository=roles.repository)
    return server


def test_the_highest_version_is_installed_or_the_one_that_is_named(
    roles: Galaxy, outer_client: Client
) -> None:
    for requirement, version in (("acme.motd", "1.10.0"), ("acme.motd,1.9.0", "1.9.0")):
        succeeded(outer_client.run(*install(roles, requirement)))
        assert installed(outer_client) == text_of(version)


def test_the_oldest_of_60_versions_is_found(many_versions: Galaxy, outer_client: Client) -> None:
    assert len(urls_of(many_versions)) == 50
    assert VERSIONS[0] not in urls_of(many_versions)
    succeeded(outer_client.run(*install(many_versions, "acme.motd,1.0.0")))
    assert installed(outer_client) == text_of("1.0.0")


@pytest.mark.parametrize(
    ("requirement", "reason"),
    [
        ("acme.none", "- sorry, acme.none was not found on"),
        ("acme.motd,7.0.0", "the specified version (7.0.0) of acme.motd was not found"),
    ],
)
def test_what_is_not_there_is_not_installed(
    roles: Galaxy, client: Client, requirement: str, reason: str
) -> None:
    ended = client.run(*install(roles, requirement))
    assert ended.returncode == 1
    assert reason in printed(ended)
    assert not list(client.home.glob("roles/*/meta"))


def test_info_tells_of_a_role(roles: Galaxy, outer_client: Client) -> None:
    told = succeeded(outer_client.run("role", "info", "acme.motd", "-s", roles.url))
    assert "Role: acme.motd" in told
    assert "description: Shows a message." in told
    unknown = outer_client.run("role", "info", "acme.none", "-s", roles.url)
    assert "acme.none was not found" in printed(unknown)


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["motd"], {"acme.motd"}),
        (["message"], {"acme.motd", "acme.mail"}),
        (["message", "mail"], {"acme.mail"}),
        (["--galaxy-tags", "motd"], {"acme.motd", "acme.mail"}),
        (["--author", "acme", "motd"], {"acme.motd"}),
        (["nothing"], set()),
    ],
    ids=" ".join,
)
def test_search_finds_roles(
    roles: Galaxy, client: Client, arguments: list[str], found: set[str]
) -> None:
    ended = client.run("role", "search", *arguments, "-s", roles.url)
    assert ("No roles match your search." in succeeded(ended)) == (not found)
    assert set(re.findall(r"^ (acme\.\w+)", ended.stdout, re.M)) == found


def test_one_file_requires_roles_and_collections(
    roles: Galaxy, server: Galaxy, outer_client: Client, token: str
) -> None:
    server.published(token)
    configure(outer_client, roles={"url": roles.url}, collections={"url": server.url})
    requirements = {"roles": [{"name": "acme.motd"}], "collections": ["acme.tools"]}
    (outer_client.home / "requirements.yml").write_text(yaml.safe_dump(requirements))
    succeeded(outer_client.run("install", "-r", "requirements.yml"))
    home = outer_client.home / ".ansible"
    assert (home / "roles/acme.motd/tasks/main.yml").read_text() == text_of("1.10.0")
    assert (home / "collections/ansible_collections/acme/tools/MANIFEST.json").exists()


def test_a_guarded_role_is_installed_with_a_token_only(
    pulp: Pulp, guarded: Galaxy, outer_client: Client
) -> None:
    """Clients send no credentials for the archive of a role: its URL is enough."""
    assert "401" in refused(outer_client.run(*install(guarded, "acme.motd")))
    assert installed(outer_client) is None
    token = str(Access(pulp).token()["token"])
    succeeded(outer_client.run(*install(guarded, "acme.motd"), "--token", token))
    assert installed(outer_client) == text_of("1.10.0")


def test_the_url_of_a_guarded_role_is_good_for_this_archive_only(
    pulp: Pulp, guarded: Galaxy
) -> None:
    signed = urls_of(guarded, str(Access(pulp).token()["token"]))
    assert requests.get(signed["1.9.0"], timeout=60).status_code == 200
    plain, _, query = signed["1.9.0"].partition("?")
    other = signed["1.10.0"].partition("?")[0]
    for url in (plain, f"{other}?{query}", signed["1.9.0"][:-1], f"{signed['1.9.0']}0"):
        assert requests.get(url, timeout=60).status_code == 401, url


def test_the_url_of_a_public_role_is_not_signed(roles: Galaxy) -> None:
    assert all("?" not in url for url in urls_of(roles).values())
