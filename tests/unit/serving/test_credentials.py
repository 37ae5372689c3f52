"""Parsing an Authorization header: it never raises, whatever the header contains."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulp_contentroutes.serving.access.credentials import (
    TOKEN_PREFIX,
    Foreign,
    Malformed,
    Password,
    Token,
    credentials_of,
    digest_of,
    new_token,
)

TOKEN = TOKEN_PREFIX + "a" * 43


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_tokens_are_told_apart_and_known_at_sight() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(credentials_of(f"Bearer {token}") == Token(digest_of(token)) for token in tokens)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (f"Bearer {TOKEN}", Token),
        (f"bEARER {TOKEN}", Token),
        (f"token {TOKEN}", Token),
        (f"Token   {TOKEN} ", Token),
        (f"Basic {encoded(f'me:{TOKEN}')}", Token),
        (f"basic {encoded(f':{TOKEN}')}", Token),
        (f"Basic {encoded('me:password')}", Password),
        (f"Basic {encoded('me:')}", Password),
        (f"Basic {encoded('me:a:b')}", Password),
        (f"Basic {encoded('mé:ü')}", Password),
        (f"Basic {base64.b64encode(b'me:' + bytes([255])).decode()}", Password),
        (f"Basic\t{encoded('me:password')}", Password),
        (f"Basic !{encoded('me:password')}", Password),
        (f"Bearer {TOKEN[:-1]}", Malformed),
        (f"Bearer {TOKEN}x", Malformed),
        (f"Bearer {TOKEN}\n", Token),
        (f"Bearer {TOKEN} {TOKEN}", Malformed),
        (f"Basic {encoded(f'me:{TOKEN}x')}", Malformed),
        ("Bearer", Malformed),
        ("Token ", Malformed),
        ("Basic", Malformed),
        ("Basic !!!", Malformed),
        ("Basic abc", Malformed),
        (f"Basic {encoded('no colon')}", Malformed),
        ("Bearer eyJhbGciOiJIUzI1NiJ9.e30.x", Foreign),
        ("Negotiate abc", Foreign),
        (encoded("secret"), Foreign),
    ],
)
def test_each_value_is_of_one_kind(value: str, kind: type) -> None:
    assert isinstance(credentials_of(value), kind)


@pytest.mark.parametrize("value", [None, "", " ", "\t"])
def test_nothing_is_no_credentials(value: str | None) -> None:
    assert credentials_of(value) is None


@given(
    st.sampled_from(["", "Basic ", "Bearer ", "Token ", "basic\t", f"Bearer {TOKEN_PREFIX}"]),
    st.one_of(
        st.text(max_size=100),
        st.binary(max_size=60).map(lambda data: base64.b64encode(data).decode()),
        st.binary(max_size=60).map(lambda data: data.decode("utf-8", "surrogateescape")),
    ),
)
def test_nothing_raises_and_no_secret_is_kept(scheme: str, rest: str) -> None:
    credentials = credentials_of(scheme + rest)
    if isinstance(credentials, Token):
        assert rest not in repr(credentials)
    else:
        assert credentials in (None, Password(), Malformed(), Foreign())
