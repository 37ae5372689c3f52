"""The contents of an archive have safe, unique names, and the digests of their bytes."""

import io
import tarfile
import tracemalloc

import pytest

from pulp_contentroutes.galaxy.errors import InvalidCollection, UnreadableArchive
from tests.unit.galaxy.archives import (
    END,
    LARGE,
    assert_sentence,
    compressed,
    file,
    header,
    member,
    packed,
    read,
    sha256,
)


def with_links(files: dict[str, bytes], **links: str) -> io.BytesIO:
    """Return an archive of files and symbolic links; `links` maps names to targets."""

    def add(tar: tarfile.TarFile) -> None:
        for name, target in links.items():
            tar.addfile(member(name, tarfile.SYMTYPE, target))

    return packed(files, add)


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
