"""Our verdicts on archives, compared with those of the oldest and the newest release.

We take the archives that these releases build and install, and refuse those that they cannot. Only
`ansible-galaxy` is asked, not a server. Refusals of ours that it does not share are in STRICTER,
and documented in docs/galaxy.md.
"""

import io
import json
import keyword
import os
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pulp_contentroutes.galaxy.collection import read_collection
from pulp_contentroutes.galaxy.errors import InvalidCollection
from pulp_contentroutes.galaxy.limits import Limits
from pulp_contentroutes.galaxy.role import read_role
from pulp_contentroutes.galaxy.semantic_version import check_requirement
from tests.clients.commands import only_before_a_release
from tests.clients.environments import RELEASES
from tests.clients.oracle import Oracle
from tests.unit.galaxy.archives import FILES, INFO, archive, files_json, member, packed, sha256

STRICTER = (
    "does not tell of",
    "two members named",
    "is no file, no directory and no link",
    "leads out of the archive",
    "has a file named",
    "leads out of a folder",
    "too long or too deep",
    "is not at most 64 lower-case letters",
    "capital letters",
    "YAML anchors",
    # Links that FILES.json does not mention.
    "leads to nothing",
    "leads to itself",
    "leads to no file that is before it",
)
OWN_INFO = {**INFO, "dependencies": {}}
some = pytest.mark.parametrize("examples", [6, *only_before_a_release(300)])


@pytest.fixture(scope="module")
def oracles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Oracle]]:
    """The oldest release and the newest."""
    first, last = (Oracle(each, tmp_path_factory.mktemp("o")) for each in {*RELEASES[::3]})
    with first, last:
        yield [first, last]


def check_for_all(
    examples: int, values: st.SearchStrategy[Any], check: Callable[[Any], None]
) -> None:
    """Check this many values; a small number of them is the same in every run."""
    settings(
        max_examples=examples,
        derandomize=examples < 100,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )(given(values)(check))()


def refusal_of(read: Callable[[io.BytesIO, Limits], object], data: bytes) -> str | None:
    try:
        read(io.BytesIO(data), Limits())
    except InvalidCollection as error:
        return str(error)
    return None


def warnings_of(data: bytes) -> tuple[str, ...]:
    return read_collection(io.BytesIO(data), Limits()).warnings


def expect_same_verdict(ours: str | None, theirs: list[str | None]) -> None:
    problem = next(filter(None, theirs), None)
    if problem is not None:
        assert ours is not None, problem
    elif ours is not None:
        assert any(reason in ours for reason in STRICTER), ours


# Files in the folders of authors.

LETTERS = st.sampled_from(list("ab.- \xfc\u202e\n\\*")) | st.characters(exclude_characters="/\0")
PARTS = st.text(LETTERS, min_size=1, max_size=6).filter(
    lambda part: part not in (".", "..") and not part.endswith((".pyc", ".retry"))
)
PATHS = st.lists(PARTS, min_size=1, max_size=3).map("/".join)


@st.composite
def sources(draw: st.DrawFn) -> dict[str, tuple[str, str]]:
    """Return the things to make, by path: a file with text, a link or hard link to another path."""
    names = draw(st.lists(PATHS, min_size=1, max_size=5, unique=True))
    made = {name: ("file", draw(st.text(max_size=5))) for name in names}
    for name in draw(st.lists(PATHS, max_size=3, unique=True)):
        kind = draw(st.sampled_from(["link", "hard", "link to folder"]))
        made.setdefault(name, (kind, draw(st.sampled_from(names))))
    return made


def make(source: Path, things: dict[str, tuple[str, str]]) -> None:
    """Make the collection acme.tools; leave out things that cannot be made beside the others."""
    (source / "meta").mkdir(parents=True)
    (source / "meta/runtime.yml").write_text("requires_ansible: '>=2.9'\n")
    (source / "galaxy.yml").write_text(yaml.safe_dump({**OWN_INFO, "license_file": ""}))
    (source / "README.md").write_text("# Tools\n")
    for number, (name, (kind, value)) in enumerate(things.items()):
        path, other = source / name, source / value
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if kind == "file":
                path.write_text(value)
            elif kind == "link":
                path.symlink_to(os.path.relpath(other, path.parent))
            elif kind == "hard":
                path.hardlink_to(other)
            elif other.parent != source:
                path.symlink_to(os.path.relpath(other.parent, path.parent))
            os.utime(path, (1_700_000_000, 1_700_000_000 + number / 7), follow_symlinks=False)
        except (OSError, UnicodeError):
            continue


@some
def test_what_is_built_is_taken_and_installed(
    oracles: list[Oracle], tmp_path_factory: pytest.TempPathFactory, examples: int
) -> None:
    """Any names, links, hard links, dates with fractions."""

    def check(things: dict[str, tuple[str, str]]) -> None:
        source = tmp_path_factory.mktemp("source") / "tools"
        make(source, things)
        for builder in oracles:
            data = builder.build(source)
            assert refusal_of(read_collection, data) is None
            assert warnings_of(data) == ()
            for installer in oracles:
                assert installer.problem_of_collection(data) is None

    check_for_all(examples, sources(), check)


# Archives as others make them.

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
KINDS = st.sampled_from(
    [tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE]
)
TARGETS = st.sampled_from(
    [
        "README.md",
        "plugins",
        "../README.md",
        "modules",
        "plugins/modules",
        "a",
        "b",
        "link",
        "none",
        ".",
        "..",
        "../..",
        "/etc",
        "./plugins/../a",
        "plugins/modules/ping.py",
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


def add_all(tar: tarfile.TarFile, members: Any) -> None:
    for name, kind, target in members:
        tar.addfile(
            member(name, kind, target if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else "")
        )


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


# Contents of manifests.

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


# Roles.

ROLE_NAMES = st.sampled_from(
    [
        "r/x",
        "r/tasks/main.yml",
        "r/./y",
        "r/a/../z",
        "x",
        "/x",
        "../x",
        "r/../x",
        "r/l",
        "r/l/x",
        "r/meta/main.yml",
        "r/a\nb",
        "r/" + "x" * 256,
        "r/tests/r/meta/main.yml",
        "./r/x",
    ]
)
ROLE_TARGETS = TARGETS | st.sampled_from(["x", "meta", "r/x", "../../x", "../r/x", "meta/main.yml"])
MAIN = b"galaxy_info: {author: x, description: y}\n"


ROLES = st.tuples(
    st.sampled_from(["r/meta/main.yml", "r/meta/main.yaml", "r/x.yml"]),
    st.lists(st.tuples(ROLE_NAMES, KINDS, ROLE_TARGETS), max_size=3),
)


@some
def test_a_role_is_taken_if_clients_install_it(oracles: list[Oracle], examples: int) -> None:
    def check(made: tuple[str, Any]) -> None:
        name, members = made
        data = packed({name: MAIN}, lambda tar: add_all(tar, members)).read()
        theirs = [oracle.problem_of_role(data) for oracle in oracles]
        expect_same_verdict(refusal_of(read_role, data), theirs)

    check_for_all(examples * 2, ROLES, check)
