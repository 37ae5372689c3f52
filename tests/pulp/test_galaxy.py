"""The real `ansible-galaxy` publishes to a distribution and installs from it."""

import hashlib
from pathlib import Path

import pytest
import requests

from tests.pulp.access import Access
from tests.pulp.conftest import Pulp
from tests.pulp.galaxy import Client, galaxy, tarball
from tests.pulp.raw_http import request
from tests.pulp.standalone import wait_until


@pytest.fixture
def client(folder: Path) -> Client:
    return Client(folder)


@pytest.fixture
def token(pulp: Pulp) -> str:
    return str(Access(pulp).token(scope="publish")["token"])


def test_what_is_published_can_be_installed_with_its_dependency(
    pulp: Pulp, client: Client, token: str
) -> None:
    server = galaxy(pulp)
    base = client.built("acme", "base", version="1.4.0")
    tools = client.built("acme", "tools", dependencies={"acme.base": ">=1.0.0,<2.0.0"})
    for collection in (base, tools):
        ended = client.run(
            "collection", "publish", str(collection), "--server", server.url, "--token", token
        )
        assert ended.returncode == 0, ended.stderr
        assert "successfully published and imported" in ended.stdout
    ended = client.run("collection", "install", "acme.tools", "-p", "got", "-s", server.url)
    assert ended.returncode == 0, ended.stderr
    assert client.version_of("acme", "tools") == "1.0.0"
    assert client.version_of("acme", "base") == "1.4.0"


def test_a_guarded_server_wants_a_token_for_every_request(
    pulp: Pulp, client: Client, token: str
) -> None:
    server = galaxy(pulp, content_guard=Access(pulp).guard("contentroutes/token"))
    data, name = tarball()
    assert server.imported(server.publish(data, name, token), token)["state"] == "completed"
    install = ("collection", "install", "acme.tools", "-p", "got", "-s", server.url)
    refused = client.run(*install)
    assert refused.returncode != 0
    assert "401" in refused.stderr
    for path in ("", "api/", "api/v3/collections/acme/tools/", "api/v3/collections/no/such/"):
        answer = server.get(path)
        assert (answer.status_code, "WWW-Authenticate" in answer.headers) == (401, True)
    admitted = client.run(*install, "--token", token)
    assert admitted.returncode == 0, admitted.stderr
    assert client.version_of("acme", "tools") == "1.2.3"


def test_reading_and_publishing_are_separate(pulp: Pulp, token: str) -> None:
    server, admin = galaxy(pulp), Access(pulp)
    data, name = tarball()
    user = admin.user()["username"]
    others = str(admin.token(user, scope="publish")["token"])
    reader = str(admin.token(scope="read")["token"])
    expected = {"": 401, "pcr_" + "a" * 43: 401, others: 403, reader: 401}
    for secret, status in expected.items():
        answer = server.publish(data, name, secret)
        assert answer.status_code == status
        assert answer.json()["errors"][0]["detail"]
    role = "contentroutes.galaxyrepository_publisher"
    admin.role("add", server.repository, role, users=[user])
    assert server.imported(server.publish(data, name, others), others)["state"] == "completed"
    assert server.get("api/v3/collections/acme/tools/", reader).status_code == 200


def test_a_small_collection_is_imported_at_the_first_poll(pulp: Pulp, token: str) -> None:
    server = galaxy(pulp)
    data, name = tarball()
    response = server.publish(data, name, token, sha256=hashlib.sha256(data).hexdigest())
    assert response.json()["task"].startswith(f"{server.path}api/v3/imports/collections/")
    task = response.json()["task"].removeprefix(server.path)
    document = server.get(task, token).json()
    assert (document["state"], bool(document["finished_at"])) == ("completed", True)
    assert (document["messages"], document["error"]) == ([], None)


