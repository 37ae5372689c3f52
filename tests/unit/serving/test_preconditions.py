"""Conditional requests: the copy of a client is current, or its precondition fails."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from pulp_contentroutes.serving.http.preconditions import (
    CONDITIONAL,
    Verdict,
    evaluate,
    range_applies,
)
from pulp_contentroutes.serving.model import Validators

TAG = '"2c26b46b68ffc68ff99b453c1d304134"'
OTHER = '"fcde2b2edba56bf408601fb721fe9b5c"'
BEFORE = "Sun, 06 Nov 1994 08:49:36 GMT"
DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
AFTER = "Sun, 06 Nov 1994 08:49:38 GMT"
OURS = Validators(etag=TAG, last_modified=784_111_777)

NAMES = ("If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range")
#: A parser that is not linear would need hours for this.
MANY = 1_000_000


def headers(*lines: tuple[str, str]) -> CIMultiDictProxy[str]:
    return CIMultiDictProxy(CIMultiDict(lines))


def verdict(*lines: tuple[str, str]) -> Verdict:
    return evaluate(headers(*lines), OURS)


@pytest.mark.parametrize(
    ("value", "is_listed"),
    [
        (TAG, True),
        (OTHER, False),
        (f"{OTHER}, {TAG}", True),
        (f"{OTHER},{TAG}", True),
        (f" ,\t, {OTHER} \t,,{TAG} ,", True),
        (f'"a,{TAG[1:-1]}", "b"', False),
        (f'"a,b", {TAG}, ""', True),
        (f'W/"x", "!#~\udcff\u00fc", {TAG}', True),
        ("*", True),
        # An invalid list matches nothing.
        ("", False),
        (",", False),
        (TAG[1:-1], False),
        (TAG[:-1], False),
        (f"{TAG} {TAG}", False),
        (f"{TAG};{TAG}", False),
        (f"{TAG}, x", False),
        (f"x, {TAG}", False),
        (f'{TAG}, "a b"', False),
        (f'{TAG}, "a\x7f"', False),
        (f"{TAG}, *", False),
        (f"*, {TAG}", False),
        ("**", False),
        (f"w/{TAG}", False),
        (f"W/ {TAG}", False),
        (f"{TAG}\n", False),
        (f"{TAG}\u00a0", False),
    ],
)
def test_a_list_of_tags_matches_when_it_is_one_and_has_ours(value: str, is_listed: bool) -> None:
    assert verdict(("If-Match", value)) is (Verdict.PROCEED if is_listed else Verdict.FAILED)
    assert verdict(("If-None-Match", value)) is (
        Verdict.NOT_MODIFIED if is_listed else Verdict.PROCEED
    )


def test_a_weak_tag_is_good_enough_for_if_none_match_only() -> None:
    """nginx and Apache weaken our tags when they compress; their clients still revalidate."""
    assert verdict(("If-None-Match", f"W/{TAG}")) is Verdict.NOT_MODIFIED
    assert verdict(("If-Match", f"W/{TAG}")) is Verdict.FAILED
    assert not range_applies(headers(("If-Range", f"W/{TAG}")), OURS)


@pytest.mark.parametrize("position", range(3))
def test_several_field_lines_are_one_list(position: int) -> None:
    """pulpcore reads only the first line."""
    tags = [OTHER, OTHER, OTHER]
    tags[position] = TAG
    assert verdict(*(("If-None-Match", tag) for tag in tags)) is Verdict.NOT_MODIFIED
    assert verdict(*(("If-Match", tag) for tag in tags)) is Verdict.PROCEED
    assert verdict(("If-Match", TAG), ("If-Match", "x")) is Verdict.FAILED
    assert verdict(("If-None-Match", TAG), ("If-None-Match", "*")) is Verdict.PROCEED


@pytest.mark.parametrize(
    ("date", "modified_since", "unmodified_since"),
    [
        (BEFORE, Verdict.PROCEED, Verdict.FAILED),
        (DATE, Verdict.NOT_MODIFIED, Verdict.PROCEED),
        (AFTER, Verdict.PROCEED, Verdict.FAILED),
        ("yesterday", Verdict.PROCEED, Verdict.PROCEED),
    ],
)
def test_the_second_of_the_last_change_is_not_modified_since(
    date: str, modified_since: Verdict, unmodified_since: Verdict
) -> None:
    assert verdict(("If-Modified-Since", date)) is modified_since
    assert verdict(("If-Unmodified-Since", date)) is unmodified_since


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param((), Verdict.PROCEED, id="nothing is asked"),
        pytest.param(
            (("If-Modified-Since", DATE), ("If-None-Match", OTHER)),
            Verdict.PROCEED,
            id="another tag overrules our date",
        ),
        pytest.param(
            (("If-Modified-Since", BEFORE), ("If-None-Match", TAG)),
            Verdict.NOT_MODIFIED,
            id="our tag overrules a date before",
        ),
        pytest.param(
            (("If-Modified-Since", DATE), ("If-None-Match", "x")),
            Verdict.PROCEED,
            id="a malformed tag overrules our date",
        ),
        pytest.param(
            (("If-Unmodified-Since", BEFORE), ("If-Match", TAG)),
            Verdict.PROCEED,
            id="our expected tag overrules a date before",
        ),
        pytest.param(
            (("If-Unmodified-Since", DATE), ("If-Match", OTHER)),
            Verdict.FAILED,
            id="another expected tag overrules our date",
        ),
        pytest.param(
            (("If-Unmodified-Since", DATE), ("If-Match", "x")),
            Verdict.FAILED,
            id="a malformed expected tag overrules our date",
        ),
        pytest.param(
            (("If-None-Match", TAG), ("If-Match", OTHER)),
            Verdict.FAILED,
            id="an expectation fails before a copy is current",
        ),
        pytest.param(
            (("If-None-Match", TAG), ("If-Match", TAG)),
            Verdict.NOT_MODIFIED,
            id="a copy is current after an expectation holds",
        ),
        pytest.param(
            (("If-None-Match", TAG), ("If-Unmodified-Since", BEFORE)),
            Verdict.FAILED,
            id="an expected date fails before a copy is current",
        ),
        pytest.param(
            (("If-None-Match", TAG), ("If-Unmodified-Since", DATE)),
            Verdict.NOT_MODIFIED,
            id="a copy is current after an expected date holds",
        ),
        pytest.param(
            (("If-Modified-Since", DATE), ("If-Match", TAG)),
            Verdict.NOT_MODIFIED,
            id="a date is current after an expected tag holds",
        ),
        pytest.param(
            (("If-Modified-Since", DATE), ("If-Unmodified-Since", BEFORE)),
            Verdict.FAILED,
            id="an expected date fails before a date is current",
        ),
        pytest.param(
            (("Range", "bytes=0-0"), ("If-Range", OTHER)),
            Verdict.PROCEED,
            id="a range is no condition",
        ),
    ],
)
def test_conditions_are_evaluated_in_the_order_of_the_rfc(
    lines: tuple[tuple[str, str], ...], expected: Verdict
) -> None:
    assert verdict(*lines) is expected
    assert verdict(*reversed(lines)) is expected


def test_a_date_that_is_there_twice_is_ignored() -> None:
    assert verdict(("If-Modified-Since", DATE), ("If-Modified-Since", DATE)) is Verdict.PROCEED
    assert verdict(("If-Unmodified-Since", BEFORE), ("If-Unmodified-Since", BEFORE)) is (
        Verdict.PROCEED
    )


@pytest.mark.parametrize(
    ("lines", "applies"),
    [
        pytest.param([], True, id="no If-Range"),
        pytest.param([TAG], True, id="our tag"),
        pytest.param([DATE], True, id="our date"),
        pytest.param(["Sunday, 06-Nov-94 08:49:37 GMT"], True, id="our date in an old format"),
        pytest.param([OTHER], False, id="another tag"),
        pytest.param(['"x"'], False, id="a shorter tag"),
        pytest.param([f"W/{TAG}"], False, id="our tag, weakened"),
        pytest.param([f"{TAG}, {OTHER}"], False, id="a list with our tag"),
        pytest.param(["*"], False, id="a star"),
        pytest.param(["x"], False, id="a word"),
        pytest.param([""], False, id="an empty value"),
        pytest.param([BEFORE], False, id="a second earlier"),
        pytest.param([AFTER], False, id="a second later"),
        pytest.param(["Fri, 31 Dec 9999 23:59:59 GMT"], False, id="the last second of all"),
        pytest.param([TAG, TAG], False, id="our tag twice"),
        pytest.param([DATE, DATE], False, id="our date twice"),
    ],
)
def test_a_range_applies_to_the_very_representation_it_was_begun_with(
    lines: list[str], applies: bool
) -> None:
    """Otherwise a client that resumes a download would join parts of two files."""
    assert range_applies(headers(*(("If-Range", line) for line in lines)), OURS) is applies


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(" " * MANY, id="spaces"),
        pytest.param("," * MANY, id="commas"),
        pytest.param(" ," * MANY, id="empty members"),
        pytest.param('"' * MANY, id="quotes"),
        pytest.param('"' + "a" * MANY, id="a tag that does not end"),
        pytest.param("W/" * MANY, id="weak marks"),
        pytest.param(f"{TAG}" + " " * MANY + "x", id="a tag, spaces, a word"),
        pytest.param(f"{TAG}, " * (MANY // 50) + "x", id="tags and a word"),
        pytest.param('"",' * MANY + "x", id="empty tags and a word"),
        pytest.param(f"{DATE}, " * (MANY // 50), id="dates"),
        pytest.param("Sun, 06 Nov " + "1" * MANY, id="a date that does not end"),
    ],
)
def test_a_hostile_value_is_read_in_one_pass(value: str) -> None:
    assert verdict(*((name, value) for name in NAMES if name != "If-Match")) is Verdict.PROCEED
    assert verdict(("If-Match", value)) is Verdict.FAILED
    assert not range_applies(headers(("If-Range", value)), OURS)


def test_a_tag_is_found_at_the_end_of_a_long_list() -> None:
    assert verdict(("If-None-Match", '"", ' * 4000 + TAG)) is Verdict.NOT_MODIFIED


def test_a_list_may_have_sixteen_kibibytes() -> None:
    longest = TAG + "," * (16 * 1024 - len(TAG))
    assert verdict(("If-None-Match", longest)) is Verdict.NOT_MODIFIED
    assert verdict(("If-None-Match", longest + ",")) is Verdict.PROCEED


def test_a_list_that_is_too_long_holds_nothing() -> None:
    """A hundred lines of the maximum length that the server accepts would block the event loop."""
    lines = [("If-None-Match", f"{TAG}, " * 100) for _ in range(100)]
    assert verdict(*lines) is Verdict.PROCEED
    assert verdict(*((("If-Match", value)) for _, value in lines)) is Verdict.FAILED


VALUES = st.one_of(
    st.text(st.characters()),  # surrogates, too
    st.text(st.sampled_from('"*,W/ \t\udcffa')),
    st.sampled_from([TAG, f"W/{TAG}", OTHER, BEFORE, DATE, AFTER, "*"]),
)


@given(st.lists(st.tuples(st.sampled_from(NAMES), VALUES)))
def test_no_headers_raise(lines: list[tuple[str, str]]) -> None:
    assert verdict(*lines) in Verdict
    assert range_applies(headers(*lines), OURS) in (True, False)


@given(st.lists(VALUES, min_size=1))
def test_one_line_or_several_make_no_difference(values: list[str]) -> None:
    for name in ("If-Match", "If-None-Match"):
        several = verdict(*((name, value) for value in values))
        assert verdict((name, ", ".join(values))) is several


@given(
    st.lists(st.text(st.characters(min_codepoint=0x21, exclude_characters='"\x7f'))),
    st.lists(st.sampled_from([",", ", ", " ,\t", ",,"]), min_size=1),
)
def test_our_tag_is_found_among_any_others(opaque: list[str], commas: list[str]) -> None:
    tags = [*(f'"{text}"' for text in opaque), TAG]
    for comma in commas:
        assert verdict(("If-None-Match", comma.join(tags))) is Verdict.NOT_MODIFIED
        assert verdict(("If-Match", comma.join(reversed(tags)))) is Verdict.PROCEED


@pytest.mark.parametrize("name", [name for name in NAMES if name != "If-Range"])
def test_every_header_that_changes_a_verdict_is_named_as_conditional(name: str) -> None:
    """The fast path looks at no other headers."""
    assert name in CONDITIONAL
    assert "Range" in CONDITIONAL
