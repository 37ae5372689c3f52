"""A copy of a data folder never harms its original; a moved folder continues to work."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pulp_contentroutes.standalone import (
    configuration,
    copies,
    data_dir,
    postgres,
    prepare,
    programs,
    state,
)
from pulp_contentroutes.standalone.data_dir import DATABASE_FOLDER, MARKER, OPTIONS_FILE, OWNER_FILE
from pulp_contentroutes.standalone.errors import NoPostgreSQL, NotRunning, SharedWithOriginal
from pulp_contentroutes.standalone.options import Options
from pulp_contentroutes.standalone.postgres import Cluster
from pulp_contentroutes.standalone.prepare import instance_of
from pulp_contentroutes.standalone.programs import Account

Make = Callable[[str], Path]


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of root's databases."""
    system = tmp_path / "system"
    system.mkdir()
    for module in (programs, postgres, copies, data_dir):
        monkeypatch.setattr(module, "SYSTEM_FOLDER", system)
    monkeypatch.setattr(Account, "for_postgresql", lambda: None)
    return system


@pytest.fixture
def linked(tmp_path: Path, system: Path) -> Path:
    """Return the data folder of a Pulp that has run, with a link to its database."""
    data = tmp_path / "a"
    data_dir.create(data)
    home = system / "cluster-1"
    (home / "data").mkdir(parents=True)
    (home / "data" / "PG_VERSION").write_text("18\n")
    (data / DATABASE_FOLDER).symlink_to(home)
    (data / "media" / "artifact").mkdir()
    (data / "media" / "artifact" / "1").write_text("content")
    (data / OPTIONS_FILE).write_text(Options(nginx=False).dump())
    settle(data)
    configuration.write_settings(instance_of(data, Options())[0])
    return data


def make_earlier(data: Path) -> None:
    """Make the files those of an earlier version."""
    (data / MARKER).write_text("")
    (data / DATABASE_FOLDER / OWNER_FILE).unlink()


def copy(data: Path, name: str = "b") -> Path:
    """Copy the folder as `cp -a` does."""
    return Path(shutil.copytree(data, data.with_name(name), symlinks=True))


def settle(data: Path, **given: Any) -> None:
    options = Options.load(data / OPTIONS_FILE).with_changes(given)
    with data_dir.hold(data):
        copies.settle(*instance_of(data, options), given)


def home_of(data: Path) -> Path:
    return (data / DATABASE_FOLDER).resolve()


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


@pytest.mark.parametrize("name", ["manage", "env"])
def test_no_command_works_on_a_database_that_may_be_another_folders(
    linked: Path, name: str
) -> None:
    other = copy(linked)
    linked.rename(linked.with_name("c"))
    with pytest.raises(SharedWithOriginal, match=f"serve --data {other}' gives it a copy"):
        {"manage": enter_database, "env": prepare.find_usable}[name](other)


def test_a_database_that_is_not_proven_to_be_the_folders_own_is_left(linked: Path) -> None:
    """Before it has started, it may be a folder moved to another disk, or a copy of one."""
    home = home_of(linked)
    moved = copy(linked)
    shutil.rmtree(linked)
    assert data_dir.remove_contents(moved) == home
    assert (home / "data").exists()


def test_a_folder_restored_from_a_backup_keeps_its_database(linked: Path) -> None:
    home = home_of(linked)
    backup = copy(linked)
    shutil.rmtree(linked)
    restored = copy(backup, linked.name)
    settle(restored)
    assert home_of(restored) == home


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


def test_a_copy_without_content_that_the_original_has_got_since_is_refused(linked: Path) -> None:
    other = copy(linked)
    (linked / "media" / "artifact" / "2").write_text("since")
    said = (
        f"1 files of content in {linked}/media/artifact are not in {other}/media/artifact: stop "
        "the original and copy them, too"
    )
    with pytest.raises(SharedWithOriginal, match=said):
        settle(other)
    assert home_of(other) == home_of(linked)


@pytest.mark.parametrize("is_setting", [False, True])
@pytest.mark.parametrize("is_linked", [False, True])
def test_a_copy_of_a_folder_with_content_elsewhere_needs_a_copy_of_the_content(
    linked: Path, tmp_path: Path, is_setting: bool, is_linked: bool
) -> None:
    def option(media: Path | str) -> dict[str, Any]:
        return {"settings": {"MEDIA_ROOT": media}} if is_setting else {"media_root": media}

    if not is_linked:
        home = home_of(linked)
        (linked / DATABASE_FOLDER).unlink()
        home.rename(linked / DATABASE_FOLDER)
    media, own = tmp_path / "media", tmp_path / "own"
    (linked / "media").rename(media)
    (linked / "media").mkdir()
    (linked / OPTIONS_FILE).write_text(Options(**option(str(media))).dump())
    other = copy(linked)
    name = "--set MEDIA_ROOT" if is_setting else "--media-root"
    with pytest.raises(SharedWithOriginal, match=f"give {name} one of its own, with a copy of its"):
        settle(other)
    for given, place in (("", other / "media"), (str(own), own)):
        said = f"1 files of content in {media}/artifact are not in {place}/artifact: stop"
        with pytest.raises(SharedWithOriginal, match=said):
            settle(other, **option(given))
    shutil.copytree(media, own)
    settle(other, **option(str(own)))
    assert copies.original_of(other) is None


