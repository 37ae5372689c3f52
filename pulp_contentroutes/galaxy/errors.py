"""Reasons for refusing a collection: a code for programs and a sentence for its author."""

from typing import ClassVar, Final

_MOST_QUOTED: Final = 80


class InvalidCollection(Exception):
    """A collection that is refused.

    `str(error)` names the fault and its place, and quotes little of the archive.
    """

    code: ClassVar[str] = "invalid_collection"


class UnreadableArchive(InvalidCollection):
    """Not a tar.gz, or one that ends early, or one with members that should not be unpacked."""

    code = "unreadable_archive"


class TooLarge(InvalidCollection):
    """More bytes or members than the limits allow."""

    code = "too_large"


class TooSlow(TooLarge):
    """The archive was not read in the time allowed."""

    code = "too_slow"


class InvalidManifest(InvalidCollection):
    """MANIFEST.json, FILES.json or meta/runtime.yml is not as ansible-galaxy writes it."""

    code = "invalid_manifest"


class WrongDigest(InvalidCollection):
    """A file is not the one that the manifest describes."""

    code = "wrong_digest"


class InvalidSignature(InvalidCollection):
    """Not a detached OpenPGP signature of MANIFEST.json, or one by an unknown key."""

    code = "invalid_signature"


def quote(text: str) -> str:
    """Return a short, printable piece of an untrusted text.

    The text is cut before it is made printable, because that can turn one character into ten.
    """
    shown = ascii(text[:_MOST_QUOTED])
    is_whole = len(text) <= _MOST_QUOTED and len(shown) <= _MOST_QUOTED
    return shown if is_whole else f"{shown[: _MOST_QUOTED - 3]}..."
