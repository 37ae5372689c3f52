"""A guarded server: each way to send credentials, and every command without them."""

import json
from dataclasses import dataclass

import pytest

from tests.clients.commands import configure, expect_refusal, expect_success, install, unpack
from tests.harness.ansible_galaxy import Client
from tests.harness.galaxy import Galaxy, create_galaxy
from tests.harness.rest import Rest
from tests.harness.template import PASSWORD
from tests.harness.upstream import run_upstream

WRONG = "pcr_" + "a" * 43


@dataclass(frozen=True)
class Guarded:
    """A server of acme.tools for clients with a token; `token` is one that only reads."""

    url: str
    token: str
    tarball: bytes


@pytest.fixture(scope="module")
def guarded(admin: Rest, token: str) -> Guarded:
    server = create_galaxy(admin, content_guard=admin.guard("contentroutes/token"))
    reader = str(admin.token(scope="read")["token"])
    return Guarded(server.url, reader, server.add(token))


def expect_installed(client: Client, *arguments: str) -> None:
    expect_success(install(client, "acme.tools", *arguments))
    assert client.version_of("acme", "tools") == "1.2.3"


def test_a_token_on_the_command_line_is_enough(guarded: Guarded, outer_client: Client) -> None:
    expect_installed(outer_client, "-s", guarded.url, "--token", guarded.token)


def test_a_token_may_be_the_password_in_the_configuration(
    guarded: Guarded, outer_client: Client
) -> None:
    login = {"username": "token", "password": guarded.token}
    configure(outer_client, team={"url": guarded.url, **login})
    expect_installed(outer_client)


def test_a_password_of_pulp_is_enough_for_pulps_own_guard(
    admin: Rest, outer_client: Client, token: str
) -> None:
    server = create_galaxy(admin, content_guard=admin.guard("core/rbac"))
    server.add(token)
    for password in ("wrong", PASSWORD):
        login = {"username": "admin", "password": password}
        configure(outer_client, team={"url": server.url, **login})
        if password == PASSWORD:
            expect_installed(outer_client)
        else:
            assert "401" in expect_refusal(install(outer_client, "acme.tools"))


def test_a_netrc_is_stronger_than_the_configuration(guarded: Guarded, outer_client: Client) -> None:
    configure(outer_client, team={"url": guarded.url, "token": WRONG})
    netrc = outer_client.home / ".netrc"
    netrc.write_text(f"machine 127.0.0.1 login token password {guarded.token}\n")
    netrc.chmod(0o600)
    expect_installed(outer_client)


def test_a_token_is_taken_as_bearer_in_any_case(guarded: Guarded, outer_client: Client) -> None:
    """For clients that use single sign-on: the newest spell the scheme as in its `token_type`."""
    given = {"access_token": guarded.token, "expires_in": 300, "token_type": "bearer"}
    with run_upstream() as single_sign_on:
        single_sign_on.files["/token"] = json.dumps(given).encode()
        values = {"url": guarded.url, "auth_url": f"{single_sign_on.url}token", "token": "refresh"}
        configure(outer_client, team=values)
        expect_installed(outer_client)
        assert single_sign_on.requested == ["/token"]


def test_without_a_token_every_command_says_401(guarded: Guarded, outer_client: Client) -> None:
    unpack(outer_client, guarded.tarball)
    for arguments in (
        ("install", "acme.tools", "-p", "other"),
        ("download", "acme.tools", "-p", "to"),
        ("verify", "acme.tools", "-p", "got"),
    ):
        ended = outer_client.run("collection", *arguments, "-s", guarded.url)
        assert "401" in expect_refusal(ended), arguments
    assert not list(outer_client.home.glob("other/**/MANIFEST.json"))
    assert not list(outer_client.home.glob("to/*.tar.gz"))


@pytest.mark.exhaustive
def test_a_wrong_token_says_401(guarded: Guarded, outer_client: Client) -> None:
    ended = install(outer_client, "acme.tools", "-s", guarded.url, "--token", WRONG)
    assert "401" in expect_refusal(ended)
    assert outer_client.version_of("acme", "tools") is None


def test_a_requirement_names_its_server_and_gets_its_token(
    guarded: Guarded, server: Galaxy, outer_client: Client, token: str
) -> None:
    """The other server has a higher version, which a requirement without a source would take."""
    server.add(token, version="9.0.0")
    configure(
        outer_client,
        public={"url": server.url},
        team={"url": guarded.url, "token": guarded.token},
    )
    requirements = outer_client.home / "requirements.yml"
    for requirement, version in (
        ("{name: acme.tools, source: team}", "1.2.3"),
        ("acme.tools", "9.0.0"),
    ):
        requirements.write_text(f"collections: [{requirement}]")
        expect_success(install(outer_client, "-r", "requirements.yml"))
        assert outer_client.version_of("acme", "tools") == version
