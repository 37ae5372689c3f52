"""Why a collection is refused: a code for programs and a sentence for whoever has built it."""

from typing import ClassVar


class InvalidCollection(Exception):
    """`str(error)` names what is wrong and where; of the archive it quotes little."""

    code: ClassVar[str] = "invalid_collection"


class UnreadableArchive(InvalidCollection):
    """No tar.gz, or one that ends early, or with members that nobody should unpack."""

    code = "unreadable_archive"


class TooLarge(InvalidCollection):
    """More bytes or members than the limits allow."""

    code = "too_large"


class InvalidManifest(InvalidCollection):
    """MANIFEST.json, FILES.json or meta/runtime.yml is not what ansible-galaxy writes."""

    code = "invalid_manifest"


class WrongDigest(InvalidCollection):
    """A file is not the one that the manifest tells of."""

    code = "wrong_digest"


class InvalidSignature(InvalidCollection):
    """No detached OpenPGP signature, of something else than MANIFEST.json, or by a stranger."""

    code = "invalid_signature"


def quoted(text: object) -> str:
    """Return a short, printable piece of what somebody has uploaded."""
    shown = ascii(text)
    return shown if len(shown) <= 80 else f"{shown[:77]}..."
