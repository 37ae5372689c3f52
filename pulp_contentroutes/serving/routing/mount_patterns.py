"""Hosts and mounts of content routes: the text that an operator writes → a pattern of URLs.

A mount is an absolute path, decoded, with a slash at its end; a segment may be a capture, `{name}`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from yarl import URL

#: The longest mount, in characters, and the most segments of one: each request tries as many.
MAX_MOUNT: Final = 500
MAX_SEGMENTS: Final = 16
_MAX_HOST: Final = 253
#: The name of the path below the mount, in templates.
PATH: Final = "path"

_CAPTURE: Final = re.compile(r"\{([a-z_][a-z0-9_]{0,31})\}", re.ASCII)
_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
#: Characters that end a path, that are read as another one, or that no URL has as they are.
_FORBIDDEN: Final = re.compile(r"[\x00-\x1f\x7f?#%\\]")
_UNSTORABLE: Final = re.compile(r"[\x00\ud800-\udfff]")


class InvalidPattern(ValueError):
    """`str(error)` is a sentence for the operator."""


@dataclass(frozen=True, slots=True)
class MountPattern:
    """The segments of a mount; None stands for a capture, whose name is in `captures`."""

    segments: tuple[str | None, ...]
    captures: tuple[str, ...]

    @property
    def stem(self) -> str:
        """Return the path before the first capture, with a slash at its end."""
        literal = self.segments
        if None in literal:
            literal = literal[: literal.index(None)]
        return "/".join(["", *filter(None, literal), ""])

    @property
    def shape(self) -> str:
        """Return a text that is equal for mounts that match the same URLs."""
        return "/".join(["", *("{}" if each is None else each for each in self.segments), ""])


def parse_mount(text: str) -> MountPattern:
    """Return the pattern of a mount, or raise InvalidPattern."""
    if len(text) > MAX_MOUNT:
        raise InvalidPattern(f"A mount has at most {MAX_MOUNT} characters, and this one more.")
    if not text.startswith("/") or not text.endswith("/"):
        raise InvalidPattern(f"A mount begins and ends with a slash, as in '/debian/': '{text}'.")
    forbidden = _FORBIDDEN.search(text)
    if forbidden:
        raise InvalidPattern(
            f"A mount is a path as people read it, without percent-encoding, query, backslash or "
            f"control characters; this one has {forbidden.group()!r}."
        )
    parts = text[1:-1].split("/") if text != "/" else []
    if len(parts) > MAX_SEGMENTS:
        raise InvalidPattern(f"A mount has at most {MAX_SEGMENTS} segments, and this one more.")
    for part in parts:
        if part in ("", ".", ".."):
            raise InvalidPattern(f"A mount has no empty segments, and none of dots only: '{text}'.")
    found = [_CAPTURE.fullmatch(part) for part in parts]
    captures = tuple(each.group(1) for each in found if each)
    for part, capture in zip(parts, found, strict=True):
        if capture is None and ("{" in part or "}" in part):
            raise InvalidPattern(
                f"A capture is a whole segment, a name of small letters, digits and '_' in braces, "
                f"as in '/repos/{{release}}/': '{part}'."
            )
    if PATH in captures:
        raise InvalidPattern(f"'{{{PATH}}}' is the path below the mount: give the capture a name.")
    if len(set(captures)) < len(captures):
        raise InvalidPattern(f"A capture occurs twice in '{text}': give each a name of its own.")
    segments = tuple(None if capture else part for part, capture in zip(parts, found, strict=True))
    return MountPattern(segments, captures)


def parse_host(text: str) -> str:
    """Return a host, or `*.` and a suffix, as requests are compared with it.

    Names that are not ASCII are encoded (IDNA). Raise InvalidPattern.
    """
    is_wild = text.startswith("*.")
    name = text.removeprefix("*.").removesuffix(".")
    try:
        name = URL.build(scheme="http", host=name).raw_host or ""
    except (ValueError, UnicodeError):
        name = ""
    labels = name.split(".")
    if len(name) > _MAX_HOST or not all(map(_LABEL.fullmatch, labels)):
        raise InvalidPattern(
            f"A host is a name without a port, as in 'debs.example.com' or '*.example.com': "
            f"'{text[:_MAX_HOST]}'."
        )
    if is_wild and len(labels) == 1:
        raise InvalidPattern(f"'{text}' would be every host of a top-level domain.")
    return f"*.{name}" if is_wild else name


def host_of(header: str) -> str:
    """Return the host of a request's Host header, as `parse_host` writes it; "" for none.

    One that is longer than any host, or no text of ASCII, counts as none.
    """
    name = header.lower()
    if not name.startswith("["):
        name = name.partition(":")[0]
    is_host = len(name) <= _MAX_HOST and name.isascii() and name.isprintable()
    return name.removesuffix(".") if is_host else ""


def patterns_of(host: str) -> list[str]:
    """Return the hosts of the routes that a host can belong to: the most specific first.

    The last one, "", is that of routes without a host.
    """
    labels = host.split(".")
    wild = [f"*.{'.'.join(labels[at:])}" for at in range(1, len(labels))]
    return [*([host] if host else []), *wild, ""]


def stems_of(segments: Sequence[str]) -> list[str]:
    """Return the stems of the mounts that a path can be below: its own begin, up to each slash.

    Segments that PostgreSQL cannot store end the list; no mount has them.
    """
    stems = ["/"]
    for segment in segments[:MAX_SEGMENTS]:
        if not segment or _UNSTORABLE.search(segment):
            break
        stems.append(f"{stems[-1]}{segment}/")
    return stems
