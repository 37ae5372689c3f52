"""Versions sort in PostgreSQL as the specification requires."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from semver import Version

from pulp_contentroutes.galaxy.errors import InvalidManifest
from pulp_contentroutes.galaxy.semantic_version import check_requirement, precedence_of

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


@pytest.mark.parametrize(
    "text",
    [
        "*", "1.5", ">=1", ">=1.0", "=1.0.0", "==1.0.0", "!=1.0", ">=1.0.0,<2.0.0", ">=1.0-beta",
        "1.0.0.0", "01.0.0", "1.0.0+build", ">=1,*", "=*", "1.0.0-", ".", "1.0.0 ", ">1.0.0;",
    ],
)  # fmt: skip
def test_requirements_that_clients_resolve_are_taken(text: str) -> None:
    check_requirement(text)


@pytest.mark.parametrize(
    "text",
    [
        "", ">=", "v1.0.0", "latest", "~=1.0.0", ">=1.0.0,,<2.0.0", "1.0.0-01", "1.a.0",
        ">=1.0.0, <2.0.0", ">= 1.0.0", " ",
    ],
)  # fmt: skip
def test_requirements_that_stop_clients_are_refused(text: str) -> None:
    """`Non integer values in LooseVersion`: no client could install the collection."""
    with pytest.raises(InvalidManifest, match="requirement of a version") as refused:
        check_requirement(text)
    assert ("spaces" in str(refused.value)) is (" " in text)
