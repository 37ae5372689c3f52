"""Reading directory listings, to compare their entries whatever their markup."""

import html
import re
from dataclasses import dataclass
from urllib.parse import unquote

_ENTRY = re.compile(r'<a href="\./(.*?)">(.*?)</a>(.*)')
_TITLE = re.compile(r"<title>Index of (.*?)</title>")


@dataclass(frozen=True, slots=True)
class Entry:
    link: str
    name: str
    date_and_size: str


@dataclass(frozen=True, slots=True)
class Listing:
    title: str
    entries: tuple[Entry, ...]

    def texts(self) -> list[tuple[str, str]]:
        return [(entry.name, entry.date_and_size) for entry in self.entries]


def is_listing(body: bytes) -> bool:
    return b"<title>Index of " in body


def read(body: bytes) -> Listing:
    text = body.decode()
    title = _TITLE.search(text)
    entries = (
        Entry(
            html.unescape(found[1]),
            html.unescape(found[2]),
            " ".join(html.unescape(found[3]).split()),
        )
        for found in map(_ENTRY.match, text.partition("<pre>")[2].splitlines())
        if found
    )
    return Listing(html.unescape(title[1]) if title else "", tuple(entries))


def faults(stock: bytes, ours: bytes, path: str) -> list[str]:
    """Return the faults of our listing of the decoded URL `path`, next to Pulp's."""
    expected, listing = read(stock), read(ours)
    found = []
    if sorted(listing.texts()) != sorted(expected.texts()):
        found.append("the listing has other entries than Pulp's")
    if listing.title != path:
        found.append(f"the title is {listing.title!r} and not {path!r}")
    found += [
        f"the link {entry.link!r} is not the name {entry.name!r}"
        for entry in listing.entries
        if unquote(entry.link) != entry.name or not entry.link.isascii()
    ]
    return found
