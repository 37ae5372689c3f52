"""Copying, removing and deprecating collections; what ansible-galaxy is told follows at once."""

from pathlib import Path
from typing import Any

import pytest

from tests.pulp.access import USER_PASSWORD as PASSWORD
from tests.pulp.access import Access, basic
from tests.pulp.conftest import Pulp
from tests.pulp.galaxy import Galaxy, galaxy, manifest_of, tarball
from tests.unit.galaxy.keys import Key

COLLECTION = "api/v3/collections/acme/tools/"


@pytest.fixture
def token(pulp: Pulp) -> str:
    return str(Access(pulp).token(scope="publish")["token"])


def latest(admin: Access, server: Galaxy) -> str:
    return str(admin.call("GET", server.repository).json()["latest_version_href"])


def versions(server: Galaxy) -> list[str]:
    found = server.get(f"{COLLECTION}versions/").json()
    return [row["version"] for row in found.get("data", [])]


def test_a_collection_is_copied_with_what_is_said_of_it(pulp: Pulp, token: str) -> None:
    source, target, admin = galaxy(pulp), galaxy(pulp), Access(pulp)
    data, _ = tarball(version="1.0.0")
    signature = Key.make("release").signature_of(manifest_of(data))
    source.published(token, [signature], version="1.0.0")
    source.published(token, version="2.0.0")
    marked = admin.finished("POST", f"{source.repository}deprecate/", collections=["acme.tools"])
    assert marked["state"] == "completed", marked
    copied = admin.finished(
        "POST",
        f"{target.repository}copy/",
        source_version=latest(admin, source),
        collections=["acme.tools:1.0.0"],
    )
    assert copied["state"] == "completed", copied
    assert versions(target) == ["1.0.0"]
    assert target.get(COLLECTION).json()["deprecated"] is True
    detail = target.get(f"{COLLECTION}versions/1.0.0/").json()
    assert [each["signature"] for each in detail["signatures"]] == [signature]


def test_removing_leaves_nothing_that_was_said_of_a_collection(pulp: Pulp, token: str) -> None:
    server, admin = galaxy(pulp), Access(pulp)
    data, _ = tarball(version="1.0.0")
    signature = Key.make("release").signature_of(manifest_of(data))
    server.published(token, [signature], version="1.0.0")
    server.published(token, version="1.1.0")
    admin.finished("POST", f"{server.repository}deprecate/", collections=["acme.tools"])
    removed: Any = ["acme.tools:1.0.0"]
    admin.finished("POST", f"{server.repository}remove/", collections=removed)
    assert versions(server) == ["1.1.0"]
    assert server.get(COLLECTION).json()["deprecated"] is True
    admin.finished("POST", f"{server.repository}remove/", collections=["acme.tools"])
    assert server.get(COLLECTION).status_code == 404
    summary = admin.call("GET", latest(admin, server)).json()["content_summary"]["present"]
    assert summary == {}


def test_a_mark_is_taken_away_again(pulp: Pulp, token: str) -> None:
    server, admin = galaxy(pulp), Access(pulp)
    server.published(token)
    seen = []
    for deprecated in (True, False):
        values = {"collections": ["acme.tools"], "deprecated": deprecated}
        admin.finished("POST", f"{server.repository}deprecate/", **values)
        seen.append(server.get(COLLECTION).json()["deprecated"])
    assert seen == [True, False]


def test_what_is_not_there_is_said_and_nothing_changes(pulp: Pulp, token: str) -> None:
    server, admin = galaxy(pulp), Access(pulp)
    server.published(token)
    before = latest(admin, server)
    for action, values in (
        ("remove", {}),
        ("deprecate", {}),
        ("copy", {"source_version": before}),
    ):
        named = ["acme.tools", "acme.none"]
        url = f"{server.repository}{action}/"
        task = admin.finished("POST", url, collections=named, **values)
        assert task["state"] == "failed"
        assert "acme.none" in task["error"]["description"]
    assert latest(admin, server) == before
    refused = admin.call("POST", f"{server.repository}remove/", collections=["no name"])
    assert refused.status_code == 400


def test_nobody_copies_from_a_repository_that_he_may_not_see(pulp: Pulp, token: str) -> None:
    source, target, admin = galaxy(pulp), galaxy(pulp), Access(pulp)
    source.published(token)
    user = admin.user()["username"]
    role = "contentroutes.galaxyrepository_publisher"
    admin.role("add", target.repository, role, users=[user])
    somebody = Access(pulp, basic(user, PASSWORD))
    values = {"source_version": latest(admin, source), "collections": ["acme.tools"]}
    assert somebody.call("POST", f"{target.repository}copy/", **values).status_code in (400, 403)
    admin.role("add", source.repository, "contentroutes.galaxyrepository_viewer", users=[user])
    answer = somebody.call("POST", f"{target.repository}copy/", **values)
    assert answer.status_code == 202, answer.text
    assert admin.ended(answer.json()["task"])["state"] == "completed"