def test_the_same_bytes_again_are_a_success_and_others_are_refused(
    pulp: Pulp, client: Client, token: str
) -> None:
    server = galaxy(pulp)
    data, name = tarball()
    other, _ = tarball(description="Other tools.")
    for _ in range(2):
        assert server.imported(server.publish(data, name, token), token)["state"] == "completed"
    assert server.publish(other, name, token).status_code == 409
    (client.home / name).write_bytes(other)
    ended = client.run("collection", "publish", name, "--server", server.url, "--token", token)
    assert ended.returncode != 0
    assert "Publish a new version." in ended.stderr
    assert "already_exists" in ended.stderr
    detail = server.get("api/v3/collections/acme/tools/versions/1.2.3/").json()
    assert detail["artifact"]["sha256"] == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("data", "name", "fields", "named"),
    [
        (b"no gzip", "acme-tools-1.2.3.tar.gz", {}, "gzip"),
        (tarball()[0], "tools.tar.gz", {}, "namespace-name-version"),
        (tarball()[0], "acme-tools-1.2.3.tar.gz", {"sha256": "0" * 64}, "SHA-256"),
    ],
    ids=["no gzip", "name", "digest"],
)
def test_what_is_wrong_at_first_sight_is_answered_at_once(
    pulp: Pulp, token: str, data: bytes, name: str, fields: dict[str, str], named: str
) -> None:
    answer = galaxy(pulp).publish(data, name, token, **fields)
    assert (answer.status_code, named in answer.json()["errors"][0]["detail"]) == (400, True)


def temporary_files(pulp: Pulp) -> str:
    """Return how many uploads wait for their tasks, in the database and on disk."""
    return pulp.instance.shell("""
from pathlib import Path
from django.conf import settings
from pulpcore.plugin.models import PulpTemporaryFile
files = [file for file in Path(settings.MEDIA_ROOT).glob("**/tmp/**/*") if file.is_file()]
print(PulpTemporaryFile.objects.count(), len(files))
""")


@pytest.mark.parametrize(
    ("data", "name", "code"),
    [
        (b"\x1f\x8b broken", "acme-tools-1.2.3.tar.gz", "unreadable_archive"),
        (tarball()[0], "acme-other-1.2.3.tar.gz", "invalid_filename"),
        (tarball(authors=[])[0], "acme-tools-1.2.3.tar.gz", "invalid_manifest"),
    ],
    ids=["broken", "name", "manifest"],
)
def test_what_is_wrong_inside_fails_its_import_and_leaves_nothing(
    pulp: Pulp, token: str, data: bytes, name: str, code: str
) -> None:
    server, before = galaxy(pulp), temporary_files(pulp)
    document = server.imported(server.publish(data, name, token), token)
    assert (document["state"], document["error"]["code"]) == ("failed", code)
    assert document["error"]["description"]
    assert server.get("api/v3/collections/").json()["data"] == []
    assert temporary_files(pulp) == before


def test_clients_hear_of_every_change_of_the_versions(
    pulp: Pulp, client: Client, token: str
) -> None:
    """A back-port and a removal within the 24 hours for which clients keep a list."""
    server, admin = galaxy(pulp), Access(pulp)
    seen = []

    def publish(version: str) -> None:
        data, name = tarball(version=version)
        assert server.imported(server.publish(data, name, token), token)["state"] == "completed"
        seen.append(server.get("api/v3/collections/acme/tools/").json()["updated_at"])

    def installed(requirement: str) -> str | None:
        ended = client.run(
            *("collection", "install", requirement, "-p", "got", "--force", "-s", server.url)
        )
        return client.version_of("acme", "tools") if ended.returncode == 0 else ended.stderr

    publish("2.0.0")
    assert installed("acme.tools") == "2.0.0"
    publish("1.9.1")
    assert installed("acme.tools:<2.0.0") == "1.9.1"
    [unit] = admin.call(
        "GET",
        f"content/contentroutes/collections/?version=2.0.0&repository_version="
        f"{server.repository}versions/2/",
    ).json()["results"]
    answer = admin.call(
        "POST", f"{server.repository}modify/", remove_content_units=[unit["pulp_href"]]
    )
    assert answer.status_code == 202, answer.text

    def highest() -> str:
        collection = server.get("api/v3/collections/acme/tools/").json()
        return str(collection["highest_version"]["version"])

    wait_until(lambda: highest() == "1.9.1", what="the removal")
    seen.append(server.get("api/v3/collections/acme/tools/").json()["updated_at"])
    assert len(set(seen)) == len(seen)
    assert installed("acme.tools") == "1.9.1"


