"""A data folder that was moved or restored continues with its database."""

import shutil
from pathlib import Path

import pytest

from pulp_contentroutes.standalone import data_dir, prepare
from pulp_contentroutes.standalone.errors import NoPostgreSQL
from tests.unit.standalone.copies.conftest import copy, home_of, make_earlier, settle


def test_a_folder_that_was_moved_keeps_its_database(
    linked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = home_of(linked)
    moved = linked.rename(linked.with_name("moved"))
    settle(moved)
    assert capsys.readouterr().out == ""
    assert home_of(moved) == home
    assert data_dir.remove_contents(moved) is None
    assert not home.exists()


@pytest.mark.parametrize("is_earlier", [False, True])
def test_a_folder_that_was_moved_to_another_disk_goes_on_with_its_database(
    linked: Path, is_earlier: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """It gets a copy of it: it looks the same as a copy whose original was renamed."""
    if is_earlier:
        make_earlier(linked)
    home = home_of(linked)
    moved = copy(linked)
    shutil.rmtree(linked)
    settle(moved)
    assert f"The one in {home} was left: delete it yourself" in capsys.readouterr().out
    own = home_of(moved)
    assert own != home
    assert (own / "data" / "PG_VERSION").read_text() == "18\n"
    settle(moved)
    assert capsys.readouterr().out == ""
    assert data_dir.remove_contents(moved) is None
    assert not own.exists()
    assert (home / "data").exists()


def test_a_folder_restored_from_a_backup_keeps_its_database(linked: Path) -> None:
    home = home_of(linked)
    backup = copy(linked)
    shutil.rmtree(linked)
    restored = copy(backup, linked.name)
    settle(restored)
    assert home_of(restored) == home


def test_commands_on_a_moved_folder_get_its_new_paths(linked: Path) -> None:
    """The settings of the last start contain the old paths."""
    moved = linked.rename(linked.with_name("moved"))
    prepare.find_usable(moved)
    settings = (moved / "settings.py").read_text()
    assert str(linked) + "/" not in settings
    assert f"MEDIA_ROOT = '{moved}/media'" in settings


def test_a_database_that_is_gone_is_not_made_anew_in_silence(linked: Path) -> None:
    shutil.rmtree(home_of(linked))
    with pytest.raises(NoPostgreSQL, match=r"cluster-1, which is gone: put it back, or begin anew"):
        settle(linked)
