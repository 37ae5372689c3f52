"""Signatures come with a collection or after it; a repository with a key ring checks them."""

from typing import Any

import pytest

from tests.harness.galaxy import Galaxy, manifest_of, tarball
from tests.harness.rest import Rest
from tests.unit.galaxy.keys import Key

DETAIL = "api/v3/collections/acme/tools/versions/1.2.3/"
DATA, NAME = tarball()
MANIFEST = manifest_of(DATA)


@pytest.fixture(scope="module")
def key() -> Key:
    return Key.make("release")


@pytest.fixture(scope="module")
def stranger() -> Key:
    return Key.make("stranger")


@pytest.fixture
def with_key_ring(admin: Rest, server: Galaxy, key: Key) -> Galaxy:
    """Return a server whose repository accepts only signatures made with `key`."""
    task = admin.run_task("PATCH", server.repository, key_ring=key.public)
    assert task["state"] == "completed", task
    return server


def signatures(server: Galaxy) -> list[str]:
    return [each["signature"] for each in server.get(DETAIL).json()["signatures"]]


def upload(server: Galaxy, signature: str) -> dict[str, Any]:
    """Upload a signature for the server's only collection; return the ended task."""
    latest = server.latest_version()
    path = f"content/contentroutes/collections/?repository_version={latest}"
    [unit] = server.admin.call("GET", path).json()["results"]
    answer = server.admin.upload(
        "content/contentroutes/signatures/",
        [("file", ("x.asc", signature.encode()))],
        signed_collection=unit["pulp_href"],
        repository=server.repository,
    )
    return server.admin.wait_for_task(answer)


def test_signatures_come_with_the_collection_and_after_it(
    server: Galaxy, token: str, key: Key, stranger: Key
) -> None:
    first, second = key.signature_of(MANIFEST), stranger.signature_of(MANIFEST)
    server.add(token, [first])
    assert signatures(server) == [first]
    task = upload(server, second)
    assert task["state"] == "completed", task
    assert set(signatures(server)) == {first, second}


def test_a_new_signature_by_a_key_takes_the_place_of_its_old_one(
    server: Galaxy, token: str, key: Key
) -> None:
    # Signatures are salted, so no two are equal.
    old, new = key.signature_of(MANIFEST), key.signature_of(MANIFEST)
    server.add(token, [old])
    server.add(token, [new])
    assert signatures(server) == [new]


def test_with_a_key_ring_only_its_keys_sign(
    with_key_ring: Galaxy, token: str, key: Key, stranger: Key
) -> None:
    server = with_key_ring
    for wrong in (stranger.signature_of(MANIFEST), key.signature_of(MANIFEST + b" ")):
        document = server.wait_for_import(server.publish(DATA, NAME, token, [wrong]), token)
        assert (document["state"], document["error"]["code"]) == ("failed", "invalid_signature")
        assert server.get(DETAIL).status_code == 404
    right = key.signature_of(MANIFEST)
    server.add(token, [right])
    later = upload(server, stranger.signature_of(MANIFEST))
    assert (later["state"], later["error"]["error_code"]) == ("failed", "invalid_signature")
    assert signatures(server) == [right]


def test_what_is_no_signature_is_refused_at_once(server: Galaxy, token: str, key: Key) -> None:
    for wrong in ("rubbish", key.public, "x" * 20_000):
        answer = server.publish(DATA, NAME, token, [wrong])
        assert (answer.status_code, "signature" in answer.text) == (400, True)


def test_an_uploaded_file_that_is_no_signature_is_refused(server: Galaxy, token: str) -> None:
    server.add(token)
    assert upload(server, "rubbish")["state"] == "failed"
    assert signatures(server) == []


def test_a_key_ring_that_is_none_is_refused(admin: Rest, server: Galaxy) -> None:
    answer = admin.call("PATCH", server.repository, key_ring="rubbish")
    assert (answer.status_code, list(answer.json())) == (400, ["key_ring"])
