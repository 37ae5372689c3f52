"""A copy of a data folder gets a copy of the database."""

from pathlib import Path
from typing import Any

import pytest

from pulp_contentroutes.standalone import data_dir
from pulp_contentroutes.standalone.data_dir import DATABASE_FOLDER
from pulp_contentroutes.standalone.errors import SharedWithOriginal
from pulp_contentroutes.standalone.postgres import Cluster
from tests.unit.standalone.copies.conftest import copy, home_of, make_earlier, settle


@pytest.mark.parametrize("is_earlier", [False, True])
@pytest.mark.parametrize("given", [{}, {"database_url": "postgresql://x/y"}])
def test_a_copy_of_a_folder_that_was_renamed_since_does_not_take_its_database(
    linked: Path, is_earlier: bool, given: dict[str, Any]
) -> None:
    if is_earlier:
        make_earlier(linked)
    home = home_of(linked)
    other = copy(linked)
    renamed = linked.rename(linked.with_name("c"))
    settle(other, **given)
    data_dir.remove_contents(other)
    assert (home / "data" / "PG_VERSION").exists()
    settle(renamed)
    if not is_earlier:
        assert home_of(renamed) == home


def test_a_database_in_use_by_a_folder_that_was_renamed_is_not_copied(
    linked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = home_of(linked)
    other = copy(linked)
    linked.rename(linked.with_name("c"))
    uses = iter([False, True])
    monkeypatch.setattr(Cluster, "is_in_use", lambda self: next(uses))
    with pytest.raises(SharedWithOriginal, match=r"which is in use: stop the Pulp that uses it"):
        settle(other)
    assert list(home.parent.iterdir()) == [home]
    assert home_of(other) == home


@pytest.mark.parametrize("is_earlier", [False, True])
def test_a_copy_says_so_and_gets_a_copy_of_the_database(
    linked: Path, is_earlier: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    if is_earlier:
        make_earlier(linked)
    other = copy(linked)
    home = home_of(linked)
    settle(other)
    assert f"It was a copy of {linked}, and is a Pulp of its own now" in capsys.readouterr().out
    assert home_of(other) != home
    assert home_of(other).parent == home.parent
    assert (home_of(other) / "data" / "PG_VERSION").read_text() == "18\n"
    assert home_of(linked) == home
    # Both are separate Pulps from now on.
    settle(other)
    settle(linked)
    assert "copy" not in capsys.readouterr().out
    assert data_dir.remove_contents(other) is None
    assert data_dir.remove_contents(linked) is None
    assert not list(home.parent.iterdir())


def test_a_copy_of_a_copy_knows_its_original(
    linked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = copy(linked)
    settle(other)
    third = copy(other, "c")
    capsys.readouterr()
    settle(third)
    assert f"It was a copy of {other}," in capsys.readouterr().out
    assert len({home_of(each) for each in (linked, other, third)}) == 3


def test_the_database_of_an_original_that_runs_is_not_copied(linked: Path) -> None:
    other = copy(linked)
    with data_dir.hold(linked), pytest.raises(SharedWithOriginal, match=r"in use: stop it first"):
        settle(other)
    assert home_of(other) == home_of(linked)


def test_a_copy_with_the_database_in_it_is_whole(
    tmp_path: Path, system: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "a"
    data_dir.create(data)
    (data / DATABASE_FOLDER / "data").mkdir(parents=True)
    settle(data)
    other = copy(data)
    settle(other)
    assert f"It was a copy of {data}, and is a Pulp of its own now" in capsys.readouterr().out
    settle(other)
    assert capsys.readouterr().out == ""


def test_an_interrupted_copy_begins_anew(linked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = copy(linked)
    home = home_of(linked)

    def interrupt(self: Cluster, home: Path) -> None:
        (home / "draft").mkdir()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Cluster, "copy_to", interrupt)
        with pytest.raises(KeyboardInterrupt):
            settle(other)
    assert [path.name for path in home.parent.iterdir()] == [home.name]
    settle(other)
    assert home_of(other) != home
