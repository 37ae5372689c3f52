"""Copying, removing and deprecating collections: ansible-galaxy sees each change at once."""

from typing import Any

from tests.harness.galaxy import Galaxy, create_galaxy, manifest_of, tarball
from tests.harness.rest import USER_PASSWORD, Rest, basic
from tests.unit.galaxy.keys import Key

COLLECTION = "api/v3/collections/acme/tools/"


def versions(server: Galaxy) -> list[str]:
    found = server.get(f"{COLLECTION}versions/").json()
    return [row["version"] for row in found.get("data", [])]


def add_signed(server: Galaxy, token: str) -> str:
    """Publish version 1.0.0 and return its signature."""
    data, _ = tarball(version="1.0.0")
    signature = Key.make("release").signature_of(manifest_of(data))
    server.add(token, [signature], version="1.0.0")
    return signature


def test_a_collection_is_copied_with_what_is_said_of_it(admin: Rest, token: str) -> None:
    source, target = create_galaxy(admin), create_galaxy(admin)
    signature = add_signed(source, token)
    source.add(token, version="2.0.0")
    marked = source.change("deprecate", "acme.tools")
    assert marked["state"] == "completed", marked
    copied = target.change("copy", "acme.tools:1.0.0", source_version=source.latest_version())
    assert copied["state"] == "completed", copied
    assert versions(target) == ["1.0.0"]
    assert target.get(COLLECTION).json()["deprecated"] is True
    detail = target.get(f"{COLLECTION}versions/1.0.0/").json()
    assert [each["signature"] for each in detail["signatures"]] == [signature]


def test_removing_leaves_nothing_that_was_said_of_a_collection(server: Galaxy, token: str) -> None:
    add_signed(server, token)
    server.add(token, version="1.1.0")
    server.change("deprecate", "acme.tools")
    server.change("remove", "acme.tools:1.0.0")
    assert versions(server) == ["1.1.0"]
    assert server.get(COLLECTION).json()["deprecated"] is True
    server.change("remove", "acme.tools")
    assert server.get(COLLECTION).status_code == 404
    summary = server.admin.call("GET", server.latest_version()).json()["content_summary"]
    assert summary["present"] == {}


def test_a_mark_is_taken_away_again(server: Galaxy, token: str) -> None:
    server.add(token)
    seen = []
    for deprecated in (True, False):
        server.change("deprecate", "acme.tools", deprecated=deprecated)
        seen.append(server.get(COLLECTION).json()["deprecated"])
    assert seen == [True, False]


def test_what_is_not_there_is_said_and_nothing_changes(server: Galaxy, token: str) -> None:
    server.add(token)
    before = server.latest_version()
    for action, values in (
        ("remove", {}),
        ("deprecate", {}),
        ("copy", {"source_version": before}),
    ):
        task = server.change(action, "acme.tools", "acme.none", **values)
        assert task["state"] == "failed"
        assert "acme.none" in task["error"]["description"]
    assert server.latest_version() == before
    refused = server.admin.call("POST", f"{server.repository}remove/", collections=["no name"])
    assert refused.status_code == 400


def test_nobody_copies_from_a_repository_that_he_may_not_see(admin: Rest, token: str) -> None:
    source, target = create_galaxy(admin), create_galaxy(admin)
    source.add(token)
    user = admin.user()["username"]
    admin.add_role(target.repository, "contentroutes.galaxyrepository_publisher", users=[user])
    somebody = admin.as_user(basic(user, USER_PASSWORD))
    values = {"source_version": source.latest_version(), "collections": ["acme.tools"]}
    assert somebody.call("POST", f"{target.repository}copy/", **values).status_code in (400, 403)
    admin.add_role(source.repository, "contentroutes.galaxyrepository_viewer", users=[user])
    answer = somebody.call("POST", f"{target.repository}copy/", **values)
    assert admin.wait_for_task(answer)["state"] == "completed"


def test_other_bytes_of_a_version_come_in_by_no_way(admin: Rest, token: str) -> None:
    server, other = create_galaxy(admin), create_galaxy(admin)
    server.add(token)
    other.add(token, description="Other tools.")
    source = other.latest_version()
    copied = server.change("copy", "acme.tools", source_version=source)
    assert copied["error"]["error_code"] == "already_exists", copied
    path = f"content/contentroutes/collections/?repository_version={source}"
    [unit] = admin.call("GET", path).json()["results"]
    server.change("remove", "acme.tools")
    modified = admin.run_task(
        "POST", f"{server.repository}modify/", add_content_units=[unit["pulp_href"]]
    )
    assert "Publish a new version." in modified["error"]["description"]


def test_updated_at_changes_exactly_when_the_versions_that_are_served_do(
    server: Galaxy, token: str
) -> None:
    """Clients have no other way to know that their list of versions is out of date."""

    def updated() -> str:
        return str(server.get(COLLECTION).json()["updated_at"])

    server.add(token, version="1.0.0")
    first = updated()
    server.add(token, name="other")
    server.change("deprecate", "acme.tools")
    assert updated() == first
    server.add(token, version="0.9.0")
    assert updated() != first
    server.serve(server.repository, 1)
    assert (updated(), versions(server)) == (first, ["1.0.0"])


def test_proxies_may_ask_whether_an_answer_has_changed(
    admin: Rest, server: Galaxy, token: str
) -> None:
    server.add(token, version="1.0.0")
    first = server.get(COLLECTION)
    assert first.headers["Cache-Control"] == "no-cache"
    tag = first.headers["ETag"]
    assert server.get(COLLECTION, if_none_match=tag).status_code == 304
    server.add(token, version="1.0.1")
    changed = server.get(COLLECTION, if_none_match=tag)
    assert (changed.status_code, changed.headers["ETag"] != tag) == (200, True)
    guarded = create_galaxy(admin, content_guard=admin.guard("contentroutes/token"))
    answer = guarded.get("", token)
    assert answer.headers["Cache-Control"] == "no-cache, private"
    assert "Authorization" in answer.headers["Vary"]
    assert guarded.get("").headers["Cache-Control"] == "no-store"


def test_a_mark_is_for_whole_collections_and_a_misspelt_field_changes_nothing(
    server: Galaxy, token: str
) -> None:
    server.add(token)
    wrong: Any
    for wrong in (
        {"collections": ["acme.tools"], "deprecate": False},
        {"collections": ["acme.tools:1.2.3"]},
    ):
        path = f"{server.repository}deprecate/"
        assert server.admin.call("POST", path, **wrong).status_code == 400
    assert server.get(COLLECTION).json()["deprecated"] is False
