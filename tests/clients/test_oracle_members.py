"""Archives with members of any kind are accepted if clients install and verify them."""

import io
import json
import tarfile
from typing import Any

import pytest
from hypothesis import strategies as st

from pulp_contentroutes.galaxy.collection import read_collection
from tests.clients.oracle import Oracle
from tests.clients.verdicts import (
    KINDS,
    OWN_INFO,
    TARGETS,
    add_all,
    check_for_all,
    expect_same_verdict,
    refusal_of,
    some,
    warnings_of,
)
from tests.unit.galaxy.archives import FILES, archive, files_json, sha256

NAMES = st.sampled_from(
    [
        "README.md",
        "plugins",
        "plugins/x",
        "plugins/modules/ping.py",
        "a",
        "a/b",
        "./a",
        "a//b",
        "a/../b",
        "plugins/",
        "link",
        "link/x",
        "link/ping.py",
        "l2",
        ".",
        "a/..",
    ]
)
MEMBERS = st.tuples(NAMES, KINDS, TARGETS)
ENTRIES = st.tuples(NAMES, st.sampled_from(["file", "dir"]), st.sampled_from(["", "README.md"]))


@st.composite
def hand_made(draw: st.DrawFn) -> tuple[Any, Any]:
    """Return members and entries of FILES.json, beside those of the usual collection."""
    members = draw(st.lists(MEMBERS, max_size=3))
    entries = [
        (name, "dir" if kind == tarfile.DIRTYPE else "file", "README.md" if "R" in target else "")
        for name, kind, target in members
        if draw(st.integers(0, 9))
    ]
    return members, draw(st.permutations([*entries, *draw(st.lists(ENTRIES, max_size=1))]))


def collection_of(members: Any, entries: Any) -> bytes:
    listed = json.loads(files_json(FILES))
    for name, kind, same in entries:
        digest = {"chksum_type": "sha256", "chksum_sha256": sha256(FILES.get(same, b""))}
        listed["files"].append({"name": name, "ftype": kind, **(digest if kind == "file" else {})})

    return archive(
        listed=json.dumps(listed).encode(), add=lambda tar: add_all(tar, members), info=OWN_INFO
    ).read()


@some
def test_what_is_made_by_hand_is_taken_if_clients_install_and_verify_it(
    oracles: list[Oracle], examples: int
) -> None:
    def check(made: tuple[Any, Any]) -> None:
        data = collection_of(*made)
        ours = refusal_of(read_collection, data)
        theirs = [oracle.problem_of_collection(data) for oracle in oracles]
        if ours is None and "verify" in " ".join(warnings_of(data)):
            return
        if ours is not None and any("modified content" in str(each) for each in theirs):
            return
        expect_same_verdict(ours, theirs)

    check_for_all(examples * 2, hand_made(), check)


@pytest.mark.parametrize("prefix", ["./", "x/../"])
def test_other_spellings_of_names_are_refused(oracles: list[Oracle], prefix: str) -> None:
    usual = archive(info=OWN_INFO)
    spelled = io.BytesIO()
    with tarfile.open(fileobj=usual) as tar, tarfile.open(fileobj=spelled, mode="w:gz") as other:
        for each in tar.getmembers():
            file = tar.extractfile(each) if each.isreg() else None
            each.name = prefix + each.name
            other.addfile(each, file)
    assert refusal_of(read_collection, spelled.getvalue()) is not None
    assert None not in [oracle.problem_of_collection(spelled.getvalue()) for oracle in oracles]
