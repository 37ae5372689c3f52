"""Each collection that a release builds is accepted, and each release installs it."""

import os
from pathlib import Path

import pytest
import yaml
from hypothesis import strategies as st

from pulp_contentroutes.galaxy.collection import read_collection
from tests.clients.oracle import Oracle
from tests.clients.verdicts import OWN_INFO, check_for_all, refusal_of, some, warnings_of

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
