"""Mounts and hosts: the ones that are accepted, and the sentence for each that is not."""

import pytest

from pulp_contentroutes.serving.routing.mount_patterns import (
    MAX_MOUNT,
    InvalidPattern,
    host_of,
    parse_host,
    parse_mount,
    patterns_of,
    stems_of,
)


@pytest.mark.parametrize(
    ("text", "stem", "shape", "captures"),
    [
        ("/", "/", "/", ()),
        ("/debian/", "/debian/", "/debian/", ()),
        ("/a b/ü+~:/", "/a b/ü+~:/", "/a b/ü+~:/", ()),
        ("/repos/{release}/{arch}/", "/repos/", "/repos/{}/{}/", ("release", "arch")),
        ("/a/{x}/b/", "/a/", "/a/{}/b/", ("x",)),
    ],
)
def test_a_mount_is_parsed(text: str, stem: str, shape: str, captures: tuple[str, ...]) -> None:
    found = parse_mount(text)
    assert (found.stem, found.shape, found.captures) == (stem, shape, captures)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "slash"),
        ("debian/", "slash"),
        ("/debian", "slash"),
        ("//", "empty"),
        ("/a//b/", "empty"),
        ("//evil.example/", "empty"),
        ("/a/../b/", "dots"),
        ("/./", "dots"),
        ("/a%2Fb/", "'%'"),
        ("/a?b/", "'?'"),
        ("/a#b/", "'#'"),
        ("/a\\b/", "backslash"),
        ("/a\0b/", "control"),
        ("/a\r\nb/", "control"),
        ("/{}/", "capture"),
        ("/{Name}/", "capture"),
        ("/x{name}/", "capture"),
        ("/{name/", "capture"),
        ("/{path}/", "below the mount"),
        ("/{a}/{a}/", "twice"),
        ("/" + "a/" * 17, "segments"),
        ("/" + "a" * MAX_MOUNT + "/", "characters"),
    ],
)
def test_a_mount_that_no_url_could_have_is_refused(text: str, word: str) -> None:
    with pytest.raises(InvalidPattern, match=word.replace("?", r"\?")):
        parse_mount(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Debs.Example.com", "debs.example.com"),
        ("debs.example.com.", "debs.example.com"),
        ("*.example.com", "*.example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("localhost", "localhost"),
        ("10.0.0.1", "10.0.0.1"),
    ],
)
def test_a_host_is_written_as_requests_have_it(text: str, expected: str) -> None:
    assert parse_host(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("*", "*.com", "a.*.com", "a:80", "http://a", "a/b", "a b", "a@b", "-a.com", "a..b"),
        *("[::1]", "a" * 64, "a." * 130 + "a", "a\r\nb"),
    ],
)
def test_other_hosts_are_refused(text: str) -> None:
    with pytest.raises(InvalidPattern):
        parse_host(text)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Debs.Example.com:8080", "debs.example.com"),
        ("a.", "a"),
        ("[::1]:80", "[::1]:80"),
        ("", ""),
        ("\udcff", ""),
        ("ü", ""),
        ("a\0", ""),
    ],
)
def test_the_host_of_a_request_has_no_port(header: str, expected: str) -> None:
    assert host_of(header) == expected


def test_the_most_specific_host_comes_first() -> None:
    assert patterns_of("a.b.example.com") == [
        "a.b.example.com",
        "*.b.example.com",
        "*.example.com",
        "*.com",
        "",
    ]
    assert patterns_of("") == [""]


def test_a_host_that_is_too_long_is_none() -> None:
    assert host_of(".".join("a" * 60_000)) == ""


def test_stems_are_the_begins_of_a_path() -> None:
    assert stems_of(["a", "b", ""]) == ["/", "/a/", "/a/b/"]
    assert stems_of(["a", "b\0", "c"]) == ["/", "/a/"]
    assert stems_of(["a", "\udcff"]) == ["/", "/a/"]
    assert len(stems_of(["a"] * 2000)) == 17
