"""A copy takes over no content, database or setting that two Pulps cannot share."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from pulp_contentroutes.standalone import copies
from pulp_contentroutes.standalone.data_dir import DATABASE_FOLDER, OPTIONS_FILE
from pulp_contentroutes.standalone.errors import SharedWithOriginal
from pulp_contentroutes.standalone.options import Options
from tests.unit.standalone.copies.conftest import copy, home_of, settle


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
