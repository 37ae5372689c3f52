"""Refused publishes, and their messages."""

import hashlib
import io
import tarfile

import pytest

from tests.clients.commands import expect_refusal, expect_success, publish
from tests.harness.ansible_galaxy import Client, Ended
from tests.harness.galaxy import Galaxy, tarball

DATA, NAME = tarball()


def publish_tools(client: Client, server: Galaxy, token: str, data: bytes = DATA) -> Ended:
    return publish(client, data, NAME, "-s", server.url, "--token", token)


def is_empty(server: Galaxy) -> bool:
    return bool(server.get("api/v3/collections/").json()["data"] == [])


def uncompressed(data: bytes) -> bytes:
    """Return a tarball without gzip: clients send it, and only the server notices."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as tar:
        member = tarfile.TarInfo("MANIFEST.json")
        member.size = len(data)
        tar.addfile(member, io.BytesIO(data))
    return target.getvalue()


def test_the_same_bytes_again_are_published_and_others_are_refused(
    server: Galaxy, outer_client: Client, token: str
) -> None:
    server.add(token)
    expect_success(publish_tools(outer_client, server, token))
    others, _ = tarball(description="Other tools.")
    output = expect_refusal(publish_tools(outer_client, server, token, others))
    assert "Publish a new version." in output
    assert "already_exists" in output
    detail = server.get("api/v3/collections/acme/tools/versions/1.2.3/").json()
    assert detail["artifact"]["sha256"] == hashlib.sha256(DATA).hexdigest()


@pytest.mark.parametrize(
    ("data", "name", "reason"),
    [
        # A failed import. The test above shows how an error of the upload is printed.
        pytest.param(DATA, "acme-other-1.2.3.tar.gz", "invalid_filename", id="another name"),
        *(
            pytest.param(*values, id=name, marks=pytest.mark.exhaustive)
            for name, values in {
                "no gzip": (uncompressed(b"{}"), NAME, "not compressed with gzip"),
                "no name": (DATA, "tools.tar.gz", "not called namespace-name-version.tar.gz"),
                "bad manifest": (tarball(authors=5)[0], NAME, "invalid_manifest"),
            }.items()
        ),
    ],
)
def test_a_wrong_tarball_is_refused_with_a_sentence(
    server: Galaxy, client: Client, token: str, data: bytes, name: str, reason: str
) -> None:
    output = expect_refusal(publish(client, data, name, "-s", server.url, "--token", token))
    assert reason in output
    assert is_empty(server)


def test_without_a_token_nothing_is_published(server: Galaxy, outer_client: Client) -> None:
    output = expect_refusal(publish(outer_client, DATA, NAME, "-s", server.url))
    assert "HTTP Code: 401" in output
    assert "Authentication credentials were not provided." in output
    assert is_empty(server)


@pytest.mark.exhaustive
def test_with_a_wrong_token_nothing_is_published(server: Galaxy, outer_client: Client) -> None:
    output = expect_refusal(publish_tools(outer_client, server, "pcr_" + "a" * 43))
    assert "HTTP Code: 401" in output
    assert is_empty(server)
