"""Many collections in one request: each is imported by itself, with progress and refusals."""

import random

import pytest
from pulpcore.plugin.models import PulpTemporaryFile, RepositoryVersion, Task

from pulp_contentroutes.app.galaxy.errors import Refused
from pulp_contentroutes.app.models import CollectionVersion, GalaxyRepository
from tests.harness.galaxy import Galaxy, create_galaxy, tarball
from tests.harness.rest import USER_PASSWORD, Rest, basic
from tests.unit.galaxy.archives import FILES

IMPORTS = "api/v3/imports/collections/"


def upload(rest: Rest, server: Galaxy, *files: tuple[str, bytes]) -> str:
    """Publish files in one request; return the path of their task group."""
    answer = rest.upload(server.path + IMPORTS, [("file", file) for file in files])
    assert answer.status_code == 202, answer.text
    rest.run_tasks()
    return str(answer.json()["task_group"])


def named(version: str) -> tuple[str, bytes]:
    data, name = tarball(version=version)
    return name, data


def test_the_group_tells_how_far_it_is_and_what_was_refused(
    admin: Rest, server: Galaxy, token: str
) -> None:
    name, good = named("1.0.0")
    publisher = admin.as_user(f"Token {token}")
    path = upload(publisher, server, (name, good), ("acme-tools-9.9.9.tar.gz", good))
    document = server.get(path, token).json()
    assert (document["total"], document["completed"], document["failed"]) == (2, 1, 1)
    refused = next(each for each in document["imports"] if each["state"] == "failed")
    assert refused["file"] == "acme-tools-9.9.9.tar.gz"
    group = admin.call("GET", f"task-groups/{path.split('/')[-2]}/").json()
    reports = {report["code"]: report for report in group["group_progress_reports"]}
    progress = reports["contentroutes.imports"]
    assert (progress["done"], progress["total"]) == (2, 2)
    message = reports["contentroutes.refused:acme-tools-9.9.9.tar.gz"]["message"]
    assert "acme-tools-9.9.9.tar.gz: The file is called" in message


def versions_of(admin: Rest, server: Galaxy) -> int:
    """Return how many versions a repository has."""
    return int(admin.call("GET", f"{server.repository}versions/").json()["count"])


def test_small_ones_are_imported_together_and_large_ones_by_tasks_of_their_own(
    admin: Rest, server: Galaxy, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker needs half a second for each task, and Pulp the same for each repository version."""
    large, name = tarball({**FILES, "a": random.Random(1).randbytes(3000)}, version="2.0.0")
    monkeypatch.setattr("pulp_contentroutes.app.galaxy.api.uploads.SMALL_UPLOAD", 3000)
    publisher = admin.as_user(f"Token {token}")
    path = upload(publisher, server, named("1.0.0"), (name, large), named("3.0.0"))
    document = server.get(path, token).json()
    assert [each["state"] for each in document["imports"]] == ["completed"] * 3
    assert [each["file"][11:-7] for each in document["imports"]] == ["1.0.0", "2.0.0", "3.0.0"]
    one, own, three = (each["task"] for each in document["imports"])
    assert (one, server.get(own, token).json()["state"], three) == (None, "completed", None)
    assert versions_of(admin, server) == 3
    group = admin.call("GET", f"task-groups/{path.split('/')[-2]}/").json()
    assert (group["completed"], group["failed"]) == (2, 0)
    [progress] = group["group_progress_reports"]
    assert (progress["done"], progress["total"]) == (3, 3)


def test_one_that_is_refused_late_does_not_take_the_others_with_it(
    admin: Rest, server: Galaxy, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In that case each collection gets a repository version of its own."""
    publisher = admin.as_user(f"Token {token}")
    refusing = GalaxyRepository.finalize_new_version

    def finalize(repository: GalaxyRepository, version: RepositoryVersion) -> None:
        units = CollectionVersion.objects.filter(pk__in=version.added())
        if units.filter(version="2.0.0").exists():
            raise Refused("already_exists", "It came meanwhile.")
        refusing(repository, version)

    monkeypatch.setattr(GalaxyRepository, "finalize_new_version", finalize)
    path = upload(publisher, server, named("1.0.0"), named("2.0.0"), named("3.0.0"))
    document = server.get(path, token).json()
    states = [each["state"] for each in document["imports"]]
    assert states == ["completed", "failed", "completed"]
    assert document["imports"][1]["error"]["description"] == "It came meanwhile."
    found = server.get("api/v3/collections/acme/tools/versions/").json()["data"]
    assert [each["version"] for each in found] == ["3.0.0", "1.0.0"]
    assert PulpTemporaryFile.objects.count() == 0


def test_a_fault_leaves_no_upload_behind(
    admin: Rest, server: Galaxy, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(repository: GalaxyRepository, version: RepositoryVersion) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(GalaxyRepository, "finalize_new_version", fail)
    publisher = admin.as_user(f"Token {token}")
    path = upload(publisher, server, named("1.0.0"), named("2.0.0"))
    assert PulpTemporaryFile.objects.count() == 0
    document = server.get(path, token).json()
    assert [each["state"] for each in document["imports"]] == ["failed", "failed"]


def test_the_first_of_two_files_of_a_name_is_imported(
    admin: Rest, server: Galaxy, token: str
) -> None:
    publisher = admin.as_user(f"Token {token}")
    path = upload(publisher, server, named("1.0.0"), named("1.0.0"))
    document = server.get(path, token).json()
    assert [each["state"] for each in document["imports"]] == ["completed", "failed"]
    assert document["imports"][1]["error"]["description"] == (
        "This file name occurs twice in the request."
    )


def test_a_call_that_is_cancelled_says_what_is_live(
    admin: Rest, server: Galaxy, token: str
) -> None:
    publisher = admin.as_user(f"Token {token}")
    upload(publisher, server, named("1.0.0"))
    answer = publisher.upload(
        server.path + IMPORTS, [("file", named("1.0.0")), ("file", named("2.0.0"))]
    )
    path = str(answer.json()["task_group"])
    states = [each["state"] for each in server.get(path, token).json()["imports"]]
    assert states == ["completed", "waiting"]
    Task.objects.filter(task_group=path.split("/")[-2]).update(state="canceled")
    states = [each["state"] for each in server.get(path, token).json()["imports"]]
    assert states == ["completed", "failed"]


def test_a_group_is_of_its_repository(admin: Rest, server: Galaxy, token: str) -> None:
    path = upload(admin.as_user(f"Token {token}"), server, named("1.0.0"))
    other = create_galaxy(admin)
    assert server.get(path, token).status_code == 200
    assert other.get(path.replace(server.path, other.path), token).status_code == 404


def test_who_has_published_sees_the_group_in_pulp(admin: Rest, server: Galaxy) -> None:
    user = admin.user()["username"]
    admin.add_role(server.repository, "contentroutes.galaxyrepository_publisher", users=[user])
    publisher = admin.as_user(basic(user, USER_PASSWORD))
    path = upload(publisher, server, named("1.0.0"), named("1.1.0"))
    assert publisher.call("GET", f"task-groups/{path.split('/')[-2]}/").json()["completed"] == 1
    assert publisher.call("GET", path).json()["completed"] == 2


def test_a_signature_belongs_to_a_collection_in_the_call(
    admin: Rest, server: Galaxy, token: str
) -> None:
    files = [("file", named("1.2.3")), ("file", ("acme-none-1.0.0.tar.gz.asc", b"x"))]
    answer = admin.as_user(f"Token {token}").upload(server.path + IMPORTS, files)
    assert (answer.status_code, "acme-none-1.0.0.tar.gz.asc" in answer.text) == (400, True)
