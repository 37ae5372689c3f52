"""Rules for each release of `ansible-galaxy`, checked on the recording of one story with it."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.clients.environments import RELEASES, program
from tests.clients.recorder import Exchange, run_recorder
from tests.clients.story import (
    BACK_PORT,
    BASE_VERSIONS,
    CHANGED_FILE,
    NEEDS,
    PRE_RELEASE,
    PUBLISHED,
    ROLE_TEXT,
    ROLE_VERSIONS,
    Step,
    Stock,
    Story,
    create_stock,
    tell_story,
)
from tests.harness.ansible_galaxy import Client
from tests.harness.galaxy import COLLECTIONS, tarball
from tests.harness.pulp import Pulp

TOOLS, BASE = f"acme-tools-{PUBLISHED}.tar.gz", f"acme-base-{BASE_VERSIONS[0]}.tar.gz"


@pytest.fixture(scope="module")
def publisher(pulp: Pulp) -> str:
    """A token that may read and publish."""
    return str(pulp.rest.token(scope="publish")["token"])


@pytest.fixture(scope="module")
def stock(pulp: Pulp, publisher: str) -> Stock:
    return create_stock(pulp, publisher)


@pytest.fixture(scope="module", params=RELEASES)
def story(
    request: pytest.FixtureRequest,
    pulp: Pulp,
    stock: Stock,
    publisher: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Story]:
    home = tmp_path_factory.mktemp("home")
    with run_recorder() as recorder:
        client = Client(home, program(request.param), {"http_proxy": recorder.url})
        yield tell_story(pulp, stock, publisher, client, recorder, request.param)


def find(exchanges: list[Exchange], end: str) -> Exchange:
    """Return the only exchange whose path ends with `end`."""
    [found] = [each for each in exchanges if each.path.endswith(end)]
    return found


def all_exchanges(story: Story) -> list[Exchange]:
    return [exchange for step in story.steps.values() for exchange in step.exchanges]


def of_api(story: Story) -> list[Exchange]:
    return [each for each in all_exchanges(story) if each.path.startswith(story.server.path)]


def listed_versions(step: Step, name: str) -> set[str]:
    """Return the versions of a collection of acme on all pages that were fetched."""
    pages = [json.loads(each.body) for each in step.exchanges if f"/{name}/versions/?" in each.path]
    return {row["version"] for page in pages for row in page["data"]}


# Every command.


@pytest.mark.parametrize("name", ["build", "publish", "install", "download", "role"])
def test_a_command_succeeds(story: Story, name: str) -> None:
    ended = getattr(story, name).ended
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_client_is_of_the_release_that_is_tested(story: Story) -> None:
    for exchange in all_exchanges(story):
        assert exchange.headers["User-Agent"].startswith(f"ansible-galaxy/{story.release}.")


def test_every_request_is_answered_by_the_first_url(story: Story) -> None:
    """A redirect would cost one more request, and that of a tarball would lose the credentials."""
    assert {each.status for each in all_exchanges(story)} == {200, 202}
    assert {each.status for each in all_exchanges(story) if each.method == "GET"} == {200}


def test_every_request_but_a_roles_download_carries_the_token(story: Story) -> None:
    *others, last = all_exchanges(story)
    assert {each.headers["Authorization"] for each in others} == {f"Token {story.token}"}
    assert last.path.partition("?")[0].endswith("/roles/acme/motd/1.0.0.tar.gz")
    assert last.headers["Authorization"] is None


def test_the_token_is_not_printed(story: Story) -> None:
    assert not any(story.token in step.output for step in story.steps.values())


def test_answers_of_a_guarded_api_are_for_their_client_alone(story: Story) -> None:
    """A cache on the way must not give them to other clients, nor to any without asking again."""
    reading = [each for each in of_api(story) if "/imports/" not in each.path]
    for exchange in reading:
        if exchange.method == "GET":
            assert exchange.answer_headers["Cache-Control"] == "no-cache, private"
            assert exchange.answer_headers["ETag"]


def test_nothing_arrives_encoded(story: Story) -> None:
    """Or clients would consider the tarball damaged."""
    for exchange in all_exchanges(story):
        assert exchange.answer_headers["Content-Encoding"] is None
        assert int(exchange.answer_headers["Content-Length"]) == len(exchange.body)


# Publishing.


def test_a_publish_is_an_upload_and_one_poll(story: Story) -> None:
    """One more poll would cost the publisher two seconds."""
    [root, upload, poll] = story.publish.exchanges
    assert (root.method, root.path) == ("GET", story.server.path)
    assert (upload.method, upload.path) == ("POST", story.server.path + COLLECTIONS)
    assert (poll.method, poll.path) == ("GET", json.loads(upload.body)["task"])
    document = json.loads(poll.body)
    assert (document["state"], bool(document["finished_at"])) == ("completed", True)
    assert "successfully published and imported" in story.publish.output


def test_an_upload_is_encoded_in_base64_and_tells_its_digest(story: Story) -> None:
    """So the server must expect base64, and admit a third more bytes than the tarball has."""
    [_, upload, _] = story.publish.exchanges
    built = (story.home / TOOLS).read_bytes()
    assert b"Content-Transfer-Encoding: base64" in upload.sent
    assert hashlib.sha256(built).hexdigest().encode() in upload.sent
    assert len(upload.sent) > len(built) * 4 / 3


def test_installers_get_the_bytes_that_were_built(story: Story) -> None:
    built = (story.home / TOOLS).read_bytes()
    detail = json.loads(find(story.install.exchanges, f"versions/{PUBLISHED}/").body)
    assert detail["artifact"]["sha256"] == hashlib.sha256(built).hexdigest()
    assert find(story.install.exchanges, TOOLS).body == built


# Installing.


def test_a_cold_install_asks_for_nothing_twice(story: Story) -> None:
    """One request for the root; then for each collection, each page of it, a version, a tarball."""
    tools, base = f"{story.collections}acme/tools/", f"{story.collections}acme/base/"
    *lookups, first_tarball, second_tarball = story.install.requests
    assert lookups == [
        story.server.path,
        tools,
        f"{tools}versions/?limit=100",
        f"{tools}versions/{PUBLISHED}/",
        base,
        f"{base}versions/?limit=100",
        f"{base}versions/?limit=100&offset=100",
        f"{base}versions/?limit=100&offset=200",
        f"{base}versions/{BASE_VERSIONS[0]}/",
    ]
    assert [path.rpartition("/")[2] for path in (first_tarball, second_tarball)] == [TOOLS, BASE]


def test_all_of_250_versions_are_seen(story: Story) -> None:
    assert listed_versions(story.install, "base") == set(BASE_VERSIONS)


def test_a_dependency_is_installed_too(story: Story) -> None:
    """It is installed in the only version that fits, which is the last one on the last page."""
    client = Client(story.home)
    assert client.version_of("acme", "base") == BASE_VERSIONS[0]


def test_a_pre_release_is_hidden(story: Story) -> None:
    assert PRE_RELEASE in listed_versions(story.install, "tools")
    assert Client(story.home).version_of("acme", "tools") == PUBLISHED


def test_tarballs_are_fetched_from_the_urls_of_their_documents(story: Story) -> None:
    """The last part of a URL becomes the name of a file, so nothing may follow it."""
    for name, version in (("tools", PUBLISHED), ("base", BASE_VERSIONS[0])):
        path = f"{story.collections}acme/{name}/versions/{version}/"
        detail: dict[str, Any] = json.loads(find(story.install.exchanges, path).body)
        fetched = find(story.install.exchanges, f"acme-{name}-{version}.tar.gz")
        assert detail["download_url"] == fetched.url
        assert hashlib.sha256(fetched.body).hexdigest() == detail["artifact"]["sha256"]


def test_without_a_key_ring_signatures_are_kept_and_not_looked_at(
    story: Story, stock: Stock
) -> None:
    """The signature of acme.base is one of something else."""
    installed = story.home / "got/ansible_collections"
    kept = yaml.safe_load((installed / "acme.base-1.0.0.info/GALAXY.yml").read_text())
    assert [row["signature"].strip() for row in kept["signatures"]] == [stock.signature.strip()]


# Downloading, with the data that the client remembers from the install.


def test_downloads_have_the_names_and_bytes_that_were_published(story: Story, stock: Stock) -> None:
    folder = story.home / "to"
    data, name = tarball(version=BACK_PORT, dependencies=NEEDS)
    expected = {name: data, BASE: stock.base}
    assert {path.name for path in folder.iterdir()} == {*expected, "requirements.yml"}
    assert {name: (folder / name).read_bytes() for name in expected} == expected
    written = yaml.safe_load((folder / "requirements.yml").read_text())
    assert {row["name"] for row in written["collections"]} == set(expected)


def test_a_back_port_is_found_by_a_client_that_remembers_the_versions(story: Story) -> None:
    """Without a new `updated_at`, the version would be missing for a day."""
    tools = f"{story.collections}acme/tools/"
    assert story.download.requests[:3] == [
        tools,
        f"{tools}versions/?limit=100",
        f"{tools}versions/{BACK_PORT}/",
    ]
    assert BACK_PORT in listed_versions(story.download, "tools")


def test_a_collection_that_did_not_change_is_not_listed_again(story: Story) -> None:
    base = f"{story.collections}acme/base/"
    assert [path for path in story.download.requests if path.startswith(base)] == [base]


# Verifying.


def test_an_installed_collection_is_verified_until_it_is_changed(story: Story) -> None:
    ended = story.verify.ended
    intact, changed = ended.stdout.split("Verifying 'acme.base:1.0.0'")
    assert "match the remote collection" in intact
    assert "contains modified content" in changed
    assert CHANGED_FILE in changed
    assert ended.returncode == 1


def test_verifying_asks_for_the_version_and_its_tarball_alone(story: Story) -> None:
    asked = {path.rpartition("/acme")[2] for path in story.verify.requests[1:]}
    assert asked == {
        f"/tools/versions/{PUBLISHED}/",
        TOOLS.removeprefix("acme"),
        f"/base/versions/{BASE_VERSIONS[0]}/",
        BASE.removeprefix("acme"),
    }


# Roles.


def test_the_oldest_of_60_versions_of_a_role_is_found(story: Story) -> None:
    *lookups, archive = story.role.requests
    assert lookups == [
        story.server.path,
        f"{story.roles}?owner__username=acme&name=motd",
        f"{story.roles}acme.motd/versions/?page_size=50",
        f"{story.roles}acme.motd/versions/?page_size=50&page=2",
    ]
    last_page = json.loads(story.role.exchanges[3].body)["results"]
    urls = {row["name"]: row["download_url"] for row in last_page}
    assert urls[ROLE_VERSIONS[0]].endswith(archive)


def test_a_guarded_role_is_installed_by_its_signed_url(story: Story) -> None:
    assert "&signature=" in story.role.requests[-1]
    assert (story.home / "roles/acme.motd/tasks/main.yml").read_text() == ROLE_TEXT
