"""Archives that `ansible-galaxy` builds and installs are accepted, and no others.

`tests/clients/test_oracle_*.py` run the client; its results are recorded here.
"""

import io
import json
import tarfile
from typing import Any

import pytest

from pulp_contentroutes.galaxy.collection import read_collection
from pulp_contentroutes.galaxy.errors import InvalidManifest
from tests.unit.galaxy.archives import (
    FILES,
    LIMITS,
    archive,
    assert_sentence,
    files_json,
    member,
    sha256,
)

PING = "plugins/modules/ping.py"


def entry(name: str, data: bytes | None = None) -> dict[str, Any]:
    """Return an entry of FILES.json: for a file, or, without data, for a folder."""
    if data is None:
        return {"name": name, "ftype": "dir"}
    digest = {"chksum_type": "sha256", "chksum_sha256": sha256(data)}
    return {"name": name, "ftype": "file", **digest}


def link(name: str, target: str) -> tuple[tarfile.TarInfo, bytes]:
    return member(name, tarfile.SYMTYPE, target), b""


def file(name: str, data: bytes) -> tuple[tarfile.TarInfo, bytes]:
    return member(name, size=len(data)), data


def warnings_of(entries: list[dict[str, Any]], *members: tuple[tarfile.TarInfo, bytes]) -> Any:
    """Return the warnings about the usual collection with more entries and members."""
    listed = json.loads(files_json(FILES))
    listed["files"] += entries

    def add(tar: tarfile.TarFile) -> None:
        for info, data in members:
            tar.addfile(info, io.BytesIO(data))

    return read_collection(archive(listed=json.dumps(listed).encode(), add=add), LIMITS).warnings


def test_a_file_or_folder_may_be_listed_twice() -> None:
    """The client writes it twice."""
    assert warnings_of([entry("README.md", FILES["README.md"]), entry("plugins")]) == ()


def test_a_link_may_not_be_listed_twice() -> None:
    linked = entry("x", FILES["README.md"])
    assert warnings_of([linked], link("x", "README.md")) == ()
    with pytest.raises(InvalidManifest, match="the link 'x' twice") as refused:
        warnings_of([linked, linked], link("x", "README.md"))
    assert_sentence(refused.value)


def test_below_a_link_stands_what_its_folder_has() -> None:
    """With `manifest` in galaxy.yml, a build follows links to folders, and lists link and files."""
    members = (link("more", "plugins/modules"), file("more/ping.py", FILES[PING]))
    entries = [entry("more"), entry("more/ping.py", FILES[PING])]
    assert warnings_of(entries, *members) == ()
    with pytest.raises(InvalidManifest, match="before the link 'more'") as refused:
        warnings_of(entries[::-1], *members)
    assert_sentence(refused.value)


def test_nothing_is_written_through_a_link_over_another_file() -> None:
    entries = [entry("more"), entry("more/ping.py", b"other")]
    with pytest.raises(InvalidManifest, match="through the link 'more'") as refused:
        warnings_of(entries, link("more", "plugins/modules"), file("more/ping.py", b"other"))
    assert_sentence(refused.value)
    entries = [entry("more"), entry("more/new.py", b"new")]
    with pytest.raises(InvalidManifest, match="through the link 'more'"):
        warnings_of(entries, link("more", "plugins/modules"), file("more/new.py", b"new"))


def test_a_folder_below_a_link_is_one_of_its_folder() -> None:
    folder = (member("more/modules", tarfile.DIRTYPE), b"")
    entries = [entry("more"), entry("more/modules")]
    assert warnings_of(entries, link("more", "plugins"), folder) == ()


def test_nothing_lies_below_a_file() -> None:
    with pytest.raises(InvalidManifest, match="below a file") as refused:
        warnings_of([entry("README.md/x", b"x")], file("README.md/x", b"x"))
    assert_sentence(refused.value)
