"""Signatures that are accepted, and the refusal of others."""

import pytest

from pulp_contentroutes.galaxy.errors import InvalidSignature
from pulp_contentroutes.galaxy.signatures import (
    LONGEST_KEY_RING,
    LONGEST_SIGNATURE,
    KeyRing,
    Signature,
)
from tests.unit.galaxy.keys import Key

MANIFEST = '{"collection_info": {}}'


@pytest.fixture(scope="module")
def key() -> Key:
    return Key.make("release")


@pytest.fixture(scope="module")
def other() -> Key:
    return Key.make("other")


def test_a_signature_by_a_key_of_the_ring_is_known(key: Key, other: Key) -> None:
    signature = key.signature_of(MANIFEST.encode())
    assert KeyRing(other.public + key.public).has_made(signature, MANIFEST)
    assert not KeyRing(other.public).has_made(signature, MANIFEST)
    assert not KeyRing(key.public).has_made(signature, MANIFEST + " ")


def test_it_says_which_key_has_made_it(key: Key, other: Key) -> None:
    issuers = [Signature.parse(each.signature_of(b"x")).issuer for each in (key, other)]
    assert all(set(issuer) <= set("0123456789abcdef") for issuer in issuers)
    assert issuers[0] != issuers[1]


def test_what_stands_around_a_signature_does_not_come_in(key: Key, other: Key) -> None:
    """A second signature would be served without having been checked."""
    signature = key.signature_of(MANIFEST.encode())
    for after in ("\0", "\n<script>", other.signature_of(MANIFEST.encode())):
        assert Signature.parse(signature + after).text == signature


def test_what_is_no_detached_signature_is_refused_without_a_backtrace(key: Key) -> None:
    signature = key.signature_of(MANIFEST.encode())
    armor = "-----BEGIN PGP SIGNATURE-----\n\n{}\n-----END PGP SIGNATURE-----\n"
    for text in (
        "",
        "rubbish",
        key.public,
        "rubbish\n" + signature,
        armor.format("rubbish"),
        armor.format(""),
        signature[:200],
        signature + "\n" * LONGEST_SIGNATURE,
    ):
        with pytest.raises(InvalidSignature) as refused:
            Signature.parse(text)
        assert "\n" not in str(refused.value)


def test_a_key_ring_holds_public_keys(key: Key) -> None:
    for text in ("", "rubbish", key.signature_of(b"x"), " " * (LONGEST_KEY_RING + 1), key.private):
        with pytest.raises(InvalidSignature) as refused:
            KeyRing(text)
        assert "\n" not in str(refused.value)
