"""Ranges: those that are served, those that are ignored, and those outside the file."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulp_contentroutes.serving.http.ranges import NotSatisfiable, Span, content_range, parse

SIZE = 10
MAX_SPANS = 8
#: A parser that is not linear would need hours for this.
MANY = 1_000_000

Bounds = list[tuple[int, int]]


#: Ranges that are answered 416.
REFUSED: Bounds = [(-1, -1)]


def spans(value: str, size: int = SIZE, max_spans: int = MAX_SPANS) -> Bounds | None:
    try:
        parsed = parse(value, size, max_spans)
    except NotSatisfiable:
        return REFUSED
    return None if parsed is None else [(span.first, span.last) for span in parsed]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("bytes=0-0", [(0, 0)]),
        ("bytes=9-9", [(9, 9)]),
        ("bytes=0-9", [(0, 9)]),
        ("bytes=3-5", [(3, 5)]),
        ("bytes=0-", [(0, 9)]),
        ("bytes=9-", [(9, 9)]),
        # The end is cut to the file.
        ("bytes=0-10", [(0, 9)]),
        ("bytes=9-10", [(9, 9)]),
        ("bytes=5-99999", [(5, 9)]),
        # A suffix is counted from the end.
        ("bytes=-1", [(9, 9)]),
        ("bytes=-5", [(5, 9)]),
        ("bytes=-10", [(0, 9)]),
        ("bytes=-11", [(0, 9)]),
        # The unit is case-insensitive, and a list may have spaces and empty members.
        ("BYTES=0-1", [(0, 1)]),
        ("Bytes=0-1", [(0, 1)]),
        ("bytes=0-0,2-3", [(0, 0), (2, 3)]),
        ("bytes= 0-0 ,\t2-3\t", [(0, 0), (2, 3)]),
        ("bytes=,0-0,, 2-3, ,", [(0, 0), (2, 3)]),
        # Leading zeros have no meaning.
        ("bytes=007-0009", [(7, 9)]),
        ("bytes=" + "0" * 30 + "7-" + "0" * 30 + "8", [(7, 8)]),
        ("bytes=-" + "0" * 30 + "3", [(7, 9)]),
        # Unsatisfiable ranges are dropped when there are others.
        ("bytes=10-20,0-0", [(0, 0)]),
        ("bytes=-0,0-0", [(0, 0)]),
        ("bytes=0-0,10-", [(0, 0)]),
        # A position beyond the end of every file.
        ("bytes=3-" + "9" * 18, [(3, 9)]),
        ("bytes=3-" + "9" * 19, [(3, 9)]),
        ("bytes=-" + "9" * 19, [(0, 9)]),
        ("bytes=" + "9" * 19 + "-,1-1", [(1, 1)]),
    ],
)
def test_a_range_is_the_part_of_it_that_the_file_has(value: str, expected: Bounds) -> None:
    assert spans(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("bytes=5-6,0-1", [(5, 6), (0, 1)]),
        ("bytes=-1,0-0,4-5", [(9, 9), (0, 0), (4, 5)]),
        ("bytes=0-2,4-5", [(0, 2), (4, 5)]),
        ("bytes=0-2,3-5", [(0, 5)]),
        ("bytes=3-5,0-2", [(0, 5)]),
        ("bytes=0-5,2-3", [(0, 5)]),
        ("bytes=2-3,0-5", [(0, 5)]),
        ("bytes=4-4,4-4", [(4, 4)]),
        ("bytes=1-,-3", [(1, 9)]),
        ("bytes=-3,1-", [(1, 9)]),
        ("bytes=8-8,0-2,2-4", [(0, 4), (8, 8)]),
        ("bytes=0-0,2-2,4-4,1-1,3-3", [(0, 4)]),
    ],
)
def test_ranges_keep_their_order_unless_some_overlap_or_touch(value: str, expected: Bounds) -> None:
    assert spans(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        "bytes",
        "bytes=",
        "bytes=,",
        "bytes= , ,",
        "bytes=-",
        "bytes=abc",
        "bytes=5-2",
        "bytes=1-0",
        "bytes=20-15",
        "bytes=0-0,5-2",
        "bytes=0-0,x",
        "bytes=x,0-0",
        "bytes=0",
        "bytes=--1",
        "bytes=-1-",
        "bytes=-1-2",
        "bytes=-1-11",
        "bytes=0-1-2",
        "bytes=0 -1",
        "bytes=0- 1",
        "bytes=- 1",
        "bytes=+0-1",
        "bytes=0-+1",
        "bytes=0x0-1",
        "bytes=1_0-",
        "bytes=0-1;2-3",
        "bytes=0-1 2-3",
        "bytes==0-1",
        "bytes=0-1\n",
        "bytes=0-1\u00a0",
        "bytes=\u0660-\u0661",
        "bytes=\u00b2-",
        "bytes=0-\udcff",
        "bytes=" + "9" * 19 + "-1",
        "bytes=" + "9" * 18 + "-" + "9" * 17 + "8",
    ],
)
@pytest.mark.parametrize("size", [0, SIZE])
def test_malformed_byte_ranges_are_not_satisfiable(value: str, size: int) -> None:
    """RFC 9110 §14.2 leaves the choice; Pulp, nginx and Go answer 416."""
    assert spans(value, size) == REFUSED


@pytest.mark.parametrize(
    "value",
    ["", "items=0-5", "items=-0", "=0-5", "bytes =0-1", "bytes:0-1", "byte\u017f=0-1", "x"],
)
@pytest.mark.parametrize("size", [0, SIZE])
def test_another_unit_is_ignored(value: str, size: int) -> None:
    assert spans(value, size) is None


@pytest.mark.parametrize(
    "value", ["bytes=0-4,5-9", "bytes=5-,0-4", "bytes=0-,-3", "bytes=-3,0-", "bytes=-10,-10"]
)
def test_several_ranges_that_are_all_of_the_file_are_ignored(value: str) -> None:
    """Go and nginx send the file, too; a single range of the whole file remains a range."""
    assert spans(value) is None
    assert spans("bytes=0-") == spans("bytes=0-9") == spans("bytes=-10") == [(0, 9)]


@pytest.mark.parametrize("value", ["bytes=-1", "bytes=-1,0-", "bytes=0-,-5"])
def test_a_suffix_of_an_empty_file_is_all_of_it(value: str) -> None:
    """It is satisfiable, but no Content-Range can express it, so the answer is a 200."""
    assert parse(value, 0, MAX_SPANS) is None


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ("bytes=10-", SIZE),
        ("bytes=10-10", SIZE),
        ("bytes=10-20,30-", SIZE),
        ("bytes=-0", SIZE),
        ("bytes=-0,-00", SIZE),
        ("bytes=" + "9" * 18 + "-", SIZE),
        ("bytes=" + "9" * 19 + "-", SIZE),
        ("bytes=" + "9" * 19 + "-" + "9" * 20, SIZE),
        ("bytes=0-", 0),
        ("bytes=0-0", 0),
        ("bytes=-0", 0),
        ("bytes=-0,0-", 0),
    ],
)
def test_ranges_without_a_byte_of_the_file_are_not_satisfiable(value: str, size: int) -> None:
    with pytest.raises(NotSatisfiable):
        parse(value, size, MAX_SPANS)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("bytes=0-0,2-2", [(0, 0), (2, 2)]),
        ("bytes=,0-0,,,2-2,", [(0, 0), (2, 2)]),
        ("bytes=0-0,2-2,4-4", None),
        # All requested ranges count, also those that are merged or dropped.
        ("bytes=0-0,0-0,0-0", None),
        ("bytes=0-0,2-2,10-", None),
        ("bytes=10-,11-,12-", None),
    ],
)
def test_more_ranges_than_allowed_are_ignored(value: str, expected: Bounds | None) -> None:
    assert spans(value, max_spans=2) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("bytes=" + "0-0," * MANY, None, id="ranges"),
        pytest.param("bytes=" + "0-0," * MANY + "x", REFUSED, id="ranges and a word"),
        pytest.param("bytes=" + "," * MANY, REFUSED, id="commas"),
        pytest.param("bytes=" + " ," * MANY + "x", REFUSED, id="empty members and a word"),
        pytest.param("bytes=" + " " * MANY, REFUSED, id="spaces"),
        pytest.param("bytes=0-0" + " " * MANY + "x", REFUSED, id="a range, spaces, a word"),
        pytest.param("bytes=" + "-" * MANY, REFUSED, id="minus signs"),
        pytest.param("bytes=" + "9" * MANY, REFUSED, id="a number"),
        pytest.param(
            "bytes=" + "9" * MANY + "-1", REFUSED, id="a number that ends before it begins"
        ),
        pytest.param("bytes=1-" + "9" * MANY + "x", REFUSED, id="a last position and a letter"),
        pytest.param("=" * MANY, None, id="equals signs"),
        pytest.param("B" * MANY, None, id="a unit"),
        pytest.param("bytes=1-" + "9" * 4301, [(1, 9)], id="a last position that int() refuses"),
        pytest.param("bytes=1-" + "9" * MANY, [(1, 9)], id="a last position"),
        pytest.param("bytes=-" + "9" * MANY, [(0, 9)], id="a suffix"),
        pytest.param("bytes=" + "0" * MANY + "-" + "0" * MANY + "4", [(0, 4)], id="zeros"),
        pytest.param("bytes=" + "," * MANY + "0-0", [(0, 0)], id="empty members and a range"),
    ],
)
def test_a_hostile_header_is_read_in_one_pass(value: str, expected: Bounds | None) -> None:
    assert spans(value) == expected


def test_a_span_says_its_length_and_its_content_range() -> None:
    assert Span(0, 0).length == 1
    assert Span(3, 9).length == 7
    assert content_range(Span(0, 4), 10) == "bytes 0-4/10"
    assert content_range(Span(9, 9), 10) == "bytes 9-9/10"


@given(
    st.one_of(
        st.text(st.characters()),  # surrogates, too
        st.text(st.characters()).map("bytes=".__add__),
        st.text(st.sampled_from("0123456789-, \tx")).map("bytes=".__add__),
    ),
    st.integers(0, 20),
    st.integers(0, MAX_SPANS),
)
def test_whatever_is_asked_for_the_spans_are_disjoint_parts_of_the_file(
    value: str, size: int, max_spans: int
) -> None:
    """Also, no text raises another exception. A span beyond the file would be a 500, or a hang."""
    try:
        parsed = parse(value, size, max_spans)
    except NotSatisfiable:
        return
    if parsed is None:
        return
    assert 0 < len(parsed) <= max_spans
    assert all(0 <= span.first <= span.last < size for span in parsed)
    ascending = sorted((span.first, span.last) for span in parsed)
    assert all(before[1] + 1 < after[0] for before, after in pairwise(ascending))
    assert sum(span.length for span in parsed) <= size


def member(first: int | None, last: int | None) -> str:
    return f"{'' if first is None else first}-{'' if last is None else last}"


def requested(first: int | None, last: int | None, size: int) -> set[int]:
    """Return the requested range by a naive model: the set of its byte positions."""
    whole = list(range(size))
    if first is None:
        return set(whole[-last:]) if last else set()
    return set(whole[first:] if last is None else whole[first : last + 1])


POSITION = st.integers(0, 30)
FROM_TO = st.tuples(POSITION, POSITION).map(lambda pair: (min(pair), max(pair)))
MEMBER = st.one_of(FROM_TO, st.tuples(POSITION, st.none()), st.tuples(st.none(), POSITION))


@given(st.lists(MEMBER, min_size=1, max_size=MAX_SPANS), st.integers(0, 20))
def test_the_spans_are_exactly_the_bytes_asked_for(
    members: list[tuple[int | None, int | None]], size: int
) -> None:
    value = "bytes=" + ",".join(member(*bounds) for bounds in members)
    asked = set[int]().union(*(requested(*bounds, size) for bounds in members))
    if size == 0 and any(first is None and last for first, last in members):
        assert parse(value, size, MAX_SPANS) is None
        return
    if not asked:
        with pytest.raises(NotSatisfiable):
            parse(value, size, MAX_SPANS)
        return
    parsed = parse(value, size, MAX_SPANS)
    if parsed is None:
        assert (len(members) > 1, asked) == (True, set(range(size)))
        return
    served = [byte for span in parsed for byte in range(span.first, span.last + 1)]
    assert sorted(served) == sorted(asked)
