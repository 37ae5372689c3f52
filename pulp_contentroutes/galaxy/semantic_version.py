"""Versions of collections (https://semver.org), and the requirements of dependencies on them."""

import re
from typing import Final

from semver import Version

from pulp_contentroutes.galaxy.errors import InvalidManifest, quote

_LONGEST: Final = 128
_OPERATORS: Final = ("!=", "==", ">=", "<=", "=", ">", "<")
#: Splits a version as distutils' LooseVersion does: numbers, words, and whatever is between them.
_PIECES: Final = re.compile(r"(\d+|[a-z]+|\.)")
_SUFFIX: Final = re.compile(r"[+-].+$")


def version_of(text: str) -> Version:
    """Return the version, or raise InvalidManifest."""
    try:
        if len(text) > _LONGEST:
            raise ValueError(text)
        return Version.parse(text)
    except (ValueError, TypeError) as error:
        raise InvalidManifest(f"{quote(text)} is no semantic version.") from error


def check_requirement(text: str) -> None:
    """Raise InvalidManifest unless every release of `ansible-galaxy` understands a requirement.

    That is `*`, or versions with operators, separated by commas and without spaces
    (`ansible.galaxy.dependency_resolution.versioning.meets_requirements`).
    """
    for part in text.split(","):
        version = part.removeprefix(next(filter(part.startswith, _OPERATORS), ""))
        if version == "*":
            continue
        # A client makes a semantic version of a text like `1.5`. It raises ValueError, if not for
        # the first candidate, then for another one.
        try:
            if not version:
                raise ValueError("An empty version.")
            pieces = [piece for piece in _PIECES.split(version) if piece and piece != "."]
            # Up to three numbers; any others are ignored.
            ends = [pieces.index(sign) for sign in "-+" if sign in pieces]
            numbers = [int(piece) for piece in pieces[: min(3, 3, *ends)]]
            numbers += [0] * (3 - len(numbers))
            suffix = _SUFFIX.search(version)
            Version.parse(".".join(map(str, numbers)) + (suffix.group() if suffix else ""))
        except (ValueError, TypeError) as error:
            reason = (
                "ansible-galaxy takes no spaces in it"
                if re.search(r"\s", text)
                else "write '*', or versions like '>=1.0.0,<2.0.0'"
            )
            raise InvalidManifest(
                f"{quote(text)} is no requirement of a version: {reason}."
            ) from error


def precedence_of(version: Version) -> str:
    """Return a text that sorts, byte by byte, as versions do (Semantic Versioning 2.0.0 §11)."""
    core = "".join(_number(part) for part in (version.major, version.minor, version.patch))
    if version.prerelease is None:
        # Sorts after every pre-release.
        return f"{core}~"
    # Numbers come before words; "!" sorts before every character of an identifier, so that a
    # shorter list comes first.
    keys = (
        f"0{_number(int(part))}!" if part.isdigit() else f"1{part}!"
        for part in version.prerelease.split(".")
    )
    return f"{core}-" + "".join(keys)


def _number(number: int) -> str:
    """Return a sort key for a number: a longer number is a larger one."""
    return f"{len(str(number)):03}{number}"
