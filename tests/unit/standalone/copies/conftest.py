"""A data folder with a link to its database, and copies of it."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from pulp_contentroutes.standalone import configuration, copies, data_dir, postgres, programs
from pulp_contentroutes.standalone.data_dir import DATABASE_FOLDER, MARKER, OPTIONS_FILE, OWNER_FILE
from pulp_contentroutes.standalone.options import Options
from pulp_contentroutes.standalone.prepare import instance_of
from pulp_contentroutes.standalone.programs import Account


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
