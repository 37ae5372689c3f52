"""Why a collection is refused: a code for programs and a sentence for whoever has built it."""

from typing import ClassVar, Final

_MOST_QUOTED: Final = 80


class InvalidCollection(Exception):
    """`str(error)` names what is wrong and where; of the archive it quotes little."""

    code: ClassVar[str] = "invalid_collection"


class UnreadableArchive(InvalidCollection):
    """No tar.gz, or one that ends early, or with members that nobody should unpack."""

    code = "unreadable_archive"


class TooLarge(InvalidCollection):
    """More bytes or members than the limits allow."""

    code = "too_large"


class TooSlow(TooLarge):
    """Not read in the time that it is given."""

    code = "too_slow"


class InvalidManifest(InvalidCollection):
    """MANIFEST.json, FILES.json or meta/runtime.yml is not what ansible-galaxy writes."""

    code = "invalid_manifest"


class WrongDigest(InvalidCollection):
    """A file is not the one that the manifest tells of."""

    code = "wrong_digest"


class InvalidSignature(InvalidCollection):
    """No detached OpenPGP signature, of something else than MANIFEST.json, or by a stranger."""

    code = "invalid_signature"


def quoted(text: str) -> str:
    """Return a short, printable piece of a text of somebody else's.

    It is cut before it is made printable, which can make one letter ten.
    """
    shown = ascii(text[:_MOST_QUOTED])
    is_whole = len(text) <= _MOST_QUOTED and len(shown) <= _MOST_QUOTED
    return shown if is_whole else f"{shown[: _MOST_QUOTED - 3]}..."
