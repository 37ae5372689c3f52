"""`ansible-galaxy role`, and requirements of roles and collections."""

import re

import pytest
import yaml

from tests.clients.commands import (
    configure,
    expect_refusal,
    expect_success,
    install_role,
    output_of,
)
from tests.harness.ansible_galaxy import Client
from tests.harness.galaxy import Galaxy, create_galaxy, role_archive
from tests.harness.rest import Rest


def text_of(version: str) -> str:
    """Return the text of tasks/main.yml."""
    return f"# {version}"


def installed_text(client: Client, folder: str = "roles") -> str | None:
    """Return the text of tasks/main.yml of acme.motd."""
    tasks = client.home / folder / "acme.motd/tasks/main.yml"
    return tasks.read_text() if tasks.exists() else None


@pytest.fixture(scope="module")
def roles(admin: Rest) -> Galaxy:
    """A server with two versions of acme.motd, and with acme.mail."""
    server = create_galaxy(admin)
    # The highest version is not the newest.
    for name, version in (("motd", "1.10.0"), ("motd", "1.9.0"), ("mail", "1.0.0")):
        task = server.add_role(role_archive(text_of(version)), name=name, version=version)
        assert task["state"] == "completed", task
    return server


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("requirement", "version"), [("acme.motd", "1.10.0"), ("acme.motd,1.9.0", "1.9.0")]
)
def test_the_highest_version_is_installed_or_the_one_that_is_named(
    roles: Galaxy, outer_client: Client, requirement: str, version: str
) -> None:
    expect_success(install_role(outer_client, roles, requirement))
    assert installed_text(outer_client) == text_of(version)


@pytest.mark.parametrize(
    ("requirement", "reason"),
    [
        ("acme.none", "- sorry, acme.none was not found on"),
        pytest.param(
            "acme.motd,7.0.0",
            "the specified version (7.0.0) of acme.motd was not found",
            marks=pytest.mark.exhaustive,
        ),
    ],
)
def test_an_unknown_role_or_version_is_not_installed(
    roles: Galaxy, client: Client, requirement: str, reason: str
) -> None:
    ended = install_role(client, roles, requirement)
    assert ended.returncode == 1
    assert reason in output_of(ended)
    assert not list(client.home.glob("roles/*/meta"))


def test_info_tells_of_a_role(roles: Galaxy, outer_client: Client) -> None:
    output = expect_success(outer_client.run("role", "info", "acme.motd", "-s", roles.url))
    assert "Role: acme.motd" in output
    assert "description: Shows a message." in output


@pytest.mark.exhaustive
def test_info_says_that_a_role_is_unknown(roles: Galaxy, outer_client: Client) -> None:
    ended = outer_client.run("role", "info", "acme.none", "-s", roles.url)
    assert "acme.none was not found" in output_of(ended)


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        pytest.param(["message", "mail"], {"acme.mail"}, id="two words"),
        *(
            pytest.param(*values, id=name, marks=pytest.mark.exhaustive)
            for name, values in {
                "the name": (["motd"], {"acme.motd"}),
                "the description": (["message"], {"acme.motd", "acme.mail"}),
                "a tag": (["--galaxy-tags", "motd"], {"acme.motd", "acme.mail"}),
                "an author": (["--author", "acme", "motd"], {"acme.motd"}),
                "nothing": (["nothing"], set()),
            }.items()
        ),
    ],
)
def test_search_finds_roles(
    roles: Galaxy, client: Client, arguments: list[str], found: set[str]
) -> None:
    ended = client.run("role", "search", *arguments, "-s", roles.url)
    assert ("No roles match your search." in expect_success(ended)) == (not found)
    assert set(re.findall(r"^ (acme\.\w+)", ended.stdout, re.M)) == found


def test_one_file_requires_roles_and_collections(
    roles: Galaxy, server: Galaxy, outer_client: Client, token: str
) -> None:
    """The highest version of a role is installed, unless the requirement names one."""
    server.add(token)
    configure(outer_client, roles={"url": roles.url}, collections={"url": server.url})
    requirements = {"roles": [{"name": "acme.motd"}], "collections": ["acme.tools"]}
    (outer_client.home / "requirements.yml").write_text(yaml.safe_dump(requirements))
    expect_success(outer_client.run("install", "-r", "requirements.yml"))
    assert installed_text(outer_client, ".ansible/roles") == text_of("1.10.0")
    collections = outer_client.home / ".ansible/collections/ansible_collections"
    assert (collections / "acme/tools/MANIFEST.json").exists()


def test_a_guarded_role_is_not_installed_without_a_token(
    admin: Rest, roles: Galaxy, outer_client: Client
) -> None:
    guarded = create_galaxy(admin, content_guard=admin.guard("contentroutes/token"))
    guarded.change_distribution(repository=roles.repository)
    assert "401" in expect_refusal(install_role(outer_client, guarded, "acme.motd"))
    assert installed_text(outer_client) is None
