"""Removing a data folder removes its own database only."""

import shutil
from pathlib import Path

import pytest

from pulp_contentroutes.standalone import data_dir
from tests.unit.standalone.copies.conftest import copy, home_of, make_earlier, settle


@pytest.mark.parametrize("is_earlier", [False, True])
def test_removing_a_copy_leaves_the_database_of_the_original(
    linked: Path, is_earlier: bool
) -> None:
    if is_earlier:
        make_earlier(linked)
    other = copy(linked)
    home = home_of(linked)
    assert data_dir.remove_contents(other) == home
    assert not other.exists()
    assert (home / "data" / "PG_VERSION").exists()
    assert data_dir.remove_contents(linked) is None
    assert not home.exists()


def test_removing_a_copy_of_an_original_that_was_moved_leaves_its_database(linked: Path) -> None:
    other = copy(linked)
    home = home_of(linked)
    moved = linked.rename(linked.with_name("moved"))
    assert data_dir.remove_contents(other) == home
    settle(moved)
    assert (home / "data").exists()


def test_a_database_that_is_not_proven_to_be_the_folders_own_is_left(linked: Path) -> None:
    """Before it has started, it may be a folder moved to another disk, or a copy of one."""
    home = home_of(linked)
    moved = copy(linked)
    shutil.rmtree(linked)
    assert data_dir.remove_contents(moved) == home
    assert (home / "data").exists()