def test_pages_and_queries_do_not_grow_with_the_versions(pulp: Pulp, token: str) -> None:
    server = galaxy(pulp)
    counts = []
    for versions in (range(3), range(3, 8)):
        for number in versions:
            data, name = tarball(version=f"1.{number}.0")
            document = server.imported(server.publish(data, name, token), token)
            assert document["state"] == "completed", document
        counts.append(
            pulp.instance.shell(f"""
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
for path in ("", "versions/?limit=2", "versions/1.1.0/"):
    with CaptureQueriesContext(connection) as queries:
        url = {server.path!r} + "api/v3/collections/acme/tools/" + path
        assert Client(headers={{"host": "127.0.0.1"}}).get(url).status_code == 200, url
    print(len(queries))
""").split()
        )
    assert counts[0] == counts[1]
    assert max(map(int, counts[0])) <= 5, counts
    found, path = [], f"{server.path}api/v3/collections/acme/tools/versions/?limit=3"
    while path:
        page = server.get(path.removeprefix(server.path)).json()
        found += [row["version"] for row in page["data"]]
        path = page["links"]["next"]
    assert found == [f"1.{number}.0" for number in range(7, -1, -1)]


def test_every_collection_is_listed_by_its_highest_version(pulp: Pulp, token: str) -> None:
    server = galaxy(pulp)
    for name, version in (("tools", "1.0.0"), ("tools", "2.0.0-rc.1"), ("base", "1.10.0")):
        data, file = tarball(name=name, version=version)
        assert server.imported(server.publish(data, file, token), token)["state"] == "completed"
    pages = [server.get(f"api/v3/collections/?limit=1&offset={at}").json() for at in (0, 1, 2)]
    assert [page["meta"]["count"] for page in pages] == [2, 2, 2]
    rows = [row for page in pages for row in page["data"]]
    highest = [(row["name"], row["highest_version"]["version"]) for row in rows]
    assert highest == [("base", "1.10.0"), ("tools", "1.0.0")]


def test_discovery_needs_no_redirect_and_unknown_servers_are_said_so(
    pulp: Pulp, client: Client
) -> None:
    server = galaxy(pulp)
    for path in ("", "api", "api/"):
        answer = server.get(path)
        assert (answer.status_code, "v3" in answer.json()["available_versions"]) == (200, True)
    without_slash = requests.get(server.url[:-1], timeout=60, allow_redirects=False)
    assert without_slash.status_code == 200
    assert server.get("api/v1/roles/?owner__username=a&name=b").json()["results"] == []
    for path in ("no/such/collection/", "acme/tools/versions/", "acme/tools/versions/1.0.0/"):
        answer = server.get(f"api/v3/collections/{path}")
        assert (answer.status_code, bool(answer.json()["errors"])) == (404, True)
    # nginx would not let it through, and PostgreSQL refuses it.
    nul = request(pulp.instance.api_port, f"{server.path}api/v3/collections/acme/x/versions/%00/")
    assert (nul.status, "errors" in nul.text) == (404, True)
    for query in ("roles/?name=%00", "search/roles/?tags_autocomplete=%00"):
        assert server.get(f"api/v1/{query}").status_code == 404
    ended = client.run(
        *("collection", "install", "acme.tools", "-s", server.url.replace("/team/", "/none/"))
    )
    assert ended.returncode != 0
    assert "404" in ended.stderr or "There is no Galaxy distribution" in ended.stderr


def test_a_collection_is_made_through_the_rest_api(pulp: Pulp, folder: Path) -> None:
    server, admin = galaxy(pulp), Access(pulp)
    data, name = tarball(version="3.0.0-rc.1", namespace="rest")
    artifact = pulp.rest.artifact(data, folder)
    answer = admin.call(
        "POST",
        "content/contentroutes/collections/",
        artifact=artifact,
        repository=server.repository,
    )
    assert answer.status_code == 202, answer.text
    wait_until(
        lambda: server.get("api/v3/collections/rest/tools/").status_code == 200, what="content"
    )
    detail = server.get("api/v3/collections/rest/tools/versions/3.0.0-rc.1/").json()
    assert detail["artifact"]["filename"] == name


def test_only_repositories_of_collections_are_served(pulp: Pulp, folder: Path) -> None:
    """Who may see collections must not be able to serve everything else that Pulp has."""
    admin, name = Access(pulp), pulp.rest.name()
    other = pulp.rest.repository({"x": b"x"}, folder)
    for values in ({"repository": other}, {"repository_version": f"{other}versions/1/"}):
        answer = admin.call(
            "POST", "distributions/contentroutes/galaxy/", name=name, base_path=name, **values
        )
        assert (answer.status_code, list(answer.json())) == (400, list(values))
