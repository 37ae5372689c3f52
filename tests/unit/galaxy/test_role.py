"""Valid roles, and the refusal of archives that are not roles."""

import io
import subprocess
import tarfile
from pathlib import Path

import pytest

from pulp_contentroutes.galaxy.errors import (
    InvalidCollection,
    InvalidManifest,
    UnreadableArchive,
)
from pulp_contentroutes.galaxy.role import check_name, read_role
from tests.unit.galaxy.archives import LIMITS, member, packed

MAIN = b"""
galaxy_info:
  author: Somebody
  company:
  description: Shows a message.
  license: [MIT, GPL-2.0-or-later]
  min_ansible_version: 2.14
  galaxy_tags: [linux, '']
  platforms:
    - name: Debian
      versions: [all]
    - name: EL
dependencies: []
"""


def test_a_role_is_read_from_the_folder_that_clients_take() -> None:
    files = {
        "motd-1.0/tests/roles/other/meta/main.yml": b"galaxy_info: {description: other}",
        "motd-1.0/meta/main.yml": MAIN,
        "motd-1.0/tasks/main.yml": b"[]",
    }
    role = read_role(packed(files), LIMITS)
    assert (role.author, role.company, role.description) == ("Somebody", "", "Shows a message.")
    assert (role.license, role.min_ansible_version) == ("MIT, GPL-2.0-or-later", "2.14")
    assert (role.tags, role.platforms) == (("linux",), ("Debian", "EL"))


@pytest.mark.parametrize("name", ["meta/main.yaml", "./meta/main.yml"])
def test_it_needs_no_folder_and_little_said(name: str) -> None:
    role = read_role(packed({name: b"dependencies: []"}), LIMITS)
    assert (role.description, role.tags) == ("", ())


def test_what_git_archive_writes_is_a_role(tmp_path: Path) -> None:
    """It writes the commit into a global header."""

    def git(*arguments: str) -> bytes:
        identity = ("-c", "user.name=x", "-c", "user.email=x@example.com")
        command = ["git", "-C", str(tmp_path), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, timeout=60).stdout

    (tmp_path / "meta").mkdir()
    (tmp_path / "meta/main.yml").write_bytes(MAIN)
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "role")
    archive = git("archive", "--format=tar.gz", "--prefix=motd/", "HEAD")
    assert read_role(io.BytesIO(archive), LIMITS).author == "Somebody"


@pytest.mark.parametrize(
    "files",
    [
        {"tasks/main.yml": b"[]"},
        {"meta/main.yml": b"galaxy_info: {description: [1]}"},
        {"meta/main.yml": b"galaxy_info: {description: '\\0'}".replace(b"'", b'"')},
        {"meta/main.yml": b"[" * 1000},
        {"meta/main.yml": b"a" * 1_100_000},
        {"meta/main.yml": b"\xff\xfe\xfd"},
        {"xmeta/main.yml": MAIN},
    ],
    ids=["no meta", "list", "NUL", "deep", "long", "no text", "other folder"],
)
def test_what_is_no_role_is_refused(files: dict[str, bytes]) -> None:
    with pytest.raises(InvalidCollection):
        read_role(packed(files), LIMITS)


@pytest.mark.parametrize(
    ("kind", "target"), [(tarfile.SYMTYPE, "../x.yml"), (tarfile.LNKTYPE, "x.yml")]
)
def test_its_meta_may_be_a_link(kind: bytes, target: str) -> None:
    def add(tar: tarfile.TarFile) -> None:
        tar.addfile(member("meta/main.yml", kind, target))

    assert read_role(packed({"x.yml": MAIN}, add), LIMITS).author == "Somebody"
    with pytest.raises(InvalidManifest, match="leads to none"):
        read_role(packed({"y.yml": MAIN}, add), LIMITS)


def test_of_two_members_of_a_name_the_first_describes_the_role() -> None:
    """Clients take the first; the target of a link is the last, as in tarfile."""
    first, last = b"galaxy_info: {author: first}", b"galaxy_info: {author: last!}"

    def add(tar: tarfile.TarFile) -> None:
        tar.addfile(member("r/meta/main.yml", size=len(last)), io.BytesIO(last))

    assert read_role(packed({"r/meta/main.yml": first}, add), LIMITS).author == "first"

    def add_linked(tar: tarfile.TarFile) -> None:
        tar.addfile(member("r/x.yml", size=len(last)), io.BytesIO(last))
        tar.addfile(member("r/meta/main.yml", tarfile.SYMTYPE, "../x.yml"))

    assert read_role(packed({"r/x.yml": first}, add_linked), LIMITS).author == "last!"


@pytest.mark.parametrize(
    "kind", [tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.SYMTYPE], ids=["folder", "pipe", "circle"]
)
def test_what_describes_a_role_is_a_file(kind: bytes) -> None:
    def add(tar: tarfile.TarFile) -> None:
        tar.addfile(member("r/meta/main.yml", kind, "main.yml" if kind == tarfile.SYMTYPE else ""))

    with pytest.raises(InvalidManifest, match="leads to none"):
        read_role(packed({"r/x": b""}, add), LIMITS)


@pytest.mark.parametrize(
    "members",
    [
        pytest.param([member("r/x", tarfile.SYMTYPE, "nothing")], id="dangling link"),
        pytest.param([member("r/x", tarfile.SYMTYPE, "x")], id="link to itself"),
        pytest.param([member("r/a/x", tarfile.SYMTYPE, "../meta/main.yml")], id="link to above"),
        pytest.param([member("r/x", tarfile.LNKTYPE, "nothing")], id="dangling hard link"),
        pytest.param([member("r/x"), member("r/x")], id="two of a name"),
        pytest.param([member("r/x", tarfile.FIFOTYPE)], id="pipe"),
        pytest.param([member("./r/./x")], id="another spelling"),
        pytest.param([member("r/a\nb")], id="line break"),
    ],
)
def test_archives_from_git_may_have_members_that_collections_may_not(
    members: list[tarfile.TarInfo],
) -> None:
    def add(tar: tarfile.TarFile) -> None:
        for each in members:
            tar.addfile(each)

    assert read_role(packed({"r/meta/main.yml": MAIN}, add), LIMITS).author == "Somebody"


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(member("../x"), id="above the archive"),
        pytest.param(member("r/../../x"), id="above the archive by a detour"),
        pytest.param(member("r/a/../x"), id="out of a folder that may not be there"),
        pytest.param(member("r/x", tarfile.SYMTYPE, "../x"), id="link out of the role"),
        pytest.param(member("r/x", tarfile.SYMTYPE, "/etc/passwd"), id="link to the root"),
        pytest.param(member("r/" + "x" * 256), id="name of 256 letters"),
    ],
)
def test_no_member_of_a_role_leads_out_of_it(bad: tarfile.TarInfo) -> None:
    with pytest.raises(UnreadableArchive):
        read_role(packed({"r/meta/main.yml": MAIN}, lambda tar: tar.addfile(bad)), LIMITS)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("namespace", "a/b"),
        ("namespace", ""),
        ("name", "a.b"),
        ("name", ".."),
        ("version", "../1"),
        pytest.param("version", "x" * 129, id="too long"),
    ],
)
def test_names_lead_nowhere_else(field: str, value: str) -> None:
    with pytest.raises(InvalidManifest, match=field):
        check_name(field, value)


def test_usual_names_are_taken() -> None:
    for field, value in (("namespace", "some-body.x"), ("name", "motd_2"), ("version", "v1.0+b")):
        check_name(field, value)
