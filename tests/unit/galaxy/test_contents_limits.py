"""An archive is read up to each limit, and refused beyond it."""

import gzip
import io
import tarfile
from dataclasses import replace

import pytest

from pulp_contentroutes.galaxy.errors import TooLarge, UnreadableArchive
from pulp_contentroutes.galaxy.limits import Limits
from tests.unit.galaxy.archives import (
    END,
    LARGE,
    LIMITS,
    assert_sentence,
    compressed,
    file,
    header,
    member,
    packed,
    read,
)


def is_taken(data: io.BytesIO, limits: Limits, *keep: str) -> bool:
    try:
        read(data, *keep, limits=limits)
    except TooLarge as refused:
        assert_sentence(refused)
        return False
    return True


@pytest.mark.parametrize(("limit", "expected"), [(3, True), (2, False)])
def test_members_are_counted(limit: int, expected: bool) -> None:
    archive = packed({"a/b": b"", "c": b""})
    assert is_taken(archive, replace(LIMITS, members=limit)) is expected


@pytest.mark.parametrize(("less", "expected"), [(0, True), (1, False)])
def test_unpacked_bytes_are_counted_to_the_last(less: int, expected: bool) -> None:
    tar = gzip.decompress(packed({"a": LARGE}).read()) + bytes(5000)
    limits = replace(LIMITS, unpacked=len(tar) - less)
    assert is_taken(compressed(tar), limits) is expected


@pytest.mark.parametrize(("size", "expected"), [(1000, True), (1001, False)])
def test_requested_files_have_a_limit_of_their_own(size: int, expected: bool) -> None:
    archive = packed({"DOC": bytes(size), "b": bytes(5000)})
    assert is_taken(archive, replace(LIMITS, document=1000), "DOC") is expected


def test_a_requested_file_that_is_too_large_is_named_with_its_size() -> None:
    with pytest.raises(TooLarge) as refused:
        read(packed({"DOC": bytes(1001)}), "DOC", limits=replace(LIMITS, document=1000))
    assert_sentence(refused.value, "DOC", "1001 bytes", "1000")


COMMENT = b"20 comment=12345678\n"


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        pytest.param(tarfile.GNUTYPE_LONGLINK, b"target\0", id="target of a link"),
        pytest.param(tarfile.GNUTYPE_LONGNAME, b"name\0", id="name"),
        pytest.param(tarfile.SOLARIS_XHDTYPE, COMMENT, id="PAX, Solaris"),
        pytest.param(tarfile.XHDTYPE, COMMENT, id="PAX"),
        pytest.param(tarfile.XGLTYPE, COMMENT, id="PAX, for all"),
    ],
)
def test_headers_for_names_are_counted_with_their_blocks(kind: bytes, data: bytes) -> None:
    archive = header(kind, data) + file("x") + END
    exact = replace(LIMITS, headers=512 + len(data))
    assert is_taken(compressed(archive), exact)
    assert not is_taken(compressed(archive), replace(exact, headers=exact.headers - 1))


def path(length: int, part: int = 250) -> str:
    """Return a path of this length, whose segments have `part` bytes."""
    return ("/".join(["x" * part] * (length // part + 1)))[: length - 1] + "y"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("x" * 255, True, id="255 bytes"),
        pytest.param("x" * 256, False, id="256 bytes"),
        pytest.param("\xfc" * 127, True, id="254 bytes in 127 letters"),
        pytest.param("\xfc" * 128, False, id="256 bytes in 128 letters"),
        pytest.param(path(3840), True, id="path of 3840 bytes"),
        pytest.param(path(3841), False, id="path of 3841 bytes"),
        pytest.param("x/" * 255 + "x", True, id="256 parts"),
        pytest.param("x/" * 256 + "x", False, id="257 parts"),
    ],
)
def test_a_name_is_as_long_as_file_systems_allow(name: str, expected: bool) -> None:
    if expected:
        assert read(compressed(file(name) + END)).files.keys() == {name}
        return
    with pytest.raises(UnreadableArchive, match="for a file system") as refused:
        read(compressed(file(name) + END))
    assert_sentence(refused.value)


@pytest.mark.parametrize(("length", "expected"), [(3840, True), (3841, False)])
def test_the_target_of_a_link_has_the_same_limit(length: int, expected: bool) -> None:
    folder = "f" * 200
    link = member(f"{folder}/link", tarfile.SYMTYPE, path(length - 201))
    with pytest.raises(UnreadableArchive) as refused:
        read(compressed(link.tobuf(tarfile.GNU_FORMAT) + END))
    assert ("leads to nothing" in str(refused.value)) is expected


def test_an_extended_header_has_room_for_two_paths() -> None:
    """The header of a link has its own path and its target's, with dates and owners."""
    for length, expected in ((10 * 1024, True), (10 * 1024 + 1, False)):
        data = b"10240 comment=".ljust(10239, b"x") + b"\n"
        archive = compressed(header(tarfile.XHDTYPE, data.ljust(length, b"\0")) + file("x") + END)
        assert is_taken(archive, LIMITS) is expected


def test_one_header_for_all_is_taken_and_a_second_refused() -> None:
    """tarfile copies global headers to each member; `git archive` writes one."""
    for_all = header(tarfile.XGLTYPE, b"18 comment=global\n")
    assert read(compressed(for_all + file("x") + END)).files.keys() == {"x"}
    with pytest.raises(UnreadableArchive, match="more than one global header") as refused:
        read(compressed(for_all + file("x") + for_all + END))
    assert_sentence(refused.value)


def test_the_limits_apply_to_each_archive_anew() -> None:
    for_all = header(tarfile.XGLTYPE, b"18 comment=global\n")
    for _ in range(2):
        tar = compressed(for_all + file("x") + END)
        assert read(tar, limits=replace(LIMITS, headers=530)).files.keys() == {"x"}
