"""Templates of redirects and rewrites."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from pulp_contentroutes.serving.routing.mount_patterns import InvalidPattern
from pulp_contentroutes.serving.routing.templates import (
    fill_location,
    parse_base_path,
    parse_location,
)


@pytest.mark.parametrize(
    ("text", "captured", "path", "query", "expected"),
    [
        ("/new/{path}", {}, "a b/ü?.deb", "", "/new/a%20b/%C3%BC%3F.deb"),
        ("/new/{path}", {}, "a", "x=1&y=%20", "/new/a?x=1&y=%20"),
        ("/new/{path}?from=old", {}, "a", "x=1", "/new/a?from=old&x=1"),
        ("/new", {}, "", "x=\udcff\xe9", "/new?x=%FF%C3%A9"),
        ("https://n.example/{r}/{path}", {"r": "9 x"}, "", "", "https://n.example/9%20x/"),
        ("http://n.example:8080/", {}, "a", "", "http://n.example:8080/"),
        ("/x%20y/{path}", {}, "a%2Fb", "", "/x%20y/a%252Fb"),
        ("/n/{path}", {}, "\r\nSet-Cookie: a", "", "/n/%0D%0ASet-Cookie%3A%20a"),
    ],
)
def test_a_location_is_filled_and_encoded(
    text: str, captured: dict[str, str], path: str, query: str, expected: str
) -> None:
    assert fill_location(parse_location(text, captured), captured, path, query) == expected


@pytest.mark.parametrize(
    ("text", "captures", "word"),
    [
        ("//evil.example/{path}", (), "begins"),
        ("{path}", (), "begins"),
        ("https://{host}/", ("host",), "begins"),
        ("https://a.example{path}", (), "begins"),
        ("https://a.example", (), "begins"),
        ("https://user@a.example/", (), "begins"),
        ("ftp://a.example/", (), "begins"),
        ("javascript:alert(1)//a/b/c/", (), "begins"),
        ("\\\\evil.example/", (), "encoded"),
        ("/a b", (), "encoded"),
        ("/a\r\nX: y", (), "encoded"),
        ("/ü", (), "encoded"),
        ("/a#b", (), "fragment"),
        ("/{unknown}/", (), "no capture 'unknown'"),
        ("/a/", ("unused",), "'unused'.*not used"),
        ("/a{", (), "counterpart"),
        ("/a}b{path}", (), "counterpart"),
        ("/" + "a" * 2000, (), "characters"),
    ],
)
def test_a_location_that_a_client_could_turn_is_refused(
    text: str, captures: tuple[str, ...], word: str
) -> None:
    with pytest.raises(InvalidPattern, match=word):
        parse_location(text, captures)


#: The path below a mount, as `decode_path` lets it pass: no empty segment but the last.
PATHS = st.lists(st.text(min_size=1).filter(lambda text: "/" not in text), min_size=1).map("/".join)


@given(path=PATHS, captured=st.text(min_size=1).filter(lambda text: "/" not in text))
@pytest.mark.parametrize("text", ["/{path}", "/{c}/{path}", "https://a.example/{c}{path}"])
def test_no_path_leads_to_another_host(text: str, path: str, captured: str) -> None:
    values = {"c": captured} if "{c}" in text else {}
    try:
        location = fill_location(parse_location(text, values), values, path, "")
    except UnicodeEncodeError:
        return
    url = URL(location, encoded=True)
    assert url.host == ("a.example" if text.startswith("https") else None)
    assert location.isascii()
    assert location.isprintable()


def test_a_base_path_is_filled_as_it_is() -> None:
    template = parse_base_path("{name}/dists/{release}", ["name", "release"])
    assert template.render({"name": "ü b", "release": "12"}) == "ü b/dists/12"


@pytest.mark.parametrize("text", ["", "/a", "a/", "a//b", "../a", "a/./b", "{path}", "{name}", "a"])
def test_a_base_path_that_no_distribution_has_is_refused(text: str) -> None:
    with pytest.raises(InvalidPattern):
        parse_base_path(text, ["name"] if text != "{name}" else [])
