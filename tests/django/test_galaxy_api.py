"""The documents that `ansible-galaxy` requests, and the number of queries that they cost."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from pulp_contentroutes.paths import CONTENT_PREFIX
from tests.harness import in_pulp
from tests.harness.galaxy import Galaxy, create_galaxy
from tests.harness.rest import Rest, new_name

TOOLS = "api/v3/collections/acme/tools/"


def test_a_guarded_server_wants_a_token_for_every_request(admin: Rest, token: str) -> None:
    server = create_galaxy(admin, content_guard=admin.guard("contentroutes/token"))
    server.add(token)
    for path in ("", "api/", TOOLS, "api/v3/collections/no/such/"):
        answer = server.get(path)
        assert (answer.status_code, "WWW-Authenticate" in answer.headers) == (401, True)
        assert server.get(path, token).status_code == (404 if "such" in path else 200)


def test_pages_and_queries_do_not_grow_with_the_versions(server: Galaxy, token: str) -> None:
    counts = []
    for versions in (range(3), range(3, 8)):
        for number in versions:
            server.add(token, version=f"1.{number}.0")
        counts.append([count_queries(server, TOOLS + path) for path in PATHS_OF_A_COLLECTION])
    assert counts[0] == counts[1]
    assert max(counts[0]) <= 5, counts
    found, path = [], f"{server.path}{TOOLS}versions/?limit=3"
    while path:
        page = server.get(path).json()
        found += [row["version"] for row in page["data"]]
        path = page["links"]["next"]
    assert found == [f"1.{number}.0" for number in range(7, -1, -1)]


@pytest.mark.parametrize("origin", ["https://pulp.example.com", "https://pulp.example.com/"])
def test_tarballs_are_downloaded_from_the_content_origin(
    server: Galaxy, token: str, settings: Settings, origin: str
) -> None:
    """A slash at its end does not matter: Pulp removes it, too."""
    server.add(token)
    settings.CONTENT_ORIGIN = origin
    document = server.get(f"{TOOLS}versions/1.2.3/").json()
    path = f"{CONTENT_PREFIX}{server.base_path}/acme-tools-1.2.3.tar.gz"
    assert document["download_url"] == f"https://pulp.example.com{path}"


PATHS_OF_A_COLLECTION = ("", "versions/?limit=2", "versions/1.1.0/")


def count_queries(server: Galaxy, path: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert server.get(path).status_code == 200
    return len(queries)


def test_every_collection_is_listed_by_its_highest_version(server: Galaxy, token: str) -> None:
    for name, version in (("tools", "1.0.0"), ("tools", "2.0.0-rc.1"), ("base", "1.10.0")):
        server.add(token, name=name, version=version)
    pages = [server.get(f"api/v3/collections/?limit=1&offset={at}").json() for at in (0, 1, 2)]
    assert [page["meta"]["count"] for page in pages] == [2, 2, 2]
    rows = [row for page in pages for row in page["data"]]
    highest = [(row["name"], row["highest_version"]["version"]) for row in rows]
    assert highest == [("base", "1.10.0"), ("tools", "1.0.0")]


@pytest.mark.parametrize("path", ["", "api", "api/"])
def test_discovery_needs_no_redirect(server: Galaxy, path: str) -> None:
    answer = server.get(path)
    assert (answer.status_code, "v3" in answer.json()["available_versions"]) == (200, True)


def test_the_url_may_lack_its_last_slash(server: Galaxy) -> None:
    assert server.get(server.path.removesuffix("/")).status_code == 200


@pytest.mark.parametrize(
    "path", ["no/such/collection/", "acme/tools/versions/", "acme/tools/versions/1.0.0/"]
)
def test_an_unknown_path_has_a_document_of_errors(server: Galaxy, path: str) -> None:
    answer = server.get(f"api/v3/collections/{path}")
    assert (answer.status_code, bool(answer.json()["errors"])) == (404, True)


def test_an_unknown_server_is_said_to_be_one(admin: Rest, server: Galaxy) -> None:
    nowhere = Galaxy(admin, "no/where", "", "")
    for path in ("", "api/v1/roles/"):
        answer = nowhere.get(path)
        assert answer.status_code == 404
        assert "There is no Galaxy distribution" in answer.json()["default"]


@pytest.mark.parametrize(
    "path",
    [
        f"{TOOLS}versions/%00/",
        "api/v1/roles/?name=%00",
        "api/v1/search/roles/?tags_autocomplete=%00",
    ],
)
def test_a_nul_in_a_request_is_a_404(server: Galaxy, path: str) -> None:
    """PostgreSQL refuses NUL, which would cause a 500."""
    assert server.get(path).status_code == 404


def test_only_repositories_of_collections_are_served(admin: Rest) -> None:
    """Permission to see collections must not be permission to serve everything else in Pulp."""
    name, other = new_name(), in_pulp.create_repository({"x": b"x"})
    values: dict[str, Any]
    for values in ({"repository": other}, {"repository_version": f"{other}versions/1/"}):
        answer = admin.call(
            "POST", "distributions/contentroutes/galaxy/", name=name, base_path=name, **values
        )
        assert (answer.status_code, list(answer.json())) == (400, list(values))
