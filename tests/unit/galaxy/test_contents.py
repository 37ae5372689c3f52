"""Reading an archive: its contents, up to each limit, and the refusals beyond."""

import gzip
import io
import tarfile
import tracemalloc
from dataclasses import replace

import pytest

from pulp_contentroutes.galaxy.archive import Contents, contents_of
from pulp_contentroutes.galaxy.errors import InvalidCollection, TooLarge, UnreadableArchive
from pulp_contentroutes.galaxy.limits import Limits
from tests.unit.galaxy.archives import (
    LIMITS,
    assert_sentence,
    compressed,
    header,
    member,
    packed,
    sha256,
)

LARGE = bytes(range(256)) * 1100
END = bytes(1024)


def read(data: io.BytesIO, *keep: str, limits: Limits = LIMITS) -> Contents:
    return contents_of(data, frozenset(keep), limits)


def with_links(files: dict[str, bytes], **links: str) -> io.BytesIO:
    """Return an archive of files and symbolic links; `links` maps names to targets."""

    def add(tar: tarfile.TarFile) -> None:
        for name, target in links.items():
            tar.addfile(member(name, tarfile.SYMTYPE, target))

    return packed(files, add)


def file(name: str, data: bytes = b"") -> bytes:
    """Return a regular file as it stands in a tar."""
    return header(tarfile.REGTYPE, data, name)


def test_every_file_has_its_digest_and_requested_files_are_kept() -> None:
    contents = read(packed({"large": LARGE, "a/b.txt": b"b", "empty": b""}), "large", "no")
    assert contents.files == {
        "large": sha256(LARGE), "a/b.txt": sha256(b"b"), "empty": sha256(b""),
    }  # fmt: skip
    assert contents.directories == {"a"}
    assert contents.kept == {"large": LARGE}


def test_paths_have_one_spelling() -> None:
    tar = header(tarfile.DIRTYPE, b"", "./") + header(tarfile.DIRTYPE, b"", "./a/")
    contents = read(compressed(tar + file("./a//b/../c", b"c") + END), "a/c")
    assert (contents.files, contents.directories) == ({"a/c": sha256(b"c")}, {"a"})
    assert contents.kept == {"a/c": b"c"}


def test_a_link_has_the_digest_of_its_target() -> None:
    links = {"one": "two", "two": "./a/../a/x", "folder": "a", "root": ".", "a/up": "../a/x"}
    contents = read(with_links({"a/x": b"x"}, **links), "one")
    assert contents.files == dict.fromkeys(("a/x", "a/up", "one", "two"), sha256(b"x"))
    assert contents.directories == {"a", "folder", "root"}
    assert contents.kept == {}


@pytest.mark.parametrize(
    ("links", "words"),
    [
        ({"x": "../out"}, ["'../out'", "out of the archive"]),
        ({"x": "/etc/passwd"}, ["'/etc/passwd'", "out of the archive"]),
        ({"x": "no"}, ["'x'", "nothing"]),
        ({"x": "x"}, ["'x'", "itself"]),
        ({"x": "y", "y": "z", "z": "y"}, ["'x'", "itself"]),
    ],
)
def test_a_link_stays_in_the_archive(links: dict[str, str], words: list[str]) -> None:
    with pytest.raises(UnreadableArchive) as refused:
        read(with_links({"a": b""}, **links))
    assert_sentence(refused.value, *words)


@pytest.mark.parametrize("first", [file("x"), header(tarfile.DIRTYPE, b"", "x")])
@pytest.mark.parametrize("second", ["x", "./x", "x/", "a/../x"])
def test_a_name_occurs_once(first: bytes, second: str) -> None:
    """A client that unpacks both may keep the one that was not verified."""
    with pytest.raises(UnreadableArchive, match=r"two members named 'x'\.$"):
        read(compressed(first + file(second) + END))


