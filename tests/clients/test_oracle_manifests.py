"""Manifests are accepted if clients can use their names, versions and ranges."""

import keyword
from typing import Any

from hypothesis import strategies as st

from pulp_contentroutes.galaxy.collection import read_collection
from pulp_contentroutes.galaxy.semantic_version import check_requirement
from tests.clients.oracle import Oracle
from tests.clients.verdicts import OWN_INFO, check_for_all, expect_same_verdict, refusal_of, some
from tests.unit.galaxy.archives import archive

RANGES = st.text("0123456789.<>=!*~-+ av,", max_size=8) | st.builds(
    "".join,
    st.lists(
        st.sampled_from(
            [
                ">=",
                "<",
                "=",
                "==",
                "!=",
                "~=",
                "1",
                "1.0",
                "1.0.0",
                "01",
                "v1",
                "-beta",
                "+x",
                "*",
                " ",
                ",",
                ".",
                "-01",
            ]
        ),
        max_size=5,
    ),
)


@some
def test_a_range_is_taken_if_clients_can_compare_every_version_with_it(
    oracles: list[Oracle], examples: int
) -> None:
    def check(text: str) -> None:
        # A client stops at the first part that does not match, and does not read all parts for
        # each version.
        theirs = [
            oracle.problem_of_requirement("1.0.0", part)
            for oracle in oracles
            for part in text.split(",")
        ]
        ours = refusal_of(lambda *_: check_requirement(text), b"")
        assert (ours is None) == (set(theirs) == {None}), (text, ours, theirs)

    check_for_all(examples * 10, RANGES, check)


VERSIONS = st.text("019.-+av", min_size=1, max_size=9) | st.builds(
    "{}.{}.{}{}".format,
    *[st.integers(0, 10**9)] * 3,
    st.sampled_from(["", "-a", "-1", "-01", "+1", "-a.b+c", "-", " ", "\n"]),
)


@some
def test_a_version_is_taken_if_clients_install_it(oracles: list[Oracle], examples: int) -> None:
    def check(version: str) -> None:
        data = archive(info={**OWN_INFO, "version": version}).read()
        theirs = [oracle.problem_of_collection(data) for oracle in oracles]
        expect_same_verdict(refusal_of(read_collection, data), theirs)

    check_for_all(examples, VERSIONS, check)


@some
def test_a_name_is_taken_only_if_clients_find_what_they_installed(
    oracles: list[Oracle], examples: int
) -> None:
    names = st.text("abz09_", min_size=1, max_size=5) | st.sampled_from(keyword.kwlist)

    def check(name: str) -> None:
        data = archive(info={**OWN_INFO, "namespace": name}).read()
        theirs = [oracle.problem_of_collection(data) for oracle in oracles]
        expect_same_verdict(refusal_of(read_collection, data), theirs)

    check_for_all(examples, names, check)


VALUES: Any = st.sampled_from([None, "", [], {}, "x", 5, ["x"], [5], {"a.b": "*"}, {"a.b": 1}])


@some
def test_a_manifest_that_clients_cannot_use_is_refused(
    oracles: list[Oracle], examples: int
) -> None:
    """The converse does not hold: we also refuse values of other types."""

    def check(change: tuple[str, Any]) -> None:
        field, value = change
        data = archive(info={**OWN_INFO, field: value}).read()
        if refusal_of(read_collection, data) is None:
            assert [oracle.problem_of_collection(data) for oracle in oracles] == [None, None]

    check_for_all(examples * 2, st.tuples(st.sampled_from(sorted(OWN_INFO)), VALUES), check)
