"""Templates of content routes: text with names in braces, filled with parts of a request's path."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from yarl import URL

from pulp_contentroutes.paths import percent_encode
from pulp_contentroutes.serving.routing.mount_patterns import PATH, InvalidPattern

MAX_TEMPLATE: Final = 2000

#: Characters of a query that are sent as they are (RFC 3986 §3.4), the percent sign included.
_QUERY: Final = "%/?:@!$&'()*+,;=-._~[]"
_NAME: Final = re.compile(r"\{([^{}]*)\}")
#: Characters that no Location has: spaces and control characters, and those of RFC 3986 that must
#: be encoded.
_UNENCODED: Final = re.compile(r'[\x00-\x20\x7f-\U0010ffff"<>\\^`|]')


@dataclass(frozen=True, slots=True)
class Template:
    """Literal texts with a name between any two of them."""

    texts: tuple[str, ...]
    names: tuple[str, ...]

    def render(self, values: Mapping[str, str]) -> str:
        """Return the text with the values of the names."""
        filled = [self.texts[0]]
        for name, text in zip(self.names, self.texts[1:], strict=True):
            filled += values[name], text
        return "".join(filled)


def parse_location(text: str, captures: Collection[str]) -> Template:
    """Return the template of a redirect, or raise InvalidPattern.

    It is a URL, percent-encoded, of this server (`/…`) or with scheme and host (`https://…/…`); so
    that a client cannot choose the host, names stand only after it.
    """
    template = _parse(text, {*captures, PATH})
    unencoded = _UNENCODED.search(text)
    if unencoded:
        raise InvalidPattern(
            f"A location is written percent-encoded; this one has {unencoded.group()!r}."
        )
    start, fragment = template.texts[0], "".join(template.texts).partition("#")[1]
    if fragment:
        raise InvalidPattern("A location has no fragment ('#…'): it belongs to the client.")
    if start.startswith("/") and not start.startswith("//"):
        return template
    try:
        url = URL(start, encoded=True)
        is_web = url.scheme in ("http", "https") and bool(url.host) and url.user is None
    except ValueError:
        is_web = False
    # Without the slash, a name at the end of the text would continue the host.
    if not is_web or start.count("/") < 3:
        raise InvalidPattern(
            f"A location begins with one slash, or with http:// or https://, a host and a slash: "
            f"'{text}'."
        )
    return template


def parse_base_path(text: str, captures: Collection[str]) -> Template:
    """Return the template of a rewritten path, or raise InvalidPattern.

    It is `<base path>/<relative path>` without a slash at its begin and end; the path below the
    mount is appended.
    """
    template = _parse(text, captures)
    segments = text.split("/")
    if not all(segments) or {".", ".."} & set(segments):
        raise InvalidPattern(
            f"The path of a distribution has no empty segments, none of dots only, and no slash at "
            f"its begin or end: '{text}'."
        )
    return template


def fill_location(template: Template, captured: Mapping[str, str], path: str, query: str) -> str:
    """Return the location for a request; `captured` and `path` are decoded, `query` is raw."""
    values = {name: percent_encode(value) for name, value in captured.items()}
    location = template.render({**values, PATH: percent_encode(path)})
    if query:
        # A byte above 127 that was sent unencoded arrives as a surrogate.
        encoded = quote(query, safe=_QUERY, errors="surrogateescape")
        location += f"{'&' if '?' in location else '?'}{encoded}"
    return location


def _parse(text: str, names: Collection[str]) -> Template:
    if len(text) > MAX_TEMPLATE:
        raise InvalidPattern(f"A template has at most {MAX_TEMPLATE} characters.")
    found = tuple(_NAME.findall(text))
    texts = tuple(_NAME.split(text)[::2])
    if any("{" in each or "}" in each for each in texts):
        raise InvalidPattern(f"A brace has no counterpart in '{text}'.")
    unknown = sorted(set(found) - set(names))
    if unknown:
        known = ", ".join(f"{{{name}}}" for name in sorted(names)) or "none"
        raise InvalidPattern(f"The mount has no capture '{unknown[0]}'; known are: {known}.")
    unused = sorted(set(names) - set(found) - {PATH})
    if unused:
        raise InvalidPattern(f"The capture '{unused[0]}' of the mount is not used in '{text}'.")
    return Template(texts, found)
