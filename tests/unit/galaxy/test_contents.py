"""Reading an archive: its contents, up to each limit, and the refusals beyond."""

import gzip
import io
import tarfile
import tracemalloc
from dataclasses import replace

import pytest

from pulp_contentroutes.galaxy.archive import members_of
from pulp_contentroutes.galaxy.contents import Contents, contents_of
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
    return contents_of(members_of(data, frozenset(keep), limits))


def with_links(files: dict[str, bytes], **links: str) -> io.BytesIO:
    """Return an archive of files and symbolic links; `links` maps names to targets."""

    def add(tar: tarfile.TarFile) -> None:
        for name, target in links.items():
            tar.addfile(member(name, tarfile.SYMTYPE, target))

    return packed(files, add)


def file(name: str, data: bytes = b"") -> bytes:
    """Return a regular file as a member of a tar."""
    return header(tarfile.REGTYPE, data, name)


def test_every_file_has_its_digest_and_requested_files_are_kept() -> None:
    contents = read(packed({"large": LARGE, "a/b.txt": b"b", "empty": b""}), "large", "no")
    assert contents.files == {
        "large": sha256(LARGE), "a/b.txt": sha256(b"b"), "empty": sha256(b""),
    }  # fmt: skip
    assert contents.directories == {"a"}
    assert contents.kept == {"large": LARGE}


@pytest.mark.parametrize("name", ["./x", "a//x", "a/./x", "a/../x", ".", "a/..", "x/"])
def test_a_file_has_the_name_that_clients_look_for(name: str) -> None:
    """Clients look for the name that FILES.json has, and for the folders of the resulting path."""
    with pytest.raises(UnreadableArchive) as refused:
        read(compressed(file(name) + END))
    assert_sentence(refused.value, ascii(name), "ansible-galaxy collection build")


def test_folders_that_clients_do_not_look_for_are_passed_over() -> None:
    spelled = b"".join(header(tarfile.DIRTYPE, b"", name) for name in ("./", "./a/", "b/", "b/"))
    contents = read(compressed(spelled + file("a/x", b"x") + END))
    assert (contents.files, contents.directories) == ({"a/x": sha256(b"x")}, {"b"})


def test_a_hard_link_is_the_file_before_it() -> None:
    """tarfile stores the second name of a file as a hard link; a client copies the first file."""
    first = member("y", tarfile.LNKTYPE, "x").tobuf(tarfile.GNU_FORMAT)
    second = member("z", tarfile.LNKTYPE, "./y").tobuf(tarfile.GNU_FORMAT)
    contents = read(compressed(file("x", b"x") + first + second + END))
    assert contents.files == dict.fromkeys("xyz", sha256(b"x"))
    assert (contents.file_behind("z"), contents.file_behind("x")) == ("x", "x")


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


@pytest.mark.parametrize("name", ["..", "../x", "/", "/x", "//x", "a/../../x"])
def test_an_unsafe_name_is_refused(name: str) -> None:
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(member(name))
    with pytest.raises(UnreadableArchive) as refused:
        read(compressed(tar.getvalue()))
    assert_sentence(refused.value, ascii(name))


@pytest.mark.parametrize("name", ["a\nb", "a\x7fb", "\u202e", "\xfc", "a b", "a\\b", "*"])
def test_any_name_that_a_file_can_have_is_taken(name: str) -> None:
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(member(name))
    assert read(compressed(tar.getvalue())).files.keys() == {name}


def test_a_name_with_nul_is_refused() -> None:
    """PAX headers can contain NUL, but PostgreSQL cannot store it."""
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


@pytest.mark.parametrize(
    ("tar", "words"),
    [
        pytest.param(header(tarfile.GNUTYPE_SPARSE, b""), ["sparse"], id="sparse file"),
        pytest.param(
            header(tarfile.XHDTYPE, b"22 GNU.sparse.size=10\n") + file("x"), ["sparse"], id="PAX"
        ),
        pytest.param(header(tarfile.LNKTYPE, b"", "x"), ["'x'", "file"], id="hard link"),
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
    with pytest.raises(InvalidCollection, match="follows the gzip file"):
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