def test_a_link_and_a_file_cannot_share_a_name() -> None:
    archive = with_links({"a": b"", "x": b""}, x="a")
    with pytest.raises(UnreadableArchive, match=r"two members named 'x'\.$"):
        read(archive)
    links = header(tarfile.SYMTYPE, b"", "x")
    with pytest.raises(UnreadableArchive, match=r"two members named 'x'\.$"):
        read(compressed(links + file("x") + END))


@pytest.mark.parametrize(
    "name", ["..", "../x", "/", "/x", "//x", "a/../../x", "a\nb", "a\x7fb", "\u202e"]
)
def test_an_unsafe_name_is_refused(name: str) -> None:
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(member(name))
    with pytest.raises(UnreadableArchive) as refused:
        read(compressed(tar.getvalue()))
    assert_sentence(refused.value, ascii(name))


def test_a_name_with_nul_is_refused() -> None:
    """PAX headers can have it, and PostgreSQL cannot."""
    extended = header(tarfile.XHDTYPE, b"12 path=a\0b\n")
    with pytest.raises(UnreadableArchive, match="out of the archive"):
        read(compressed(extended + file("x") + END))


# Limits.


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


@pytest.mark.parametrize(("length", "expected"), [(1023, True), (1024, False)])
def test_a_name_has_at_most_a_thousand_letters(length: int, expected: bool) -> None:
    """In its header a NUL stands after the name."""
    archive = compressed(file("x" * length) + END)
    assert is_taken(archive, LIMITS) is expected


@pytest.mark.parametrize(("length", "expected"), [(1024, True), (1025, False)])
def test_the_target_of_a_link_has_the_same_limit(length: int, expected: bool) -> None:
    link = member("f" * 500 + "/link", tarfile.SYMTYPE, "t" * (length - 501))
    with pytest.raises(UnreadableArchive) as refused:
        read(compressed(link.tobuf(tarfile.GNU_FORMAT) + END))
    assert ("leads to nothing" in str(refused.value)) is expected


def test_one_header_for_all_is_taken_and_a_second_refused() -> None:
    """tarfile copies them to each member; `git archive` writes one."""
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


@pytest.mark.parametrize(
    ("tar", "words"),
    [
        pytest.param(header(tarfile.GNUTYPE_SPARSE, b""), ["sparse"], id="sparse file"),
        pytest.param(
            header(tarfile.XHDTYPE, b"22 GNU.sparse.size=10\n") + file("x"), ["'x'"], id="PAX"
        ),
        pytest.param(header(tarfile.LNKTYPE, b"", "x"), ["'x'", "symbolic"], id="hard link"),
        pytest.param(header(tarfile.FIFOTYPE, b"", "x"), ["'x'", "directory"], id="pipe"),
    ],
)
def test_other_members_are_refused_with_their_name(tar: bytes, words: list[str]) -> None:
    with pytest.raises(UnreadableArchive) as refused:
        read(compressed(tar + END))
    assert_sentence(refused.value, *words)


def test_an_archive_that_ends_within_a_file_is_refused() -> None:
    tar = file("x", LARGE)
    for length in (600, 512 + 256 * 1024, len(tar) - 512 - len(LARGE) % 512):
        with pytest.raises(UnreadableArchive):
            read(compressed(tar[:length]))


def test_bytes_after_the_archive_are_read_too() -> None:
    """A client might continue where we stop."""
    good = packed({"a": b"a"}).read()
    assert read(io.BytesIO(good + bytes(10))).files
    with pytest.raises(InvalidCollection, match="Not a gzipped file"):
        read(io.BytesIO(good + b"more"))


def test_bytes_after_the_archive_are_read_in_pieces() -> None:
    archive = compressed(file("x") + END + bytes(4_000_000))
    tracemalloc.start()
    assert read(archive).files
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000


def test_a_file_that_was_opened_for_writing_is_read() -> None:
    """An upload is written before it is read, through the same object."""

    class Upload(io.BytesIO):
        mode = "wb"

    assert read(Upload(packed({"a": b"a"}).read())).files == {"a": sha256(b"a")}
