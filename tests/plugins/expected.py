"""How each plugin's content is served: the table that the clients' requests are compared with."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from tests.plugins.front import Request

#: The fast path has answered.
FAST: Final = "fast"
#: Reasons why Pulp has answered.
HOOK: Final = "distribution-hook"

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
}
#: Answers with content, whole or in part, or with the word that the client has it.
_WITH_CONTENT: Final = (200, 206, 304)


def find_expected(plugin: str, path: str) -> str | None:
    """Return how a path below the base path is expected to be answered."""
    for pattern, expected in EXPECTED[plugin].items():
        if re.fullmatch(pattern, path):
            return expected
    return None


def expect(plugin: str, requests: Iterable[Request], prefix: str, *patterns: str) -> None:
    """Compare the answers below the prefix with the table, which must have a row for each path.

    Each of `patterns`, which are rows of the table, must occur.
    """
    occurred = set()
    for request in requests:
        if request.status not in _WITH_CONTENT or not request.path.startswith(prefix):
            continue
        path = request.path.removeprefix(prefix)
        [(pattern, expected)] = [
            row for row in EXPECTED[plugin].items() if re.fullmatch(row[0], path)
        ]
        verb, _, detail = request.came_about.partition("; ")
        assert (verb if expected == FAST else detail) == expected, request
        occurred.add(pattern)
    assert occurred.issuperset(patterns), f"{set(patterns) - occurred} of {requests}"