def test_other_bytes_of_a_version_come_in_by_no_way(pulp: Pulp, token: str) -> None:
    server, other, admin = galaxy(pulp), galaxy(pulp), Access(pulp)
    server.published(token)
    other.published(token, description="Other tools.")
    copied = admin.finished(
        "POST",
        f"{server.repository}copy/",
        source_version=latest(admin, other),
        collections=["acme.tools"],
    )
    assert copied["error"]["error_code"] == "already_exists", copied
    [unit] = admin.call(
        "GET", f"content/contentroutes/collections/?repository_version={latest(admin, other)}"
    ).json()["results"]
    admin.finished("POST", f"{server.repository}remove/", collections=["acme.tools"])
    modified = admin.finished(
        "POST", f"{server.repository}modify/", add_content_units=[unit["pulp_href"]]
    )
    assert "Publish a new version." in modified["error"]["description"]


def test_updated_at_changes_exactly_when_the_versions_that_are_served_do(
    pulp: Pulp, token: str
) -> None:
    """It is the only thing by which clients know that their list of versions is old."""
    server, admin = galaxy(pulp), Access(pulp)

    def updated() -> str:
        return str(server.get(COLLECTION).json()["updated_at"])

    server.published(token, version="1.0.0")
    first, old = updated(), latest(admin, server)
    server.published(token, name="other")
    admin.finished("POST", f"{server.repository}deprecate/", collections=["acme.tools"])
    assert updated() == first
    server.published(token, version="0.9.0")
    second = updated()
    assert second != first
    [distribution] = admin.call(
        "GET", f"distributions/contentroutes/galaxy/?base_path={server.base_path}"
    ).json()["results"]
    rolled_back = admin.call(
        "PATCH", distribution["pulp_href"], repository=None, repository_version=old
    )
    assert rolled_back.status_code == 202, rolled_back.text
    admin.ended(rolled_back.json()["task"])
    assert (updated(), versions(server)) == (first, ["1.0.0"])


def test_proxies_may_ask_whether_an_answer_has_changed(pulp: Pulp, token: str) -> None:
    server = galaxy(pulp)
    server.published(token, version="1.0.0")
    first = server.get(COLLECTION)
    assert first.headers["Cache-Control"] == "no-cache"
    tag = first.headers["ETag"]
    assert server.get(COLLECTION, if_none_match=tag).status_code == 304
    server.published(token, version="1.0.1")
    changed = server.get(COLLECTION, if_none_match=tag)
    assert (changed.status_code, changed.headers["ETag"] != tag) == (200, True)
    guarded = galaxy(pulp, content_guard=Access(pulp).guard("contentroutes/token"))
    answer = guarded.get("", token)
    assert answer.headers["Cache-Control"] == "no-cache, private"
    assert "Authorization" in answer.headers["Vary"]
    assert guarded.get("").headers["Cache-Control"] == "no-store"


def test_no_collection_is_copied_between_domains(pulp_with_domains: Pulp, folder: Path) -> None:
    target, admin = galaxy(pulp_with_domains), Access(pulp_with_domains)
    name = pulp_with_domains.rest.name()
    storage = {
        "storage_class": "pulpcore.app.models.storage.FileSystem",
        "storage_settings": {"location": str(folder)},
    }
    made = admin.call("POST", "domains/", name=name, **storage)
    assert made.status_code == 201, made.text
    elsewhere = f"/pulp/{name}/api/v3/repositories/contentroutes/galaxy/"
    other = admin.made(elsewhere, name=name)
    values = {"source_version": other["latest_version_href"], "collections": ["acme.tools"]}
    answer = admin.call("POST", f"{target.repository}copy/", **values)
    assert (answer.status_code, "domain" in answer.text) == (400, True)


def test_a_mark_is_for_whole_collections_and_a_misspelt_field_changes_nothing(
    pulp: Pulp, token: str
) -> None:
    server, admin = galaxy(pulp), Access(pulp)
    server.published(token)
    wrong: Any
    for wrong in (
        {"collections": ["acme.tools"], "deprecate": False},
        {"collections": ["acme.tools:1.2.3"]},
    ):
        assert admin.call("POST", f"{server.repository}deprecate/", **wrong).status_code == 400
    assert server.get(COLLECTION).json()["deprecated"] is False
