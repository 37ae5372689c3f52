"""Signatures come with a collection or after it; a repository with a key ring checks them."""

from typing import Any

import pytest
import requests

from tests.pulp.access import Access
from tests.pulp.conftest import Pulp
from tests.pulp.galaxy import Galaxy, galaxy, manifest_of, tarball
from tests.unit.galaxy.keys import Key

DETAIL = "api/v3/collections/acme/tools/versions/1.2.3/"
DATA, NAME = tarball()
MANIFEST = manifest_of(DATA)


@pytest.fixture
def token(pulp: Pulp) -> str:
    return str(Access(pulp).token(scope="publish")["token"])


@pytest.fixture(scope="module")
def key() -> Key:
    return Key.make("release")


@pytest.fixture(scope="module")
def stranger() -> Key:
    return Key.make("stranger")


def signatures(server: Galaxy) -> list[str]:
    return [each["signature"] for each in server.get(DETAIL).json()["signatures"]]


def with_key_ring(pulp: Pulp, ring: str) -> Galaxy:
    server = galaxy(pulp)
    answer = Access(pulp).call("PATCH", server.repository, key_ring=ring)
    assert answer.status_code == 202, answer.text
    Access(pulp).ended(answer.json()["task"])
    return server


def uploaded(pulp: Pulp, server: Galaxy, signature: str) -> dict[str, Any]:
    """Upload a signature of the collection that the server has; return the ended task."""
    admin = Access(pulp)
    latest = admin.call("GET", server.repository).json()["latest_version_href"]
    found = admin.call("GET", f"content/contentroutes/collections/?repository_version={latest}")
    values = {
        "signed_collection": found.json()["results"][0]["pulp_href"],
        "repository": server.repository,
    }
    answer = requests.post(
        admin.url("content/contentroutes/signatures/"),
        data=values,
        files={"file": ("x.asc", signature)},
        headers={"Authorization": admin.authorization},
        timeout=60,
    )
    assert answer.status_code == 202, answer.text
    return admin.ended(answer.json()["task"])


def test_signatures_come_with_the_collection_and_after_it(
    pulp: Pulp, token: str, key: Key, stranger: Key
) -> None:
    server = galaxy(pulp)
    first, second = key.signature_of(MANIFEST), stranger.signature_of(MANIFEST)
    server.published(token, [first])
    assert signatures(server) == [first]
    task = uploaded(pulp, server, second)
    assert task["state"] == "completed", task
    assert set(signatures(server)) == {first, second}


def test_a_new_signature_by_a_key_takes_the_place_of_its_old_one(
    pulp: Pulp, token: str, key: Key
) -> None:
    server = galaxy(pulp)
    # Salted: none is like another.
    old, new = key.signature_of(MANIFEST), key.signature_of(MANIFEST)
    server.published(token, [old])
    server.published(token, [new])
    assert signatures(server) == [new]


def test_with_a_key_ring_only_its_keys_sign(
    pulp: Pulp, token: str, key: Key, stranger: Key
) -> None:
    server = with_key_ring(pulp, key.public)
    for wrong in (stranger.signature_of(MANIFEST), key.signature_of(MANIFEST + b" ")):
        refused = server.imported(server.publish(DATA, NAME, token, [wrong]), token)
        assert (refused["state"], refused["error"]["code"]) == ("failed", "invalid_signature")
        assert server.get(DETAIL).status_code == 404
    right = key.signature_of(MANIFEST)
    server.published(token, [right])
    later = uploaded(pulp, server, stranger.signature_of(MANIFEST))
    assert (later["state"], later["error"]["error_code"]) == ("failed", "invalid_signature")
    assert signatures(server) == [right]


def test_what_is_no_signature_is_refused_at_once(pulp: Pulp, token: str, key: Key) -> None:
    server = galaxy(pulp)
    for wrong in ("rubbish", key.public, "x" * 20_000):
        answer = server.publish(DATA, NAME, token, [wrong])
        assert (answer.status_code, "signature" in answer.text) == (400, True)
    task = uploaded_without_armor(pulp, server, token)
    assert task["state"] == "failed"


def uploaded_without_armor(pulp: Pulp, server: Galaxy, token: str) -> dict[str, Any]:
    server.published(token)
    return uploaded(pulp, server, "rubbish")


def test_a_key_ring_that_is_none_is_refused(pulp: Pulp) -> None:
    answer = Access(pulp).call("PATCH", galaxy(pulp).repository, key_ring="rubbish")
    assert (answer.status_code, list(answer.json())) == (400, ["key_ring"])
