"""Versions of collections (https://semver.org), and what dependencies say of them."""

import re
from typing import Final

from semver import Version

from pulp_contentroutes.galaxy.errors import InvalidManifest, quoted

_LONGEST: Final = 128
_REQUIREMENT: Final = re.compile(r"(?:==|!=|>=|<=|=|>|<)?\s*(?P<version>\S+)")


def version_of(text: str) -> Version:
    """Return the version, or raise InvalidManifest."""
    try:
        if len(text) > _LONGEST:
            raise ValueError(text)
        return Version.parse(text)
    except (ValueError, TypeError) as error:
        raise InvalidManifest(f"{quoted(text)} is no semantic version.") from error


def check_requirement(text: str) -> None:
    """Raise InvalidManifest unless `text` is `*`, or versions with operators between commas."""
    for part in text.split(","):
        part = part.strip()
        if part == "*":
            continue
        matched = _REQUIREMENT.fullmatch(part)
        if matched is None:
            raise InvalidManifest(f"{quoted(text)} is no requirement of a version.")
        version_of(matched["version"])


def precedence_of(version: Version) -> str:
    """Return a text that sorts, byte by byte, as versions do (Semantic Versioning 2.0.0 §11)."""
    core = "".join(_number(part) for part in (version.major, version.minor, version.patch))
    if version.prerelease is None:
        # After every pre-release.
        return f"{core}~"
    # "!" comes before all that an identifier may hold, so that a shorter list comes first.
    return f"{core}-" + "".join(f"{_identifier(part)}!" for part in version.prerelease.split("."))


def _identifier(text: str) -> str:
    """Numbers come before words."""
    return f"0{_number(int(text))}" if text.isdigit() else f"1{text}"


def _number(number: int) -> str:
    """A longer number is a larger one."""
    return f"{len(str(number)):03}{number}"
