"""Answers to publishers, and the cleanup after a failed publish."""

import base64
import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from pulpcore.plugin.models import PulpTemporaryFile, Task
from pytest_django import DjangoCaptureOnCommitCallbacks

from pulp_contentroutes.galaxy.limits import SMALL
from tests.harness.galaxy import COLLECTIONS, Galaxy, tarball
from tests.harness.rest import Rest

DETAIL = "api/v3/collections/acme/tools/versions/1.2.3/"
DATA, NAME = tarball()


def test_reading_and_publishing_are_separate(admin: Rest, server: Galaxy) -> None:
    user = admin.user()["username"]
    others = str(admin.token(user, scope="publish")["token"])
    reader = str(admin.token(scope="read")["token"])
    expected = {"": 401, "pcr_" + "a" * 43: 401, others: 403, reader: 401}
    for secret, status in expected.items():
        answer = server.publish(DATA, NAME, secret)
        assert answer.status_code == status
        assert answer.json()["errors"][0]["detail"]
    role = "contentroutes.galaxyrepository_publisher"
    admin.add_role(server.repository, role, users=[user])
    document = server.wait_for_import(server.publish(DATA, NAME, others), others)
    assert document["state"] == "completed"
    assert server.get("api/v3/collections/acme/tools/", reader).status_code == 200


def test_a_small_collection_is_imported_at_the_first_poll(server: Galaxy, token: str) -> None:
    response = server.publish(DATA, NAME, token, sha256=hashlib.sha256(DATA).hexdigest())
    task = response.json()["task"]
    assert task.startswith(f"{server.path}api/v3/imports/collections/")
    document = server.get(task, token).json()
    assert (document["state"], bool(document["finished_at"])) == ("completed", True)
    assert (document["messages"], document["error"]) == ([], None)


def test_the_same_bytes_again_are_a_success_and_others_are_refused(
    server: Galaxy, token: str
) -> None:
    for _ in range(2):
        server.add(token)
    other, _ = tarball(description="Other tools.")
    refused = server.publish(other, NAME, token)
    assert refused.status_code == 409
    [error] = refused.json()["errors"]
    assert error["code"] == "already_exists"
    assert "Publish a new version." in error["detail"]
    detail = server.get(DETAIL).json()
    assert detail["artifact"]["sha256"] == hashlib.sha256(DATA).hexdigest()


@pytest.mark.parametrize(
    ("data", "name", "fields", "sentence"),
    [
        (b"no gzip", NAME, {}, "gzip"),
        (DATA, "tools.tar.gz", {}, "namespace-name-version"),
        (
            DATA,
            "CumulusNetworks-tools-1.0.0.tar.gz",
            {},
            "namespace 'CumulusNetworks', which has cap",
        ),
        (DATA, "acme-import-1.0.0.tar.gz", {}, "name 'import', which is a keyword of Python"),
        (DATA, NAME, {"sha256": "0" * 64}, "SHA-256"),
    ],
    ids=["no gzip", "name", "capital letters", "keyword", "digest"],
)
def test_what_is_wrong_at_first_sight_is_answered_at_once(
    server: Galaxy, token: str, data: bytes, name: str, fields: dict[str, str], sentence: str
) -> None:
    answer = server.publish(data, name, token, **fields)
    assert (answer.status_code, sentence in answer.json()["errors"][0]["detail"]) == (400, True)


