"""What publishers are told."""

import base64
import hashlib
import io
import tarfile

import pytest
import requests

from tests.clients.commands import Ended, publish, refused, succeeded
from tests.pulp.galaxy import Client, Galaxy, tarball

DATA, NAME = tarball()


def published(client: Client, server: Galaxy, token: str, data: bytes = DATA) -> Ended:
    return publish(client, data, NAME, "-s", server.url, "--token", token)


def is_empty(server: Galaxy) -> bool:
    return bool(server.get("api/v3/collections/").json()["data"] == [])


def stored_digest(server: Galaxy) -> str:
    detail = server.get("api/v3/collections/acme/tools/versions/1.2.3/").json()
    return str(detail["artifact"]["sha256"])


def uncompressed(data: bytes) -> bytes:
    """Return a tarball without gzip: clients send it, and only the server looks closer."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as tar:
        member = tarfile.TarInfo("MANIFEST.json")
        member.size = len(data)
        tar.addfile(member, io.BytesIO(data))
    return target.getvalue()


def test_what_was_built_is_published(server: Galaxy, each_client: Client, token: str) -> None:
    built = each_client.built("acme", "tools", version="1.2.3")
    data = built.read_bytes()
    told = succeeded(published(each_client, server, token, data))
    assert "successfully published and imported" in told
    assert stored_digest(server) == hashlib.sha256(data).hexdigest()


def test_the_same_bytes_again_are_published_and_others_are_refused(
    server: Galaxy, outer_client: Client, token: str
) -> None:
    for _ in range(2):
        succeeded(published(outer_client, server, token))
    others, _ = tarball(description="Other tools.")
    told = refused(published(outer_client, server, token, others))
    assert "Publish a new version." in told
    assert "already_exists" in told
    assert stored_digest(server) == hashlib.sha256(DATA).hexdigest()


@pytest.mark.parametrize(
    ("digest", "status"), [(hashlib.sha256(DATA).hexdigest(), 202), ("0" * 64, 400)]
)
def test_a_body_as_clients_send_it_is_checked_against_its_digest(
    server: Galaxy, token: str, digest: str, status: int
) -> None:
    encoded = base64.encodebytes(DATA).replace(b"\n", b"\r\n")
    file = (
        f'--limit\r\nContent-Disposition: form-data; name="file"; filename="{NAME}"\r\n'
        "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    )
    field = f'--limit\r\nContent-Disposition: form-data; name="sha256"\r\n\r\n{digest}\r\n'
    answer = requests.post(
        f"{server.url}api/v3/artifacts/collections/",
        data=file.encode() + encoded + field.encode() + b"--limit--\r\n",
        headers={
            "Authorization": f"Token {token}",
            "Content-Type": "multipart/form-data; boundary=limit",
        },
        timeout=60,
    )
    assert answer.status_code == status, answer.text
    assert is_empty(server) == (status == 400)
    if status == 400:
        assert "SHA-256" in answer.json()["errors"][0]["detail"]


@pytest.mark.parametrize(
    ("data", "name", "reason"),
    [
        (uncompressed(b"{}"), NAME, "not compressed with gzip"),
        (DATA, "tools.tar.gz", "not called namespace-name-version.tar.gz"),
        (DATA, "acme-other-1.2.3.tar.gz", "invalid_filename"),
        (tarball(authors=[])[0], NAME, "invalid_manifest"),
    ],
    ids=["no gzip", "no name", "another name", "bad manifest"],
)
def test_what_does_not_fit_is_refused_with_a_sentence(
    server: Galaxy, client: Client, token: str, data: bytes, name: str, reason: str
) -> None:
    told = refused(publish(client, data, name, "-s", server.url, "--token", token))
    assert reason in told
    assert is_empty(server)


def test_without_a_token_nothing_is_published(server: Galaxy, outer_client: Client) -> None:
    told = refused(publish(outer_client, DATA, NAME, "-s", server.url))
    assert "HTTP Code: 401" in told
    assert "Authentication credentials were not provided." in told
    assert is_empty(server)


def test_with_a_wrong_token_nothing_is_published(server: Galaxy, outer_client: Client) -> None:
    told = refused(published(outer_client, server, "pcr_" + "a" * 43))
    assert "HTTP Code: 401" in told
    assert is_empty(server)
