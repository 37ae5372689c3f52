"""A Pulp behind our sites with TLS: certificate guards, and the Galaxy API with its real client."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from pulp_contentroutes.paths import CONTENT_PREFIX, with_domain
from tests.harness import guides
from tests.harness.ansible_galaxy import Client
from tests.harness.certificates import Authority, Pair, entitlement
from tests.harness.galaxy import create_galaxy, tarball
from tests.harness.http1 import STOCK_PREFIX
from tests.harness.pulp import Pulp
from tests.harness.rest import new_name
from tests.harness.waiting import free_ports
from tests.snippets import fronts

FILES = {"x": b"x", "dir/y": b"y"}

#: Make a certificate of the authority that the guard knows, for the path of a distribution.
Issue = Callable[[Authority, str], Pair]


@dataclass(frozen=True)
class Site:
    """A web server in front of a Pulp."""

    pulp: Pulp
    folder: Path
    http: str
    https: str
    #: The certificate of the server's authority.
    authority: Path

    def get(
        self, url: str, client: Pair | None = None, headers: Mapping[str, str] | None = None
    ) -> requests.Response:
        """Ask over a connection of its own."""
        files = client.write(self.folder, "client") if client else None
        return requests.get(
            url,
            cert=files and (str(files[0]), str(files[1])),
            verify=str(self.authority),
            headers=headers,
            timeout=60,
            allow_redirects=False,
        )


@pytest.fixture(
    scope="module",
    params=["nginx-ours", pytest.param("apache-ours", marks=pytest.mark.exhaustive)],
)
def site(
    pulp: Pulp, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp(request.param)
    authority = Authority("authority of servers")
    server = authority.issue("server", hosts=["localhost"])
    certificate = folder / "authority.pem"
    certificate.write_text(authority.certificate)
    port = free_ports(2)
    https = f"https://localhost:{port + 1}"
    # Without an origin, as in Pulp's default, URLs begin with the client's own scheme and host.
    with pulp.instance.further_api(CONTENT_ORIGIN="@none") as api:
        place = fronts.Place(
            folder,
            f"127.0.0.1:{port}",
            f"127.0.0.1:{api}",
            f"127.0.0.1:{pulp.instance.content_port}",
            fronts.Tls(f"127.0.0.1:{port + 1}", *server.write(folder, "server")),
            has_neighbours=False,
        )
        command = fronts.write(request.param, place)
        with fronts.run_server(command, port + 1, folder / "server.log"):
            yield Site(pulp, folder, f"http://127.0.0.1:{port}", https, certificate)


@pytest.mark.parametrize(
    ("guard", "issue"),
    [
        ("certguard/x509", lambda authority, path: authority.issue("client")),
        (
            "certguard/rhsm",
            lambda authority, path: authority.issue("client", extensions=entitlement(path)),
        ),
    ],
)
def test_a_guard_admits_a_client_by_the_certificate_of_its_handshake(
    site: Site, guard: str, issue: Issue
) -> None:
    clients = Authority("authority of clients")
    base_path = new_name()
    own = issue(clients, base_path)
    href = site.pulp.rest.guard(guard, ca_certificate=clients.certificate)
    site.pulp.publish(FILES, base_path=base_path, content_guard=href)
    others = issue(Authority("authority of clients"), base_path)
    expired = clients.issue("client", extensions=entitlement(base_path), is_expired=True)
    for prefix in (CONTENT_PREFIX, STOCK_PREFIX):
        url = f"{site.https}{with_domain(prefix, site.pulp.domain)}{base_path}/"
        answer = site.get(f"{url}x", own)
        assert (answer.status_code, answer.content) == (200, b"x")
        assert "Repr-Digest" in answer.headers
        # Pulp answers a listing.
        assert site.get(f"{url}dir/", own).status_code == 200
        forged = {"X-CLIENT-CERT": own.certificate.replace("\n", " ").strip()}
        for path in ("x", "dir/", "missing"):
            assert site.get(f"{url}{path}", None, forged).status_code == 403
            assert site.get(f"{url}{path}", others, forged).status_code == 403
        assert_refused(site, f"{url}x", expired)


def assert_refused(site: Site, url: str, client: Pair) -> None:
    """Assert that a client is refused, by the web server's answer or already in the handshake."""
    try:
        assert site.get(url, client).status_code in (400, 403)
    except requests.exceptions.RequestException:
        pass


def test_an_entitlement_admits_to_its_own_path_alone(site: Site) -> None:
    clients = Authority("authority of clients")
    href = site.pulp.rest.guard("certguard/rhsm", ca_certificate=clients.certificate)
    base_path = site.pulp.publish(FILES, content_guard=href)
    prefix = with_domain(CONTENT_PREFIX, site.pulp.domain)
    for path, status in ((base_path, 200), (new_name(), 403)):
        client = clients.issue("client", extensions=entitlement(path))
        answer = site.get(f"{site.https}{prefix}{base_path}/x", client)
        assert answer.status_code == status


def test_the_real_client_publishes_and_installs_by_tls(
    site: Site, token: str, tmp_path: Path
) -> None:
    server = create_galaxy(
        site.pulp.rest, content_guard=site.pulp.rest.guard("contentroutes/token")
    )
    url = f"{site.https}{server.path}"
    client = Client(tmp_path, variables={"SSL_CERT_FILE": str(site.authority)})
    data, name = tarball(version="1.0.0")
    archive = tmp_path / name
    archive.write_bytes(data)
    arguments = ("--server", url, "--token", token)
    ended = client.run("collection", "publish", str(archive), *arguments)
    assert ended.returncode == 0, ended.stderr
    ended = client.run("collection", "install", "acme.tools", "-p", "got", *arguments)
    assert ended.returncode == 0, ended.stderr
    assert client.version_of("acme", "tools") == "1.0.0"
    path = "api/v3/collections/acme/tools/versions/1.0.0/"
    found = site.get(url + path, headers={"Authorization": f"Token {token}"}).json()
    assert found["download_url"].startswith(f"{site.https}{CONTENT_PREFIX}")


def test_a_client_that_does_not_know_the_authority_installs_nothing(
    site: Site, tmp_path: Path
) -> None:
    url = f"{site.https}{create_galaxy(site.pulp.rest).path}"
    ended = Client(tmp_path).run("collection", "install", "acme.tools", "--server", url)
    assert ended.returncode != 0
    assert "certificate" in ended.stderr.lower()


def test_everything_without_tls_leads_to_it(site: Site) -> None:
    for path in ("/pulp/api/v3/status/", f"{CONTENT_PREFIX}x?q=%2F"):
        answer = site.get(site.http + path, headers={"Host": "localhost"})
        assert (answer.status_code, answer.headers["Location"]) == (301, f"https://localhost{path}")


@pytest.mark.exhaustive
@pytest.mark.domains
def test_the_guides_work_by_tls(site: Site, tmp_path: Path) -> None:
    home = tmp_path / "home"
    guides.make_signing_key(home)
    # Two web servers stand before one Pulp.
    pasted = [*guides.FIRST_STEPS, *guides.ACCESS, *guides.GALAXY]
    printed = guides.paste(
        site.https,
        home,
        guides.with_names(site.https.rpartition(":")[2], pasted),
        has_domains=site.pulp.domain is not None,
        # As installation.md says for an authority of one's own; `--cacert` is long for each line.
        variables=dict.fromkeys(("SSL_CERT_FILE", "CURL_CA_BUNDLE"), str(site.authority)),
    )
    assert printed[1] == "My own file.\n"
    guides.assert_installed_from_galaxy(home)
