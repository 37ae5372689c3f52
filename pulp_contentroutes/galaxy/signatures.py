"""Detached OpenPGP signatures of a collection's MANIFEST.json.

pysequoia's errors carry a backtrace of their own, so none of them is shown.
"""

from dataclasses import dataclass
from typing import Final

from pysequoia import Cert, Sig, verify

from pulp_contentroutes.galaxy.errors import InvalidSignature

#: In characters, of a signature in ASCII armor; the largest RSA signature has some 1 200.
LONGEST_SIGNATURE: Final = 16 * 1024
#: Some 75 keys; all are tried for each signature, and reading them takes 40 ms.
LONGEST_KEY_RING: Final = 128 * 1024
_ARMOR: Final = "-----BEGIN PGP SIGNATURE-----"
_SECRET: Final = "-----BEGIN PGP PRIVATE KEY"


@dataclass(frozen=True, slots=True)
class Signature:
    #: In ASCII armor, without anything that stood around it.
    text: str
    #: The fingerprint of the key, or its id if the signature names no more; hexadecimal.
    issuer: str

    @classmethod
    def parse(cls, text: str) -> "Signature":
        """Return the signature in a text, or raise InvalidSignature."""
        parsed = _parse(text)
        issuer = parsed.issuer_fingerprint or parsed.issuer_key_id or ""
        return cls(str(parsed), str(issuer))


class KeyRing:
    """Public keys in ASCII armor, any number of them."""

    def __init__(self, text: str) -> None:
        """Raise InvalidSignature unless `text` holds public keys."""
        if len(text) > LONGEST_KEY_RING:
            raise InvalidSignature(f"The key ring has more than {LONGEST_KEY_RING} characters.")
        if _SECRET in text:
            raise InvalidSignature("The key ring holds a secret key, which others would see.")
        try:
            self._keys = Cert.split_bytes(text.encode())
        except (RuntimeError, ValueError) as error:
            raise InvalidSignature("The key ring cannot be read.") from error
        if not self._keys:
            raise InvalidSignature("The key ring holds no public key in ASCII armor.")

    def has_made(self, signature: str, manifest: str) -> bool:
        """Tell whether one of the keys has signed the manifest."""
        try:
            verify(
                bytes=manifest.encode(), store=lambda ids: self._keys, signature=_parse(signature)
            )
        except RuntimeError:
            return False
        return True


def _parse(text: str) -> Sig:
    if len(text) > LONGEST_SIGNATURE or not text.lstrip().startswith(_ARMOR):
        raise InvalidSignature("This is no detached OpenPGP signature in ASCII armor.")
    try:
        return Sig.from_bytes(text.encode())
    except (RuntimeError, ValueError) as error:
        raise InvalidSignature("The OpenPGP signature cannot be read.") from error
