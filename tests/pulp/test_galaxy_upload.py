"""`pulp-contentroutes galaxy-upload`, and uploads that are too large to be read."""

import os
import subprocess
from pathlib import Path

import pytest
import requests

from tests.harness.galaxy import COLLECTIONS, Galaxy, create_galaxy, manifest_of, tarball
from tests.harness.pulp import Pulp
from tests.harness.standalone import PROGRAM
from tests.unit.galaxy.keys import Key


@pytest.fixture
def server(pulp: Pulp) -> Galaxy:
    return create_galaxy(pulp.rest)


def write_collections(folder: Path, *versions: str) -> Path:
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
    server: Galaxy, token: str, tmp_path: Path
) -> None:
    write_collections(tmp_path, "1.0.0", "1.1.0")
    bad = tmp_path / "acme-bad-1.0.0.tar.gz"
    bad.write_bytes(tarball()[0])
    ended = upload(server, token, tmp_path)
    assert ended.returncode == 1
    assert "2 published, 1 refused." in ended.stdout
    assert "acme-bad-1.0.0.tar.gz: " in ended.stderr
    for version in ("1.0.0", "1.1.0"):
        detail = server.get(f"api/v3/collections/acme/tools/versions/{version}/").json()
        assert len(detail["signatures"]) == 1
    bad.unlink()
    again = upload(server, token, tmp_path)
    assert (again.returncode, "2 published, 0 refused." in again.stdout) == (0, True)


def test_what_cannot_be_taken_is_said_in_a_sentence(
    server: Galaxy, token: str, tmp_path: Path
) -> None:
    write_collections(tmp_path, "1.0.0")
    unknown = upload(server, "pcr_" + "a" * 43, tmp_path)
    assert (unknown.returncode, "401" in unknown.stderr) == (1, True)
    nowhere = Galaxy(server.admin, "nothing/here", "", "")
    assert "404" in upload(nowhere, token, tmp_path).stderr
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "There is no *.tar.gz in" in upload(server, token, empty).stderr


def test_what_is_wrong_at_first_sight_does_not_stop_the_others(
    server: Galaxy, token: str, tmp_path: Path
) -> None:
    write_collections(tmp_path, "1.0.0", "1.1.0")
    (tmp_path / "other.tar.gz").write_bytes(b"x")
    (tmp_path / "acme-plain-1.0.0.tar.gz").write_bytes(b"no gzip")
    (tmp_path / "acme-tools-1.1.0.tar.gz.asc").write_text("no signature")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "acme-tools-1.0.0.tar.gz").write_bytes(tarball()[0])
    ended = upload(server, token, tmp_path, elsewhere)
    assert (ended.returncode, "1 published, 4 refused." in ended.stdout) == (1, True), ended
    for sentence in (
        "other.tar.gz: The file 'other.tar.gz' is not called namespace-name-version.tar.gz.",
        "acme-plain-1.0.0.tar.gz: The file is not compressed with gzip.",
        "acme-tools-1.1.0.tar.gz: This is no detached OpenPGP signature in ASCII armor.",
        "acme-tools-1.0.0.tar.gz: This file name occurs twice in the request.",
    ):
        assert sentence in ended.stderr


def test_a_body_that_is_too_large_is_not_read(pulp: Pulp, server: Galaxy, token: str) -> None:
    """The server answers 413 before the body, for which it would wait otherwise."""
    with requests.Session() as session:
        request = session.prepare_request(
            requests.Request(
                "POST",
                f"http://127.0.0.1:{pulp.instance.api_port}{server.path}{COLLECTIONS}",
                headers={"Authorization": f"Token {token}", "Content-Type": "multipart/form-data"},
                data=b"",
            )
        )
        request.headers["Content-Length"] = str(1024**4)
        answer = session.send(request, timeout=60)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (413, "too_large")
    assert "CONTENTROUTES_COLLECTION_MAX_BYTES" in answer.text
