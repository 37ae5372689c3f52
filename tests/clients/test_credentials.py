"""A guarded server: each way to send credentials, and every command with them and without."""

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.clients.commands import configure, install, refused, stored, succeeded
from tests.pulp.access import Access
from tests.pulp.conftest import Pulp
from tests.pulp.galaxy import Client, Galaxy, galaxy
from tests.pulp.standalone import PASSWORD

WRONG = "pcr_" + "a" * 43


@dataclass(frozen=True)
class Guarded:
    """A server of acme.tools for who has a token; `token` reads, and does nothing else."""

    server: Galaxy
    token: str
    tarball: bytes

    @property
    def url(self) -> str:
        return self.server.url


@pytest.fixture(scope="module")
def guarded(pulp: Pulp, token: str) -> Guarded:
    admin = Access(pulp)
    server = galaxy(pulp, content_guard=admin.guard("contentroutes/token"))
    reader = str(admin.token(scope="read")["token"])
    return Guarded(server, reader, stored(server, token))


def write_netrc(client: Client, login: str, password: str) -> None:
    netrc = client.home / ".netrc"
    netrc.write_text(f"machine 127.0.0.1 login {login} password {password}\n")
    netrc.chmod(0o600)


def test_a_token_in_the_configuration_is_enough(guarded: Guarded, each_client: Client) -> None:
    configure(each_client, team={"url": guarded.url, "token": guarded.token})
    told = succeeded(install(each_client, "acme.tools"))
    assert each_client.version_of("acme", "tools") == "1.2.3"
    assert guarded.token not in told


def test_a_token_on_the_command_line_is_enough(guarded: Guarded, outer_client: Client) -> None:
    succeeded(install(outer_client, "acme.tools", "-s", guarded.url, "--token", guarded.token))
    assert outer_client.version_of("acme", "tools") == "1.2.3"


def test_a_token_may_be_the_password_in_the_configuration(
    guarded: Guarded, outer_client: Client
) -> None:
    login = {"username": "token", "password": guarded.token}
    configure(outer_client, team={"url": guarded.url, **login})
    succeeded(install(outer_client, "acme.tools"))
    assert outer_client.version_of("acme", "tools") == "1.2.3"


def test_a_password_of_pulp_is_enough_for_pulps_own_guard(
    pulp: Pulp, outer_client: Client, token: str
) -> None:
    server = galaxy(pulp, content_guard=Access(pulp).guard("core/rbac"))
    server.published(token)
    for password in ("wrong", PASSWORD):
        login = {"username": "admin", "password": password}
        configure(outer_client, team={"url": server.url, **login})
        ended = install(outer_client, "acme.tools")
        if password == PASSWORD:
            succeeded(ended)
        else:
            assert "401" in refused(ended)
    assert outer_client.version_of("acme", "tools") == "1.2.3"


def test_a_netrc_is_stronger_than_the_configuration(guarded: Guarded, outer_client: Client) -> None:
    configure(outer_client, team={"url": guarded.url, "token": WRONG})
    write_netrc(outer_client, "token", guarded.token)
    succeeded(install(outer_client, "acme.tools"))
    assert outer_client.version_of("acme", "tools") == "1.2.3"


@contextlib.contextmanager
def single_sign_on(token: str) -> Iterator[str]:
    """Run a service that gives `token` to who refreshes; yield its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            answer = {"access_token": token, "expires_in": 300, "token_type": "bearer"}
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Be silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as service:
        thread = threading.Thread(target=service.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{service.server_port}/token"
        finally:
            service.shutdown()
            thread.join()


def test_a_token_is_taken_as_bearer_in_any_case(guarded: Guarded, outer_client: Client) -> None:
    """As clients send what a single sign-on has given them: the newest in its `token_type`."""
    with single_sign_on(guarded.token) as auth_url:
        values = {"url": guarded.url, "auth_url": auth_url, "token": "refresh"}
        configure(outer_client, team=values)
        succeeded(install(outer_client, "acme.tools"))
    assert outer_client.version_of("acme", "tools") == "1.2.3"


def test_without_a_token_every_command_says_401(guarded: Guarded, outer_client: Client) -> None:
    succeeded(install(outer_client, "acme.tools", "-s", guarded.url, "--token", guarded.token))
    for arguments in (
        ("install", "acme.tools", "-p", "other"),
        ("download", "acme.tools", "-p", "to"),
        ("verify", "acme.tools", "-p", "got"),
    ):
        ended = outer_client.run("collection", *arguments, "-s", guarded.url)
        assert "401" in refused(ended), arguments
    assert not list(outer_client.home.glob("other/**/MANIFEST.json"))
    assert not list(outer_client.home.glob("to/*.tar.gz"))


def test_with_a_token_what_is_guarded_is_downloaded_and_verified(
    guarded: Guarded, each_client: Client
) -> None:
    configure(each_client, team={"url": guarded.url, "token": guarded.token})
    succeeded(each_client.run("collection", "download", "acme.tools", "-p", "to"))
    tarball = each_client.home / "to/acme-tools-1.2.3.tar.gz"
    assert tarball.read_bytes() == guarded.tarball
    succeeded(install(each_client, "acme.tools"))
    told = succeeded(each_client.run("collection", "verify", "acme.tools", "-p", "got"))
    assert "match the remote collection" in told


def test_a_wrong_token_says_401(guarded: Guarded, outer_client: Client) -> None:
    ended = install(outer_client, "acme.tools", "-s", guarded.url, "--token", WRONG)
    assert "401" in refused(ended)
    assert outer_client.version_of("acme", "tools") is None


def test_a_requirement_names_its_server_and_gets_its_token(
    guarded: Guarded, server: Galaxy, outer_client: Client, token: str
) -> None:
    """The other server has a higher version, which a requirement without a source would take."""
    server.published(token, version="9.0.0")
    configure(
        outer_client,
        public={"url": server.url},
        team={"url": guarded.url, "token": guarded.token},
    )
    requirements = outer_client.home / "requirements.yml"
    requirements.write_text("collections: [{name: acme.tools, source: team}]")
    succeeded(install(outer_client, "-r", "requirements.yml"))
    assert outer_client.version_of("acme", "tools") == "1.2.3"
    requirements.write_text("collections: [acme.tools]")
    succeeded(install(outer_client, "-r", "requirements.yml"))
    assert outer_client.version_of("acme", "tools") == "9.0.0"
