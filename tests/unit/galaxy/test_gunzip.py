"""Unpacking: every kind of gzip file, and limits for those that never end."""

import gzip
import io
import itertools
import time
import zlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulp_contentroutes.galaxy.archive import members_of
from pulp_contentroutes.galaxy.errors import TooLarge, TooSlow, UnreadableArchive
from pulp_contentroutes.galaxy.gunzip import Gunzip
from pulp_contentroutes.galaxy.limits import SMALL, Limits
from tests.unit.galaxy.archives import compressed, header, packed

EMPTY = gzip.compress(b"", mtime=0)


def unpacked(data: bytes, limits: Limits | None = None, size: int = 1000) -> bytes:
    reader = Gunzip(io.BytesIO(data), limits or Limits())
    return b"".join(iter(lambda: reader.read(size) or b"", b""))


@given(
    st.lists(st.binary(max_size=2000), min_size=1, max_size=4),
    st.lists(st.integers(0, 3), min_size=4, max_size=4),
    st.integers(1, 3_000),
)
def test_members_follow_each_other_with_padding(
    parts: list[bytes], padding: list[int], size: int
) -> None:
    """The result is that of the standard library, which clients use."""
    data = b"".join(gzip.compress(each) + bytes(n) for each, n in zip(parts, padding, strict=False))
    assert unpacked(data, size=size) == gzip.decompress(data) == b"".join(parts)


@pytest.mark.parametrize(
    "data",
    [b"", b"\x1f", EMPTY[:-1], EMPTY + b"\x1f\x8b", gzip.compress(b"x" * 1000)[:-9]],
    ids=["nothing", "one byte", "no end", "half a second member", "no CRC"],
)
def test_a_file_that_ends_too_early_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableArchive, match="ends too early"):
        unpacked(data)


@pytest.mark.parametrize("more", [b"x", b"\0\0x", b"\x1f\x8c" + bytes(20)])
def test_nothing_else_follows(more: bytes) -> None:
    with pytest.raises((UnreadableArchive, zlib.error)):
        unpacked(EMPTY + more)


def test_a_wrong_sum_is_noticed() -> None:
    with pytest.raises(zlib.error):
        unpacked(gzip.compress(b"a")[:-8] + gzip.compress(b"b")[-8:])


@pytest.mark.parametrize(("less", "is_taken"), [(0, True), (1, False)])
def test_unpacked_bytes_are_counted(less: int, is_taken: bool) -> None:
    data, limits = gzip.compress(bytes(5000)), Limits(unpacked=5000 - less)
    if is_taken:
        assert len(unpacked(data, limits)) == 5000
    else:
        with pytest.raises(TooLarge):
            unpacked(data, limits)


def test_empty_members_come_to_an_end() -> None:
    """With 2 MiB of empty members, one call of the standard library took two seconds."""
    began = time.process_time()
    with pytest.raises(TooLarge, match="members"):
        unpacked(EMPTY * 200_000)
    assert time.process_time() - began < 4


def test_a_long_name_in_the_header_takes_no_time() -> None:
    """The standard library reads the name byte by byte."""
    began = time.process_time()
    named = b"\x1f\x8b\x08\x08" + bytes(6) + b"a" * 20_000_000 + b"\0" + EMPTY[10:]
    assert unpacked(named) == b""
    assert time.process_time() - began < 2


class Endless(io.RawIOBase):
    """A file of packed bytes that never ends."""

    def read(self, size: int = -1, /) -> bytes:
        return EMPTY


def test_reading_ends_at_the_deadline() -> None:
    limits = replace(Limits(), deadline=time.monotonic() - 1)
    with pytest.raises(TooSlow):
        Gunzip(Endless(), limits).read(1)  # type: ignore[arg-type]
    with pytest.raises(TooSlow):
        list(members_of(packed({"x": b""}), frozenset(), limits))


def test_a_sparse_map_without_an_end_is_not_followed() -> None:
    """In one call, tarfile would store as many numbers of the map as the file claims."""
    records = [b"GNU.sparse.major=1\n", b"GNU.sparse.minor=0\n", b"GNU.sparse.realsize=1\n"]
    extended = b"".join(b"%d %s" % (len(each) + 3, each) for each in records)
    data = (
        header(b"x", extended) + header(b"0", b"9" * 9 + b"\n" + b"1\n" * 4_000_000) + bytes(1024)
    )
    began = time.process_time()
    with pytest.raises(UnreadableArchive, match="sparse"):
        list(members_of(compressed(data), frozenset(), Limits()))
    assert time.process_time() - began < 1


def test_negative_sizes_are_refused() -> None:
    """A negative size would increase the remaining limit that earlier headers have used up."""
    for kind in (b"0", b"x", b"L"):
        negative = bytearray(header(kind, b""))
        negative[124:136] = b"\xff" * 11 + b"\x00"
        negative[148:156] = b" " * 8
        negative[148:156] = b"%06o\0 " % sum(negative[:512])
        with pytest.raises(UnreadableArchive, match="negative size"):
            list(members_of(compressed(bytes(negative) + bytes(1024)), frozenset(), Limits()))


def test_collection_build_may_have_a_header_for_each_of_many_files() -> None:
    """It stores fractions of seconds, which need an extended header for each member."""
    extended = header(b"x", b"30 mtime=1700000000.123456789\n")
    members = itertools.chain.from_iterable(
        (extended, header(b"0", b"", f"plugins/modules/m{number}")) for number in range(3000)
    )
    data = compressed(b"".join(members) + bytes(1024))
    assert sum(1 for _ in members_of(data, frozenset(), SMALL)) == 3000
