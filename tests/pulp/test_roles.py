"""Roles: made through the REST API, found and installed by the real `ansible-galaxy`."""

from pathlib import Path

import requests

from tests.pulp.access import Access
from tests.pulp.conftest import Pulp
from tests.pulp.galaxy import Client, galaxy
from tests.pulp.roles import archive, role
from tests.unit.galaxy.archives import packed


def test_the_newest_version_is_installed_or_the_one_that_is_asked_for(
    pulp: Pulp, folder: Path
) -> None:
    server, client = galaxy(pulp), Client(folder)
    for version in ("1.0.0", "1.1.0"):
        task = role(server, archive(f"# {version}"), version=version)
        assert task["state"] == "completed", task
    for asked, version in (("acme.motd", "1.1.0"), ("acme.motd,1.0.0", "1.0.0")):
        ended = client.run("role", "install", asked, "-s", server.url, "-p", "roles", "--force")
        assert ended.returncode == 0, ended.stderr
        assert (folder / "roles/acme.motd/tasks/main.yml").read_text() == f"# {version}"
    found = client.run("role", "search", "message", "--galaxy-tags", "motd", "-s", server.url)
    assert "acme.motd" in found.stdout, found.stderr
    assert "Somebody" in client.run("role", "info", "acme.motd", "-s", server.url).stdout
    missing = client.run("role", "install", "acme.none", "-s", server.url, "-p", "roles")
    assert missing.returncode != 0


def test_a_guarded_role_is_downloaded_by_a_signed_url(pulp: Pulp, folder: Path) -> None:
    """The client sends its token with the look-up, and nothing with the download."""
    guard = Access(pulp).guard("contentroutes/token")
    server, client = galaxy(pulp, content_guard=guard), Client(folder)
    token = str(Access(pulp).token(scope="read")["token"])
    assert role(server, archive("# 1"), version="1.0.0")["state"] == "completed"
    install = ("role", "install", "acme.motd", "-s", server.url, "-p", "roles")
    assert client.run(*install).returncode != 0
    ended = client.run(*install, "--token", token)
    assert ended.returncode == 0, ended.stderr
    assert (folder / "roles/acme.motd/tasks/main.yml").read_text() == "# 1"
    [version] = server.get("api/v1/roles/acme.motd/versions/", token).json()["results"]
    signed = version["download_url"]
    assert requests.get(signed, timeout=60).status_code == 200
    assert requests.get(signed.partition("?")[0], timeout=60).status_code == 401
    for wrong in (signed[:-1], signed.replace("1.0.0", "1.0.1")):
        assert requests.get(wrong, timeout=60).status_code == 401
    assert server.get("api/v1/roles/").status_code == 401


def test_lists_of_roles_come_in_pages(pulp: Pulp) -> None:
    server = galaxy(pulp)
    for version in ("1.0", "1.1", "1.2"):
        assert role(server, archive(version), version=version)["state"] == "completed"
    found, path = [], "api/v1/roles/acme.motd/versions/?page_size=2"
    while path:
        page = server.get(path).json()
        assert page["count"] == 3
        found += [each["name"] for each in page["results"]]
        path = (page["next_link"] or "").removeprefix(server.path)
    assert found == ["1.2", "1.1", "1.0"]
    assert server.get("api/v1/roles/acme.none/versions/").status_code == 404
    for query, count in (("name=motd", 1), ("name=other", 0), ("owner__username=acme", 1)):
        assert server.get(f"api/v1/roles/?{query}").json()["count"] == count
    for query in ("autocomplete=mess%2Bmotd", "tags_autocomplete=motd", "username_autocomplete=ac"):
        assert server.get(f"api/v1/search/roles/?{query}").json()["count"] == 1
    assert server.get("api/v1/search/roles/?tags_autocomplete=none").json()["count"] == 0


def test_what_is_no_role_is_refused(pulp: Pulp) -> None:
    server = galaxy(pulp)
    assert set(role(server, archive(), version="1", name="a.b")) == {"name"}
    task = role(server, packed({"README.md": b"x"}).read(), version="1")
    assert task["state"] == "failed"
    assert "meta/main.yml" in str(task["error"])
