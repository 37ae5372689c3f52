"""How each plugin's content is served: the table that the clients' requests are compared with."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from tests.plugins.front import Request

#: The fast path has answered.
FAST: Final = "fast"
#: Pulp has answered, because the hook of a distribution may do so.
HOOK: Final = "handed-over; distribution-hook"

#: By plugin: a pattern of paths below the base path, and how they are answered.
EXPECTED: Final[Mapping[str, Mapping[str, str]]] = {
    "rpm": {
        r"config\.repo": HOOK,
        r"repodata/.*": FAST,
        r"Packages/.*\.rpm": FAST,
    },
    "deb": {
        r"dists/.*/Release": FAST,
        r"dists/.*/Packages.*": FAST,
        r"dists/.*/by-hash/.*": FAST,
        r"pool/.*\.deb": FAST,
    },
    "python": {
        r"simple/.*/": FAST,
        r".*\.whl": FAST,
        r".*\.whl\.metadata": FAST,
        r".*\.tar\.gz": FAST,
        r"pypi/.*/json": HOOK,
    },
    "npm": {
        # The document of a package, which is made for each request.
        r"(@[^/]+/)?[^/]+": HOOK,
        r".*/-/.*\.tgz": FAST,
    },
    "maven": {
        r".*\.(pom|jar)": FAST,
        r".*\.sha1": FAST,
    },
    "file": {r".*": FAST},
    # Below /pulp/container/, a prefix of the plugin's own.
    "container": {r"blobs/sha256:[0-9a-f]{64}": FAST},
}
#: Pulp has answered, and the fast path has not seen the request.
_PULP: Final = ""
#: The rows that are others for releases of which the fast path knows no rule, by environment.
_UNKNOWN: Final[Mapping[str, Mapping[str, Mapping[str, str]]]] = {
    # The older pulp_container also redirects to its manifests.
    "floor": {
        "container": {r"blobs/sha256:[0-9a-f]{64}": _PULP, r"manifests/.*": _PULP},
    },
}
#: Answers with content, whole or in part, or with the word that the client has it.
_WITH_CONTENT: Final = (200, 206, 304)


def expect(
    plugin: str,
    requests: Iterable[Request],
    prefix: str,
    *patterns: str,
    environment: str = "newest",
) -> None:
    """Compare the answers below the prefix with the table, which must have a row for each path.

    Each of `patterns`, which are rows of the table, must occur.
    """
    occurred = set()
    for request in requests:
        if request.status in _WITH_CONTENT and request.path.startswith(prefix):
            path = request.path.removeprefix(prefix)
            rows = {**EXPECTED[plugin], **_UNKNOWN.get(environment, {}).get(plugin, {})}
            [pattern] = [each for each in rows if re.fullmatch(each, path)]
            expected = rows[pattern]
            answered = FAST if request.came_about.startswith(f"{FAST};") else request.came_about
            assert answered == expected, request
            occurred.add(pattern)
    assert occurred.issuperset(patterns), f"{set(patterns) - occurred} of {requests}"
