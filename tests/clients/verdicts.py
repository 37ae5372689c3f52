"""Our verdicts on archives, compared with those of the oldest and the newest release.

We take the archives that these releases build and install, and refuse those that they cannot. Only
`ansible-galaxy` is asked, not a server. Refusals of ours that it does not share are in STRICTER,
and documented in docs/galaxy.md.
"""

import io
import tarfile
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pulp_contentroutes.galaxy.collection import read_collection
from pulp_contentroutes.galaxy.errors import InvalidCollection
from pulp_contentroutes.galaxy.limits import Limits
from tests.clients.commands import only_before_a_release
from tests.unit.galaxy.archives import INFO, member

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


def add_all(tar: tarfile.TarFile, members: Any) -> None:
    for name, kind, target in members:
        tar.addfile(
            member(name, kind, target if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else "")
        )
