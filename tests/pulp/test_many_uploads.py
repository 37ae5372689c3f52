"""Many collections in one call: each by itself, with progress, and named if it is refused."""

import os
import subprocess
from pathlib import Path

import pytest
import requests

from tests.pulp.access import USER_PASSWORD, Access, basic
from tests.pulp.conftest import Pulp
from tests.pulp.galaxy import Galaxy, galaxy, manifest_of, tarball
from tests.pulp.standalone import PROGRAM, wait_until
from tests.unit.galaxy.keys import Key


@pytest.fixture
def token(pulp: Pulp) -> str:
    return str(Access(pulp).token(scope="publish")["token"])


def written(folder: Path, *versions: str) -> Path:
    """Return a folder with a signed collection of each version."""
    key = Key.make("release")
    for version in versions:
        data, name = tarball(version=version)
        (folder / name).write_bytes(data)
        (folder / f"{name}.asc").write_text(key.signature_of(manifest_of(data)))
    return folder


def upload(server: Galaxy, token: str, *paths: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM, "galaxy-upload", server.url, *map(str, paths)],
        env={"PATH": os.environ["PATH"], "CONTENTROUTES_TOKEN": token},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_folder_is_published_and_a_bad_file_is_named(
    pulp: Pulp, token: str, folder: Path
) -> None:
    server = galaxy(pulp)
    written(folder, "1.0.0", "1.1.0")
    bad = folder / "acme-bad-1.0.0.tar.gz"
    bad.write_bytes(tarball()[0])
    ended = upload(server, token, folder)
    assert ended.returncode == 1
    assert "2 published, 1 refused." in ended.stdout
    assert "acme-bad-1.0.0.tar.gz: " in ended.stderr
    for version in ("1.0.0", "1.1.0"):
        detail = server.get(f"api/v3/collections/acme/tools/versions/{version}/").json()
        assert len(detail["signatures"]) == 1
    bad.unlink()
    again = upload(server, token, folder)
    assert (again.returncode, "2 published, 0 refused." in again.stdout) == (0, True)


def test_the_group_tells_how_far_it_is_and_what_was_refused(pulp: Pulp, token: str) -> None:
    server, admin = galaxy(pulp), Access(pulp)
    good, name = tarball(version="1.0.0")
    answer = requests.post(
        f"{server.url}api/v3/imports/collections/",
        files=[("file", (name, good)), ("file", ("acme-tools-9.9.9.tar.gz", good))],
        headers={"Authorization": f"Token {token}"},
        timeout=60,
    )
    assert answer.status_code == 202, answer.text
    path = answer.json()["task_group"].removeprefix(server.path)
    wait_until(lambda: server.get(path, token).json()["waiting"] == 0, what=path)
    document = server.get(path, token).json()
    assert (document["total"], document["completed"], document["failed"]) == (2, 1, 1)
    refused = next(each for each in document["imports"] if each["state"] == "failed")
    assert refused["file"] == "acme-tools-9.9.9.tar.gz"
    group = admin.call("GET", f"task-groups/{path.split('/')[-2]}/").json()
    reports = {report["code"]: report for report in group["group_progress_reports"]}
    progress = reports["contentroutes.imports"]
    assert (progress["done"], progress["total"]) == (2, 2)
    named = reports["contentroutes.refused:acme-tools-9.9.9.tar.gz"]
    assert "acme-tools-9.9.9.tar.gz: The file is called" in named["message"]


def test_what_cannot_be_taken_is_said_in_a_sentence(pulp: Pulp, token: str, folder: Path) -> None:
    server = galaxy(pulp)
    written(folder, "1.0.0")
    unknown = upload(server, "pcr_" + "a" * 43, folder)
    assert (unknown.returncode, "401" in unknown.stderr) == (1, True)
    nowhere = Galaxy(pulp, "nothing/here", "")
    assert "404" in upload(nowhere, token, folder).stderr
    empty = folder / "empty"
    empty.mkdir()
    assert "There is no *.tar.gz in" in upload(server, token, empty).stderr


def test_what_is_wrong_at_first_sight_does_not_stop_the_others(
    pulp: Pulp, token: str, folder: Path
) -> None:
    server = galaxy(pulp)
    written(folder, "1.0.0", "1.1.0")
    (folder / "other.tar.gz").write_bytes(b"x")
    (folder / "acme-plain-1.0.0.tar.gz").write_bytes(b"no gzip")
    (folder / "acme-tools-1.1.0.tar.gz.asc").write_text("no signature")
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "acme-tools-1.0.0.tar.gz").write_bytes(tarball()[0])
    ended = upload(server, token, folder, elsewhere)
    assert (ended.returncode, "1 published, 4 refused." in ended.stdout) == (1, True), ended
    for sentence in (
        "other.tar.gz: The file 'other.tar.gz' is not called namespace-name-version.tar.gz.",
        "acme-plain-1.0.0.tar.gz: The file is not compressed with gzip.",
        "acme-tools-1.1.0.tar.gz: This is no detached OpenPGP signature in ASCII armor.",
        "acme-tools-1.0.0.tar.gz: It is twice in the call.",
    ):
        assert sentence in ended.stderr


def test_who_has_published_sees_the_group_in_pulp(pulp: Pulp) -> None:
    admin, server = Access(pulp), galaxy(pulp)
    user = admin.user()["username"]
    role = "contentroutes.galaxyrepository_publisher"
    admin.role("add", server.repository, role, users=[user])
    publisher = Access(pulp, basic(user, USER_PASSWORD))
    files = [("file", (name, data)) for data, name in map(versioned, ("1.0.0", "1.1.0"))]
    answer = requests.post(
        f"{server.url}api/v3/imports/collections/",
        files=files,
        headers={"Authorization": publisher.authorization},
        timeout=60,
    )
    assert answer.status_code == 202, answer.text
    path = answer.json()["task_group"]
    wait_until(lambda: publisher.call("GET", path).json()["waiting"] == 0, what=path)
    assert publisher.call("GET", f"task-groups/{path.split('/')[-2]}/").json()["completed"] == 3
    assert publisher.call("GET", path).json()["completed"] == 2


def versioned(version: str) -> tuple[bytes, str]:
    return tarball(version=version)


def test_a_signature_belongs_to_a_collection_in_the_call(pulp: Pulp, token: str) -> None:
    server = galaxy(pulp)
    data, name = tarball()
    answer = requests.post(
        f"{server.url}api/v3/imports/collections/",
        files=[("file", (name, data)), ("file", ("acme-none-1.0.0.tar.gz.asc", b"x"))],
        headers={"Authorization": f"Token {token}"},
        timeout=60,
    )
    assert (answer.status_code, "acme-none-1.0.0.tar.gz.asc" in answer.text) == (400, True)


def test_a_body_that_is_too_large_is_not_read(pulp: Pulp, token: str) -> None:
    """413 before the body: the server would wait for it otherwise."""
    server = galaxy(pulp)
    with requests.Session() as session:
        request = session.prepare_request(
            requests.Request(
                "POST",
                f"http://127.0.0.1:{pulp.instance.api_port}{server.path}api/v3/artifacts/collections/",
                headers={"Authorization": f"Token {token}", "Content-Type": "multipart/form-data"},
                data=b"",
            )
        )
        request.headers["Content-Length"] = str(1024**4)
        answer = session.send(request, timeout=60)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (413, "too_large")
    assert "CONTENTROUTES_COLLECTION_MAX_BYTES" in answer.text
