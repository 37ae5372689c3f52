"""The Galaxy API's own URLs, and those that it gives to clients, with domains and without."""

import hashlib

import pytest
import requests

from tests.harness.galaxy import Galaxy, create_galaxy, role_archive, tarball
from tests.harness.http1 import ask
from tests.harness.pulp import Pulp
from tests.harness.rest import USER_PASSWORD, basic
from tests.harness.standalone import requires_nginx

pytestmark = pytest.mark.domains

COLLECTION = "api/v3/collections/acme/tools/"


@pytest.fixture
def server(pulp: Pulp) -> Galaxy:
    return create_galaxy(pulp.rest)


@requires_nginx
def test_a_tarball_is_downloaded_as_it_was_published(server: Galaxy, token: str) -> None:
    """Clients consider it damaged if it arrives encoded."""
    data = server.add(token)
    detail = server.get(f"{COLLECTION}versions/1.2.3/").json()
    assert detail["download_url"].startswith(server.admin.front)
    assert detail["artifact"]["sha256"] == hashlib.sha256(data).hexdigest()
    for accepted in ("identity", "gzip, deflate, br", "*"):
        headers = {"Accept-Encoding": accepted}
        answer = requests.get(detail["download_url"], headers=headers, stream=True, timeout=60)
        assert answer.status_code == 200
        assert "Content-Encoding" not in answer.headers
        assert answer.headers["Content-Length"] == str(len(data))
        assert answer.raw.read(decode_content=False) == data


def test_every_link_of_a_document_leads_somewhere(server: Galaxy, token: str) -> None:
    server.add(token)
    collection = server.get(COLLECTION).json()
    versions = server.get(f"{COLLECTION}versions/").json()
    links = [
        collection["href"],
        collection["versions_url"],
        collection["highest_version"]["href"],
        versions["links"]["first"],
        versions["data"][0]["href"],
    ]
    for link in links:
        assert link.startswith(server.path)
        assert server.get(link).status_code == 200


def test_a_guarded_role_is_downloaded_by_a_signed_url(pulp: Pulp) -> None:
    """The client sends its token with the look-up, and nothing with the download."""
    server = create_galaxy(pulp.rest, content_guard=pulp.rest.guard("contentroutes/token"))
    for version in ("1.0.0", "1.0.1"):
        task = server.add_role(role_archive(version), version=version)
        assert task["state"] == "completed"
    token = str(pulp.rest.token(scope="read")["token"])
    found = server.get("api/v1/roles/acme.motd/versions/", token).json()["results"]
    signed = {row["name"]: row["download_url"] for row in found}["1.0.0"]
    plain, _, query = signed.partition("?")
    assert requests.get(signed, timeout=60).status_code == 200
    other = plain.replace("1.0.0", "1.0.1")
    for url in (plain, signed[:-1], f"{signed}0", f"{other}?{query}"):
        assert requests.get(url, timeout=60).status_code == 401, url


def test_the_url_of_a_public_role_is_not_signed(server: Galaxy) -> None:
    assert server.add_role(role_archive(), version="1.0.0")["state"] == "completed"
    [version] = server.get("api/v1/roles/acme.motd/versions/").json()["results"]
    assert "?" not in version["download_url"]


def test_a_nul_in_a_path_is_a_404(pulp: Pulp, server: Galaxy) -> None:
    """nginx would not let it through, and PostgreSQL refuses it."""
    nul = ask(pulp.instance.api_port, f"{server.path}{COLLECTION}versions/%00/")
    assert (nul.status, "errors" in nul.text) == (404, True)


def test_a_role_in_the_domain_lets_publish(pulp: Pulp, server: Galaxy) -> None:
    """The role is given for the domain where there are domains, elsewhere to the user alone."""
    user = pulp.rest.user()
    publisher = pulp.rest.as_user(basic(user["username"], USER_PASSWORD))
    secret = str(publisher.token(user["username"], scope="publish")["token"])
    data, name = tarball()
    assert server.publish(data, name, secret).status_code == 403
    role = "contentroutes.galaxyrepository_publisher"
    values = {"role": role, "content_object": None}
    if pulp.domain:
        [domain] = pulp.rest.call("GET", f"domains/?name={pulp.domain}").json()["results"]
        values["domain"] = domain["pulp_href"]
    answer = pulp.rest.call("POST", f"{user['pulp_href']}roles/", **values)
    assert answer.status_code == 201, answer.text
    document = server.wait_for_import(server.publish(data, name, secret), secret)
    assert document["state"] == "completed", document
