"""Versions sort in PostgreSQL as the specification wants it."""

from hypothesis import given
from hypothesis import strategies as st
from semver import Version

from pulp_contentroutes.galaxy.semantic_version import precedence_of

NUMBERS = st.one_of(st.integers(0, 20), st.integers(0, 10**30))
WORDS = st.text("aAzZ-09", min_size=1, max_size=4).filter(lambda word: not word.isdigit())
IDENTIFIERS = st.one_of(NUMBERS.map(str), WORDS)
PRERELEASES = st.one_of(st.none(), st.lists(IDENTIFIERS, min_size=1, max_size=3).map(".".join))
VERSIONS = st.builds(Version, NUMBERS, NUMBERS, NUMBERS, PRERELEASES)


@given(VERSIONS, VERSIONS)
def test_the_text_sorts_as_the_versions_do(one: Version, other: Version) -> None:
    texts = precedence_of(one).encode(), precedence_of(other).encode()
    assert (texts[0] < texts[1], texts[0] == texts[1]) == (one < other, one == other)


def test_the_example_of_the_specification() -> None:
    ordered = (
        "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2",
        "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.2.0", "1.10.0", "2.0.0",
    )  # fmt: skip
    texts = [precedence_of(Version.parse(text)) for text in ordered]
    assert texts == sorted(texts)