def test_a_copy_with_database_and_content_in_it_needs_nothing_that_came_since(
    linked: Path,
) -> None:
    home = home_of(linked)
    (linked / DATABASE_FOLDER).unlink()
    home.rename(linked / DATABASE_FOLDER)
    other = copy(linked)
    (linked / "media" / "artifact" / "2").write_text("since")
    settle(other)
    assert copies.original_of(other) is None


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("database_url", "postgresql://x/y"),
        ("media_root", "/srv/media"),
        ("redis_url", "redis://x/1"),
    ],
)
def test_a_copy_does_not_take_over_what_two_cannot_share(
    linked: Path, option: str, value: str
) -> None:
    (linked / OPTIONS_FILE).write_text(Options(**{option: value}).dump())  # type: ignore[arg-type]
    other = copy(linked)
    settle(linked)
    name = "--" + option.replace("_", "-")
    with pytest.raises(SharedWithOriginal, match=f"give {name} one of its own.*, or {name}= to do"):
        settle(other)
    settle(other, **{option: f"{value}2"})


@pytest.mark.parametrize(
    "name",
    ["DATABASES__default__NAME", "MEDIA_ROOT", "STORAGES__default__OPTIONS__bucket_name"],
)
def test_a_copy_does_not_take_over_settings_that_two_cannot_share(linked: Path, name: str) -> None:
    (linked / OPTIONS_FILE).write_text(Options(settings={name: "x", "A": "b"}).dump())
    other = copy(linked)
    settle(linked)
    with pytest.raises(SharedWithOriginal, match=f"give --set {name} one of its own"):
        settle(other)
    settle(other, settings={name: "y"})


def test_a_copy_takes_over_settings_that_lead_nowhere(linked: Path) -> None:
    settings = {"DATABASES__default__CONN_MAX_AGE": "5"}
    (linked / OPTIONS_FILE).write_text(Options(settings=settings).dump())
    other = copy(linked)
    settle(other)
    assert Options.load(other / OPTIONS_FILE).settings == settings


@pytest.mark.parametrize("value", ["", "postgresql://x/z"])
def test_a_copy_forgets_the_database_of_its_original_when_it_is_none_any_more(
    linked: Path, value: str
) -> None:
    """Its first start may fail afterwards, and later commands read the stored options."""
    (linked / OPTIONS_FILE).write_text(Options(database_url="postgresql://x/y").dump())
    other = copy(linked)
    settle(other, database_url=value)
    assert copies.original_of(other) is None
    assert Options.load(other / OPTIONS_FILE).database_url == (value or None)


def test_a_copy_with_another_database_leaves_the_link_behind(linked: Path) -> None:
    """If --database-url is revoked later, the copy must not use the database of the original."""
    other = copy(linked)
    settle(other, database_url="postgresql://x/y")
    assert not (other / DATABASE_FOLDER).is_symlink()


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


@pytest.mark.parametrize("name", ["manage", "env"])
def test_no_command_works_on_the_database_of_a_copys_original(linked: Path, name: str) -> None:
    other = copy(linked)
    with pytest.raises(SharedWithOriginal, match=f"serve --data {other}' makes it a Pulp of its"):
        {"manage": enter_database, "env": prepare.find_usable}[name](other)


def enter_database(data: Path) -> None:
    with prepare.with_database(data):
        pytest.fail("the database of the original was used")


def test_commands_on_a_moved_folder_get_its_new_paths(linked: Path) -> None:
    """The settings of the last start contain the old paths."""
    moved = linked.rename(linked.with_name("moved"))
    prepare.find_usable(moved)
    settings = (moved / "settings.py").read_text()
    assert str(linked) + "/" not in settings
    assert f"MEDIA_ROOT = '{moved}/media'" in settings


def test_the_processes_of_the_original_are_not_those_of_a_copy(linked: Path) -> None:
    """While `manage` holds the copy, `stop` would end the original."""
    with data_dir.hold(linked):
        state.write(linked / "run", [])
        other = copy(linked)
        found = prepare.find_running(linked)
        assert found.supervisor == os.getpid()
        with data_dir.hold(other), pytest.raises(NotRunning):
            prepare.find_running(other)


def test_the_processes_of_an_earlier_version_are_found(linked: Path) -> None:
    with data_dir.hold(linked):
        state.write(linked / "run", [])
        file = linked / "run" / "state.json"
        written = json.loads(file.read_text())
        del written["lock"]
        file.write_text(json.dumps(written))
        assert prepare.find_running(linked).supervisor == os.getpid()


def test_a_database_that_is_gone_is_not_made_anew_in_silence(linked: Path) -> None:
    shutil.rmtree(home_of(linked))
    with pytest.raises(NoPostgreSQL, match=r"cluster-1, which is gone: put it back, or begin anew"):
        settle(linked)


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
