"""Hostile archives are refused, and cost little time and memory."""

import io
import tarfile
import tracemalloc

import pytest

from pulp_contentroutes.galaxy.collection import read_collection
from pulp_contentroutes.galaxy.errors import (
    InvalidCollection,
    InvalidManifest,
    TooLarge,
    UnreadableArchive,
)
from pulp_contentroutes.galaxy.limits import Limits
from tests.unit.galaxy.archives import (
    FILES,
    LIMITS,
    archive,
    compressed,
    files_json,
    header,
    member,
    with_member,
)


@pytest.mark.parametrize(
    "members",
    [
        pytest.param([member("../out")], id="above the archive"),
        pytest.param([member("/etc/passwd")], id="from the root"),
        pytest.param([member("a/../../out")], id="out by a detour"),
        pytest.param([member("link", tarfile.SYMTYPE, "/etc/passwd")], id="link to the root"),
        pytest.param([member("link", tarfile.SYMTYPE, "../out")], id="link out of the archive"),
        pytest.param([member("link", tarfile.SYMTYPE, "nothing")], id="link to nothing"),
        pytest.param(
            [member("one", tarfile.SYMTYPE, "two"), member("two", tarfile.SYMTYPE, "one")],
            id="links in a circle",
        ),
        pytest.param([member("hard", tarfile.LNKTYPE, "none")], id="hard link to nothing"),
        pytest.param([member("hard", tarfile.LNKTYPE, "meta")], id="hard link to a folder"),
        pytest.param(
            [member("hard", tarfile.LNKTYPE, "later"), member("later")],
            id="hard link to a file after it",
        ),
        pytest.param([member("device", tarfile.CHRTYPE)], id="character device"),
        pytest.param([member("device", tarfile.BLKTYPE)], id="block device"),
        pytest.param([member("pipe", tarfile.FIFOTYPE)], id="pipe"),
        pytest.param([member("README.md")], id="the same name"),
        pytest.param([member("./README.md")], id="the same name in another spelling"),
        pytest.param(
            [member("plugins", tarfile.SYMTYPE, "meta")], id="link in the place of a folder"
        ),
        pytest.param([member("x" * 256)], id="name longer than file systems allow"),
        pytest.param([member("x/" * 256 + "x")], id="deeper than anybody needs"),
        pytest.param([member("plugins/./x")], id="name with a dot"),
        pytest.param([member(".")], id="file in the place of the collection"),
        pytest.param([member("plugins/..")], id="file in the place of the collection, by a detour"),
        pytest.param([member("sparse", tarfile.GNUTYPE_SPARSE)], id="sparse file"),
    ],
)
def test_members_that_nobody_should_unpack_are_refused(members: list[tarfile.TarInfo]) -> None:
    with pytest.raises(UnreadableArchive):
        read_collection(with_member(*members), LIMITS)


@pytest.mark.parametrize(
    "data",
    [b"", b"\x1f\x8b", b"no archive at all", bytes(100_000), compressed(b"no tar" * 1000).read()],
    ids=["empty", "two bytes", "text", "zeros", "gzip of text"],
)
def test_what_is_no_archive_is_refused(data: bytes) -> None:
    with pytest.raises((UnreadableArchive, InvalidManifest)):
        read_collection(io.BytesIO(data), LIMITS)


def test_an_archive_that_ends_early_or_is_damaged_is_refused() -> None:
    data = archive({**FILES, "large": bytes(range(256)) * 1000}).read()
    for length in range(0, len(data), max(1, len(data) // 50)):
        with pytest.raises(InvalidCollection):
            read_collection(io.BytesIO(data[:length]), LIMITS)
    with pytest.raises(UnreadableArchive):
        read_collection(io.BytesIO(data[:-8] + bytes(8)), LIMITS)


def test_bombs_are_refused_in_little_memory() -> None:
    bombs = [
        archive({**FILES, "zeros": bytes(20_000_000)}),
        compressed(bytes(50_000_000)),
        with_member(*(member(f"m{number}") for number in range(101))),
        archive({**FILES, "meta/runtime.yml": b"#" * 300_001}),
        with_member(member("x" * 100_000)),
    ]
    for bomb in bombs:
        tracemalloc.start()
        with pytest.raises(InvalidCollection):
            read_collection(bomb, LIMITS)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 6_000_000


@pytest.mark.parametrize(
    "data",
    [
        header(tarfile.XHDTYPE, b"1" * 4000),
        header(tarfile.XHDTYPE, b"comment=" + b"1" * 1000) * 50,
        header(tarfile.XGLTYPE, b"18 comment=global\n") * 2,
        header(tarfile.GNUTYPE_LONGNAME, b"a" * 500) * 400,
        header(tarfile.GNUTYPE_LONGNAME, b"a" * 4_000_000),
        header(tarfile.GNUTYPE_SPARSE, b"")[:482] + b"\1" + bytes(29) + b"\xff" * 512,
        header(tarfile.XHDTYPE, b"28 GNU.sparse.map=1,2,rubbish\n"),
        header(tarfile.XHDTYPE, b"25 GNU.sparse.size=rubbish\n"),
        header(tarfile.XHDTYPE, b"rubbish"),
    ],
    ids=[
        "long", "many", "global", "chained", "longer", "sparse", "map", "size", "rubbish",
    ],
)  # fmt: skip
def test_headers_that_tarfile_would_follow_are_refused(data: bytes) -> None:
    with pytest.raises((UnreadableArchive, TooLarge, InvalidManifest)):
        read_collection(compressed(data + bytes(1024)), LIMITS)


def test_chains_of_links_are_followed_once() -> None:
    """Following each link to the end of its chain would take half a million steps."""
    count = 1000
    links = [member(f"l{n}", tarfile.SYMTYPE, f"l{n + 1}") for n in range(count)]
    listed = {**FILES, **{f"l{n}": FILES["README.md"] for n in range(count + 1)}}

    def add(tar: tarfile.TarFile) -> None:
        for link in (*links, member(f"l{count}", tarfile.SYMTYPE, "README.md")):
            tar.addfile(link)

    limits = Limits(members=2 * count, document=1_000_000)
    assert read_collection(archive(listed=files_json(listed), add=add), limits).info.name == "tools"
