"""Roles: creation through the REST API, and the lists of the API that ansible-galaxy calls v1."""

from tests.harness.galaxy import Galaxy, create_galaxy, role_archive
from tests.harness.rest import Rest
from tests.unit.galaxy.archives import packed


def test_lists_of_roles_come_in_pages(server: Galaxy) -> None:
    for version in ("1.0", "1.1", "1.2"):
        assert server.add_role(role_archive(version), version=version)["state"] == "completed"
    found, path = [], f"{server.path}api/v1/roles/acme.motd/versions/?page_size=2"
    while path:
        page = server.get(path).json()
        assert page["count"] == 3
        found += [each["name"] for each in page["results"]]
        path = page["next_link"]
    assert found == ["1.2", "1.1", "1.0"]
    assert server.get("api/v1/roles/acme.none/versions/").status_code == 404


def test_roles_are_found_by_their_names_and_words(server: Galaxy) -> None:
    assert server.add_role(role_archive(), version="1.0")["state"] == "completed"
    for query, count in (("name=motd", 1), ("name=other", 0), ("owner__username=acme", 1)):
        assert server.get(f"api/v1/roles/?{query}").json()["count"] == count
    for query in ("autocomplete=mess%2Bmotd", "tags_autocomplete=motd", "username_autocomplete=ac"):
        assert server.get(f"api/v1/search/roles/?{query}").json()["count"] == 1
    assert server.get("api/v1/search/roles/?tags_autocomplete=none").json()["count"] == 0


def test_a_server_without_roles_has_an_empty_list_of_them(server: Galaxy) -> None:
    assert server.get("api/v1/roles/?owner__username=a&name=b").json()["results"] == []


def test_a_guarded_list_of_roles_wants_a_token(admin: Rest) -> None:
    server = create_galaxy(admin, content_guard=admin.guard("contentroutes/token"))
    assert server.get("api/v1/roles/").status_code == 401


def test_what_is_no_role_is_refused(server: Galaxy) -> None:
    assert set(server.add_role(role_archive(), version="1", name="a.b")) == {"name"}
    task = server.add_role(packed({"README.md": b"x"}).read(), version="1")
    assert task["state"] == "failed"
    assert task["error"]["description"] == "The archive has no meta/main.yml: it holds no role."


def test_a_role_is_found_in_any_case_unless_one_is_called_so(server: Galaxy) -> None:
    """`galaxy.ansible.com` does the same, and requirements are written by hand."""
    for name in ("motd", "Motd", "mail"):
        assert server.add_role(role_archive(name), name=name, version="1")["state"] == "completed"

    def found(owner: str, name: str) -> list[str]:
        document = server.get(f"api/v1/roles/?owner__username={owner}&name={name}").json()
        assert document["count"] == len(document["results"])
        return [each["id"] for each in document["results"]]

    assert found("acme", "motd") == ["acme.motd"]
    assert found("acme", "Motd") == ["acme.Motd"]
    assert found("ACME", "Mail") == ["acme.mail"]
    assert sorted(found("Acme", "MOTD")) == ["acme.Motd", "acme.motd"]
    assert found("acme", "m_il") == []
