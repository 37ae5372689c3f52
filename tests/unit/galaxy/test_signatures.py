"""Which signatures are taken, and the sentence for the others."""

import pytest

from pulp_contentroutes.galaxy.errors import InvalidSignature
from pulp_contentroutes.galaxy.signatures import (
    LONGEST_KEY_RING,
    LONGEST_SIGNATURE,
    check_key_ring,
    check_signature,
    issuer_of,
)
from tests.unit.galaxy.keys import Key

MANIFEST = b'{"collection_info": {}}'


@pytest.fixture(scope="module")
def key() -> Key:
    return Key.make("release")


@pytest.fixture(scope="module")
def stranger() -> Key:
    return Key.make("stranger")


def test_a_signature_by_a_key_of_the_ring_is_taken(key: Key, stranger: Key) -> None:
    signature = key.signature_of(MANIFEST)
    check_signature(signature, MANIFEST, stranger.public + key.public)
    assert set(issuer_of(signature)) <= set("0123456789abcdef")
    assert issuer_of(signature) != issuer_of(stranger.signature_of(MANIFEST))


def test_a_stranger_and_other_bytes_are_refused_without_a_backtrace(
    key: Key, stranger: Key
) -> None:
    signature = key.signature_of(MANIFEST)
    for data, ring in ((MANIFEST, stranger.public), (MANIFEST + b" ", key.public)):
        with pytest.raises(InvalidSignature) as refused:
            check_signature(signature, data, ring)
        assert "\n" not in str(refused.value)


def test_what_is_no_detached_signature_is_refused(key: Key) -> None:
    signature = key.signature_of(MANIFEST)
    armor = "-----BEGIN PGP SIGNATURE-----\n\n{}\n-----END PGP SIGNATURE-----\n"
    for text in (
        "",
        "rubbish",
        key.public,
        armor.format("rubbish"),
        armor.format(""),
        signature[:200],
        signature + "\n" * LONGEST_SIGNATURE,
    ):
        with pytest.raises(InvalidSignature):
            issuer_of(text)


def test_a_key_ring_holds_public_keys(key: Key, stranger: Key) -> None:
    check_key_ring(key.public + "\n" + stranger.public)
    for text in ("", "rubbish", key.signature_of(b"x"), " " * (LONGEST_KEY_RING + 1)):
        with pytest.raises(InvalidSignature):
            check_key_ring(text)
