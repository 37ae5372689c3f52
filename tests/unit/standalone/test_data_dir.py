"""The data folder: never another user's, never of two instances; foreign files are not deleted."""

import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from pulp_contentroutes.standalone import data_dir
from pulp_contentroutes.standalone.cli import main
from pulp_contentroutes.standalone.errors import AlreadyRunning, NoDiskSpace, UnusableFolder


def test_a_new_folder_is_made_and_can_be_used_again(tmp_path: Path) -> None:
    data = tmp_path / "a" / "b"
    data_dir.create(data)
    (data / data_dir.OPTIONS_FILE).write_text("{}")
    data_dir.create(data)
    assert data_dir.is_ours(data)
    assert {path.name for path in data.iterdir()} <= set(data_dir.CONTENTS)


def test_a_folder_with_other_things_in_it_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.odt").write_text("years of work")
    with pytest.raises(UnusableFolder, match=r"is not empty and holds no Pulp \(found: thesis"):
        data_dir.create(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.odt"]


def test_a_folder_with_familiar_names_is_refused_and_left_alone(tmp_path: Path) -> None:
    """A Django project has a settings.py and a folder media, too."""
    (tmp_path / "media").mkdir()
    (tmp_path / "settings.py").write_text("DEBUG = True")
    with pytest.raises(UnusableFolder, match="holds no Pulp"):
        data_dir.create(tmp_path)
    assert (tmp_path / "settings.py").read_text() == "DEBUG = True"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can write into another user's folder")
def test_another_users_folder_is_refused_even_to_root(tmp_path: Path) -> None:
    data_dir.create(tmp_path)
    for path in (tmp_path, *tmp_path.iterdir()):
        os.chown(path, 65534, 65534)
    with pytest.raises(UnusableFolder, match="belongs to another user"):
        data_dir.create(tmp_path)


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UnusableFolder, match="cannot be used"):
        data_dir.create(tmp_path / "file")
    with pytest.raises(UnusableFolder, match="cannot be used"):
        data_dir.create(tmp_path / "file" / "below")


def test_an_unreadable_folder_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0)
    user = os.geteuid()
    try:
        if user == 0:
            # Root may read everything, so become another user for a moment.
            os.seteuid(65534)
        with pytest.raises(UnusableFolder, match="Permission denied"):
            data_dir.create(tmp_path)
    finally:
        os.seteuid(user)


def test_a_full_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = SimpleNamespace(total=10**9, used=10**9 - 5_000_000, free=5_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(NoDiskSpace, match="5 MB free, and a Pulp needs 300 MB"):
        data_dir.create(tmp_path)


def test_only_one_instance_holds_a_folder(tmp_path: Path) -> None:
    data_dir.create(tmp_path)
    assert not data_dir.is_held(tmp_path)
    with data_dir.hold(tmp_path):
        assert data_dir.is_held(tmp_path)
        with pytest.raises(AlreadyRunning, match="already running"), data_dir.hold(tmp_path):
            pass
    assert not data_dir.is_held(tmp_path)


def test_removing_leaves_what_is_not_ours(tmp_path: Path) -> None:
    data, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
    data_dir.create(data)
    elsewhere.mkdir()
    (elsewhere / "precious").write_text("mine")
    (data / "media").rmdir()
    (data / "media").symlink_to(elsewhere)
    (data / "postgresql").symlink_to(elsewhere)
    (data / "settings.py").write_text("")
    (data / "notes.txt").write_text("mine")
    data_dir.remove_contents(data)
    assert [path.name for path in data.iterdir()] == ["notes.txt"]
    assert (elsewhere / "precious").read_text() == "mine"


def test_removing_takes_the_database_that_stands_in_the_system_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = tmp_path / "system"
    monkeypatch.setattr(data_dir, "SYSTEM_FOLDER", system)
    (system / "cluster-1").mkdir(parents=True)
    data = tmp_path / "data"
    data_dir.create(data)
    (data / "postgresql").symlink_to(system / "cluster-1")
    data_dir.remove_contents(data)
    assert not any(system.iterdir())


def test_removing_takes_the_folder_when_nothing_else_is_in_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data_dir.create(data)
    data_dir.remove_contents(data)
    assert not data.exists()


@pytest.mark.parametrize("name", [data_dir.DATABASE_FOLDER, "run"])
def test_a_reset_that_was_interrupted_can_be_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    data = tmp_path / "data"
    data_dir.create(data)
    (data / data_dir.DATABASE_FOLDER).mkdir()
    remove = shutil.rmtree

    def interrupt(path: Path) -> None:
        assert data_dir.is_held(data)
        remove(path)
        if path.name == name:
            raise KeyboardInterrupt

    command = ["reset", "--yes", "--data", str(data)]
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", interrupt)
        assert CliRunner().invoke(main, command).exit_code == 130
    assert data_dir.is_ours(data)
    assert CliRunner().invoke(main, command).exit_code == 0
    assert not data.exists()
