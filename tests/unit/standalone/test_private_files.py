"""Private files: replaced atomically, and never written through files of another account."""

import os
from pathlib import Path

import pytest

from pulp_contentroutes.standalone.data_dir import write_private


def draft_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}")


def test_a_link_in_the_place_of_the_draft_is_not_followed(tmp_path: Path) -> None:
    """Root writes into folders that belong to PostgreSQL's account."""
    elsewhere, path = tmp_path / "elsewhere", tmp_path / "owner.json"
    elsewhere.write_text("kept")
    draft_of(path).symlink_to(elsewhere)
    write_private(path, "new")
    assert elsewhere.read_text() == "kept"
    assert path.read_text() == "new"
    assert not path.is_symlink()


def test_an_open_file_in_the_place_of_the_draft_does_not_get_the_text(tmp_path: Path) -> None:
    path = tmp_path / "owner.json"
    with draft_of(path).open("w+") as opened:
        draft_of(path).chmod(0o666)
        write_private(path, "secret")
        assert opened.read() == ""
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_link_that_comes_back_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere, path = tmp_path / "elsewhere", tmp_path / "owner.json"
    elsewhere.write_text("kept")
    draft_of(path).symlink_to(elsewhere)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", lambda self, missing_ok=False: None)
        with pytest.raises(FileExistsError):
            write_private(path, "new")
    assert elsewhere.read_text() == "kept"
