"""A signed URL admits to one path, for some minutes, and to no other."""

import pytest
from yarl import URL

from pulp_contentroutes.serving.access.signed_urls import LIFETIME, SignedUrls

NOW = 1_800_000_000.0
PATH = "/content/team/roles/acme/motd/1.0+b.tar.gz"
SIGNED = SignedUrls(b"key")


def url(path: str = PATH, query: str | None = None) -> URL:
    return URL.build(
        path=path, query_string=SIGNED.query_for(PATH, NOW) if query is None else query
    )


def test_it_admits_until_it_has_expired() -> None:
    assert SIGNED.admit(url(), NOW)
    assert SIGNED.admit(url(), NOW + LIFETIME - 1)
    assert not SIGNED.admit(url(), NOW + LIFETIME)


def test_however_the_client_encodes_the_path() -> None:
    encoded = PATH.replace("+", "%2B").replace("acme", "%61cme")
    assert SIGNED.admit(URL(f"{encoded}?{SIGNED.query_for(PATH, NOW)}", encoded=True), NOW)


def test_no_other_path_time_or_key_is_admitted() -> None:
    assert not SIGNED.admit(url(f"{PATH}x"), NOW)
    assert not SIGNED.admit(url("/content/team/other"), NOW)
    assert not SignedUrls(b"other").admit(url(), NOW)
    later = SIGNED.query_for(PATH, NOW).replace(str(int(NOW) + LIFETIME), str(int(NOW) + 9999))
    assert not SIGNED.admit(url(query=later), NOW)


def test_a_time_and_a_path_are_not_one_text() -> None:
    """Digits of the time must not become a part of the path."""
    expires, signature = SIGNED.query_for(PATH, NOW).split("&")
    assert not SIGNED.admit(url(expires[-3:] + PATH, f"{expires[:-3]}&{signature}"), NOW - NOW)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "signature=",
        "expires=&signature=",
        f"expires={int(NOW) + 9}",
        f"expires={int(NOW) + 9}&signature={'0' * 64}",
        f"expires={int(NOW) + 9}&signature=ü",
        f"expires={int(NOW) + 9}&other_signature={'0' * 64}",
        f"expires=-{int(NOW)}&signature={'0' * 64}",
        pytest.param(f"expires={'9' * 5000}&signature={'0' * 64}", id="a number int() refuses"),
        f"expires=١٢٣&signature={'0' * 64}",
        "expires=1e9&signature=x",
    ],
)
def test_rubbish_is_not_admitted(query: str) -> None:
    assert not SIGNED.admit(url(query=query), NOW)


def test_a_signature_that_is_not_utf_8_is_refused() -> None:
    """aiohttp passes a byte above 127 on as a surrogate, which cannot be encoded."""
    query = f"expires={int(NOW) + 9}&signature=\udcff"
    assert not SIGNED.admit(URL(f"{PATH}?{query}", encoded=True), NOW)


def test_no_time_has_more_than_twelve_digits() -> None:
    later = 10.0**11
    assert SIGNED.admit(url(query=SIGNED.query_for(PATH, later)), later)
    far = 10.0**12
    assert not SIGNED.admit(url(query=SIGNED.query_for(PATH, far)), far)


def test_the_default_time_is_now() -> None:
    assert SIGNED.admit(url(query=SIGNED.query_for(PATH)))
    assert not SIGNED.admit(url(query=SIGNED.query_for(PATH, 0)))
