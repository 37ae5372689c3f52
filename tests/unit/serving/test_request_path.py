"""Request paths: those that can name content, and those that are refused."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulp_contentroutes.serving.errors import (
    MalformedPath,
    NulInPath,
    PathTooLong,
    RequestRefused,
    UnservablePath,
)
from pulp_contentroutes.serving.routing.request_path import decode_path

PREFIX = "/p/"
MAX_BYTES = 100


def refusal(raw_path: str) -> type[RequestRefused] | None:
    try:
        decode_path(raw_path, PREFIX, MAX_BYTES)
    except RequestRefused as refused:
        return type(refused)
    return None


@pytest.mark.parametrize(
    "raw_path",
    [
        "/p/",
        "/p/a",
        "/p/a/",
        "/p/a/b.txt",
        "/p/a/...",
        "/p/a/..b",
        "/p/a/b..",
        "/p/a/.",
        "/p/a%2Bb%20%252f%20%C3%BC%23%3F.txt",
        pytest.param("/p/" + "a" * (MAX_BYTES - 3), id="as long as allowed"),
        "/p/ü",
    ],
)
def test_a_path_that_content_can_have_passes(raw_path: str) -> None:
    assert refusal(raw_path) is None


@pytest.mark.parametrize(
    ("raw_path", "error"),
    [
        ("/p/..", UnservablePath),
        ("/p/a/../b", UnservablePath),
        ("/p/a/%2e%2E/b", UnservablePath),
        ("/p/a%2f..%2fb", UnservablePath),
        ("/p/a//b", UnservablePath),
        ("/p//a", UnservablePath),
        ("/p/a//", UnservablePath),
        ("/p/a%2F/b", UnservablePath),
        ("/p/a%00b", NulInPath),
        ("/p/%", MalformedPath),
        ("/p/a%2", MalformedPath),
        ("/p/a%zzb", MalformedPath),
        ("/p/%ff", MalformedPath),
        ("/p/%C3", MalformedPath),
        ("/p/%ED%A0%80", MalformedPath),
        ("/p/\udcff", MalformedPath),
        pytest.param("/p/" + "a" * (MAX_BYTES - 2), PathTooLong, id="a byte too long"),
        pytest.param("/p/" + "%" * MAX_BYTES, PathTooLong, id="too long and malformed"),
        pytest.param("/p/" + "\u00fc" * (MAX_BYTES // 2), PathTooLong, id="too long in UTF-8"),
    ],
)
def test_a_path_that_no_content_can_have_is_refused(
    raw_path: str, error: type[RequestRefused]
) -> None:
    assert refusal(raw_path) is error


@pytest.mark.parametrize(
    ("raw_path", "word"),
    [
        ("/p/a/../b", "'..'"),
        ("/p/a//b", "one slash where two follow"),
        ("/p/a%zz", "%25"),
        ("/p/%ff", "UTF-8"),
        ("/p/a%00", "NUL"),
        pytest.param("/p/" + "a" * MAX_BYTES, f"{MAX_BYTES} bytes", id="too long"),
    ],
)
def test_a_refusal_is_a_sentence_that_names_the_rule(raw_path: str, word: str) -> None:
    """The client sees nothing but this sentence."""
    with pytest.raises(RequestRefused) as refused:
        decode_path(raw_path, PREFIX, MAX_BYTES)
    sentence = str(refused.value)
    assert sentence.startswith("The path ")
    assert sentence.endswith(".")
    assert word in sentence
    assert refused.value.__cause__ is None


def test_only_the_prefix_is_taken_away() -> None:
    assert decode_path("/p/p/p/", PREFIX, MAX_BYTES) == "p/p/"
    assert decode_path("/%70/x", PREFIX, MAX_BYTES) == "x"


@given(st.lists(st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1)))
def test_every_name_round_trips_when_it_is_percent_encoded(segments: list[str]) -> None:
    """Otherwise content would be unreachable."""
    allowed = [segment for segment in segments if segment != ".."]
    path = "/".join(allowed)
    assert decode_path(PREFIX + quote(path), PREFIX, max_bytes=10_000) == path


@given(st.text(st.characters()))  # surrogates, too
def test_no_text_raises_anything_but_a_refusal(text: str) -> None:
    refusal(PREFIX + text)
    assert all(error.status in range(400, 500) for error in RequestRefused.__subclasses__())
