"""Directory listings in Pulp's layout, with every link percent-encoded and every text escaped."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db.models import Q
from jinja2 import Environment
from pulpcore.plugin.models import Distribution, Publication, Repository
from pulpcore.plugin.util import get_domain

from pulp_contentroutes.app.edge.canonical_urls import CHECKPOINT_FORMAT
from pulp_contentroutes.paths import percent_encode

#: Names come from users who upload content: nothing in a listing may run, and no client
#: may take a listing for another type.
HEADERS: Final = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
}

_NAME_COLUMN: Final = 100
_START: Final = "<!DOCTYPE html>\n<html>\n<head><title>Index of "
_START_BYTES: Final = _START.encode()

_TEMPLATE: Final = Environment(autoescape=True).from_string(
    _START
    + """{{ path }}</title></head>
<body style="background-color: white">
<h1>Index of {{ path }}</h1>
<hr><pre>
{%- if not is_root %}<a href="../">../</a>{% endif %}
{% for entry in entries -%}
<a href="./{{ entry.link }}">{{ entry.name }}</a>{{ entry.padding }} {{ entry.date }}  \
{% if entry.size is not none %}{{ entry.size | filesizeformat }}{% endif %}
{% endfor -%}
</pre><hr></body>
</html>
"""
)


def render(
    names: Iterable[str],
    path: str,
    dates: Mapping[str, datetime] | None = None,
    sizes: Mapping[str, int] | None = None,
    is_root: bool = False,
) -> str:
    """Return the page that lists `names` (directories end in `/`) under the decoded URL `path`."""
    dates, sizes = dates or {}, sizes or {}
    entries = [
        {
            "name": name,
            "link": percent_encode(name),
            "padding": " " * (_NAME_COLUMN - len(name)),
            "date": f"{dates[name]:%d-%b-%Y %H:%M}" if name in dates else "",
            "size": sizes.get(name),
        }
        for name in sorted(names)
    ]
    return _TEMPLATE.render(path=path, entries=entries, is_root=is_root)


@dataclass(frozen=True, slots=True)
class Listing:
    """The names in a directory (those of directories end in `/`), with dates and sizes of some."""

    names: frozenset[str]
    dates: Mapping[str, datetime]
    sizes: Mapping[str, int]

    def render(self, path: str) -> str:
        """Return the page for the directory at the decoded URL `path`."""
        return render(self.names, path, self.dates, self.sizes, is_root=path == "/")


def merge(found: Sequence[Listing]) -> Listing:
    """Return the listing of all names; date and size of one are those of the first that has it."""
    dates: dict[str, datetime] = {}
    sizes: dict[str, int] = {}
    for listing in reversed(found):
        # A file without a date hides that of a later one.
        for name in listing.names:
            dates.pop(name, None)
            sizes.pop(name, None)
        dates.update(listing.dates)
        sizes.update(listing.sizes)
    return Listing(frozenset().union(*(each.names for each in found)), dates, sizes)


def is_listing(body: object) -> bool:
    """Tell whether `body` was made by `render`, and is not HTML from another plugin."""
    return isinstance(body, bytes) and body.startswith(_START_BYTES)


def distribution_directories(base: str) -> set[str]:
    """Return the first path segments below `base` of the distributions that Pulp lists.

    `base` is "" or ends in `/`. Blocking (one query): pulpcore.content.handler.DistroListings.
    """
    listed = Distribution.objects.filter(
        pulp_domain=get_domain(), base_path__startswith=base
    ).exclude(Q(pulp_type="core.artifact") | Q(hidden=True))
    if settings.HIDE_GUARDED_DISTRIBUTIONS:
        listed = listed.filter(content_guard__isnull=True)
    paths = listed.values_list("base_path", flat=True)
    return {path[len(base) :].partition("/")[0] + "/" for path in paths.iterator()}


def checkpoint_directories(repository: Repository | None) -> dict[str, datetime]:
    """Return the directories of a repository's checkpoints, each with its date.

    Blocking (one query): pulpcore.content.handler.CheckpointListings.
    """
    checkpoints = Publication.objects.filter(
        repository_version__repository=repository, checkpoint=True
    )
    dates = checkpoints.order_by("pulp_created").values_list("pulp_created", flat=True)
    return {f"{date:{CHECKPOINT_FORMAT}}/": date for date in dates}