@pytest.mark.parametrize(
    ("digest", "status"), [(hashlib.sha256(DATA).hexdigest(), 202), ("0" * 64, 400)],
    ids=["its digest", "another digest"],
)  # fmt: skip
def test_a_body_as_clients_send_it_is_checked_against_its_digest(
    server: Galaxy, token: str, digest: str, status: int
) -> None:
    """ansible-galaxy sends the tarball in base64, in lines of 76 characters."""
    encoded = base64.encodebytes(DATA).replace(b"\n", b"\r\n")
    file = (
        f'--limit\r\nContent-Disposition: form-data; name="file"; filename="{NAME}"\r\n'
        "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    )
    field = f'--limit\r\nContent-Disposition: form-data; name="sha256"\r\n\r\n{digest}\r\n'
    answer = server.admin.session.post(
        server.url + COLLECTIONS,
        data=file.encode() + encoded + field.encode() + b"--limit--\r\n",
        headers={
            "Authorization": f"Token {token}",
            "Content-Type": "multipart/form-data; boundary=limit",
        },
    )
    assert answer.status_code == status, answer.text
    assert (server.get(DETAIL).status_code == 200) == (status == 202)
    if status == 400:
        assert "SHA-256" in answer.json()["errors"][0]["detail"]


def temporary_files() -> tuple[int, list[Path]]:
    """Return the number of uploads in the database, and the files on disk, that wait for tasks."""
    files = [path for path in Path(settings.MEDIA_ROOT).glob("**/tmp/**/*") if path.is_file()]
    return PulpTemporaryFile.objects.count(), files


@pytest.mark.parametrize(
    ("data", "name", "code"),
    [
        (b"\x1f\x8b broken", NAME, "unreadable_archive"),
        (DATA, "acme-other-1.2.3.tar.gz", "invalid_filename"),
        (tarball(authors=5)[0], NAME, "invalid_manifest"),
    ],
    ids=["broken", "name", "manifest"],
)
def test_what_is_wrong_inside_fails_its_import_and_leaves_nothing(
    server: Galaxy,
    token: str,
    data: bytes,
    name: str,
    code: str,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    before = temporary_files()
    with django_capture_on_commit_callbacks(execute=True):
        document = server.wait_for_import(server.publish(data, name, token), token)
    assert (document["state"], document["error"]["code"]) == ("failed", code)
    assert document["error"]["description"]
    assert server.get("api/v3/collections/").json()["data"] == []
    assert temporary_files() == before


def test_what_is_too_large_to_be_imported_at_once_is_left_to_a_worker(
    server: Galaxy, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The publisher polls the same URL, which reports the progress of the worker."""
    monkeypatch.setattr("pulp_contentroutes.app.galaxy.limits.SMALL", replace(SMALL, members=2))
    answer = server.publish(DATA, NAME, token)
    path = answer.json()["task"]
    waiting = server.get(path, token).json()
    assert (waiting["state"], waiting["finished_at"], waiting["error"]) == ("waiting", None, None)
    assert server.get(DETAIL).status_code == 404
    document = server.wait_for_import(answer, token)
    assert (document["state"], document["id"]) == ("completed", path.split("/")[-2])
    assert server.get(DETAIL).status_code == 200
    assert temporary_files()[0] == 0


def test_what_takes_too_long_at_once_is_left_to_a_worker(
    server: Galaxy, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pulp_contentroutes.app.galaxy.limits._AT_ONCE_SECONDS", -1)
    server.add(token)
    assert server.get(DETAIL).status_code == 200


def test_what_a_worker_refuses_is_refused_with_its_reason(
    server: Galaxy, token: str, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setattr("pulp_contentroutes.app.galaxy.limits.SMALL", replace(SMALL, members=2))
    settings.CONTENTROUTES_COLLECTION_MAX_MEMBERS = 3
    document = server.wait_for_import(server.publish(DATA, NAME, token), token)
    assert (document["state"], document["error"]["code"]) == ("failed", "too_large")
    assert "more than 3 members" in document["error"]["description"]
    assert temporary_files()[0] == 0


def test_an_import_that_outlasts_its_time_is_reported_as_it_ends(
    server: Galaxy, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pulp reports a failure after five seconds, but its thread continues and publishes."""
    monkeypatch.setattr("pulpcore.tasking.tasks.IMMEDIATE_TIMEOUT", 0.001)
    document = server.wait_for_import(server.publish(DATA, NAME, token), token)
    assert (document["state"], server.get(DETAIL).status_code) == ("completed", 200)
    other = tarball(authors=5)[0]
    document = server.wait_for_import(
        server.publish(other, NAME.replace("1.2.3", "1.2.4"), token), token
    )
    assert (document["state"], document["error"]["code"]) == ("failed", "invalid_manifest")


def test_a_version_that_is_live_is_not_reported_as_a_failure(server: Galaxy, token: str) -> None:
    """A worker may be killed after the last statement of its import, before it reports success."""
    answer = server.publish(DATA, NAME, token)
    pk = answer.json()["task"].split("/")[-2]
    assert Task.objects.filter(pk=pk).update(state="failed", error={"description": "Killed."}) == 1
    document = server.wait_for_import(answer, token)
    assert (document["state"], document["error"]) == ("completed", None)


def test_a_collection_is_made_through_the_rest_api(admin: Rest, server: Galaxy) -> None:
    data, name = tarball(version="3.0.0-rc.1", namespace="rest")
    values = {"artifact": admin.artifact(data), "repository": server.repository}
    task = admin.run_task("POST", "content/contentroutes/collections/", **values)
    assert task["state"] == "completed", task
    detail = server.get("api/v3/collections/rest/tools/versions/3.0.0-rc.1/").json()
    assert detail["artifact"]["filename"] == name
