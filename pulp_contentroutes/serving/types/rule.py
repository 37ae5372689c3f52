"""Rules: what the code of a plugin answers with, known without asking it.

pulpcore's content handler calls hooks of the distribution for each request
(`pulpcore.content.handler.Handler._match_and_stream`): `content_handler(path)` may answer it,
`content_headers_for(path)` may add headers, and `content_handler_list_directory` names to listings;
a rule allows for such names only in the listing of the base path. `path` is below the
distribution's base path, decoded.

A plugin may also have a handler on a route of its own.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rule:
    """A rule for one type of distributions, true for the code that it was read from."""

    #: The type, as in `pulp_type`.
    pulp_type: str
    #: The package that the type comes from, and its versions that the rule was tested with
    #: (PEP 440).
    package: str
    versions: str
    #: SHA-256, in hexadecimal, of the source of the hooks and of `functions`: `fingerprint_of` in
    #: app.edge.distribution_types. If it differs, the rule is not used.
    fingerprint: str
    #: The functions and classes that decide besides the hooks, by their dotted names.
    functions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TypeRule(Rule):
    """The rule for the hooks of a type."""

    #: Tells whether `content_handler` may answer a path; if so, the request is left to Pulp. Where
    #: it says no, the hook returns None.
    may_answer: Callable[[str], bool]
    #: The setting of the plugin with the names of files that are sent with
    #: `Cache-Control: no-cache`.
    no_cache_setting: str | None = None
    #: The labels of a repository that make its plugin do more than the rule describes: then the
    #: hooks are asked.
    labels: tuple[str, ...] = ()
    #: The table of publications that `content_handler` serves before the distribution's own, by the
    #: paths of published files; see OPTIONAL_COLUMNS of serving.database.schema.
    publications: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RouteRule(Rule):
    """The rule for the handler of a plugin's route: it serves files of a version by their paths.

    All else, also a file that the version does not have, is left to the handler.
    """

    #: The beginning of the URLs. The domain follows, if domains are enabled.
    prefix: str
    #: The rest of the route's pattern, as aiohttp writes it (`Resource.canonical`).
    pattern: str
    #: Matches that rest in a URL that has no percent-encoding. Its groups: `base_path`, the whole
    #: base path of a distribution, and `path`, that of the file, one segment.
    url: re.Pattern[str]
    #: Returns the fields for the file at a path, in place of pulpcore's of the same names.
    fields_for: Callable[[str], tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class ServedType:
    """A rule with the values of its settings; fields without a comment are those of the rule."""

    may_answer: Callable[[str], bool]
    #: The names of files that are sent with `Cache-Control: no-cache`.
    no_cache: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()
    publications: str | None = None

    def fields_for(self, path: str) -> tuple[tuple[str, str], ...]:
        """Return the fields that are set in place of pulpcore's for the file at `path`."""
        is_fresh = path.rpartition("/")[2] in self.no_cache
        return (("Cache-Control", "no-cache"),) if is_fresh else ()
