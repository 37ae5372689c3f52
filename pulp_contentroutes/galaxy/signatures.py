"""Detached OpenPGP signatures of a collection's MANIFEST.json.

pysequoia comes with pulpcore. Its errors carry a backtrace of their own, so none of them is shown.
"""

from typing import Final

from pysequoia import Cert, Sig, verify

from pulp_contentroutes.galaxy.errors import InvalidSignature

#: In characters, of a signature in ASCII armor; the largest of RSA has some 1 200.
LONGEST_SIGNATURE: Final = 16 * 1024
LONGEST_KEY_RING: Final = 1024 * 1024


def issuer_of(signature: str) -> str:
    """Return the fingerprint (or the id, if it says no more) of the key that has signed, in hex.

    Raise InvalidSignature unless `signature` is a detached one in ASCII armor.
    """
    parsed = _parsed(signature)
    return str(parsed.issuer_fingerprint or parsed.issuer_key_id or "")


def check_signature(signature: str, manifest: bytes, key_ring: str) -> None:
    """Raise InvalidSignature unless a key of the ring has signed the manifest."""
    certificates = _certificates(key_ring)
    try:
        verify(bytes=manifest, store=lambda ids: certificates, signature=_parsed(signature))
    except RuntimeError as error:
        raise InvalidSignature("No key of the repository's key ring has made the signature.") from (
            error
        )


def check_key_ring(key_ring: str) -> None:
    """Raise InvalidSignature unless the text holds public keys in ASCII armor."""
    if not _certificates(key_ring):
        raise InvalidSignature("The key ring holds no public key in ASCII armor.")


def _parsed(signature: str) -> Sig:
    if len(signature) > LONGEST_SIGNATURE or "BEGIN PGP SIGNATURE" not in signature:
        raise InvalidSignature("This is no detached OpenPGP signature in ASCII armor.")
    try:
        return Sig.from_bytes(signature.encode())
    except (RuntimeError, ValueError) as error:
        raise InvalidSignature("The OpenPGP signature cannot be read.") from error


def _certificates(key_ring: str) -> list[Cert]:
    if len(key_ring) > LONGEST_KEY_RING:
        raise InvalidSignature(f"The key ring has more than {LONGEST_KEY_RING} characters.")
    try:
        return Cert.split_bytes(key_ring.encode())
    except (RuntimeError, ValueError) as error:
        raise InvalidSignature("The key ring cannot be read.") from error
