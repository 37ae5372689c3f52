"""URL → route: the most specific one, whatever the order of their creation."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulp_contentroutes.serving.routing.content_routes import ContentRoute
from pulp_contentroutes.serving.routing.mount_patterns import patterns_of
from pulp_contentroutes.serving.routing.route_tree import RouteTree
from tests.unit.serving.content_routes.routes import route

ROUTES = [
    route("/debian/"),
    route("/debian/pool/"),
    route("/repos/{release}/"),
    route("/repos/{release}/debug/"),
    route("/repos/9/"),
    route("/a/{x}/c/"),
    route("/a/b/{y}/"),
    route("/", "debs.example.com"),
    route("/debian/", "debs.example.com"),
    route("/", "*.example.com"),
    route("/deep/", "*.sub.example.com"),
]


def find(tree: RouteTree, url: str, host: str = "other.test") -> str | None:
    match = tree.find(host, url[1:].split("/"))
    return match.route.name if match else None


@pytest.mark.parametrize(
    ("url", "host", "expected"),
    [
        ("/debian/x", "other.test", "/debian/"),
        ("/debian/", "", "/debian/"),
        ("/debian", "", "/debian/"),
        ("/debian/pool/x", "", "/debian/pool/"),
        ("/debian/pool", "", "/debian/pool/"),
        ("/debian/poolx/", "", "/debian/"),
        ("/debianx/", "", None),
        ("/", "", None),
        ("/repos/8/x", "", "/repos/{release}/"),
        ("/repos/9/x", "", "/repos/9/"),
        ("/repos/9/debug/x", "", "/repos/{release}/debug/"),
        ("/repos/", "", None),
        ("/repos//x", "", None),
        ("/a/b/c/", "", "/a/b/{y}/"),
        ("/a/z/c/", "", "/a/{x}/c/"),
        ("/debian/x", "debs.example.com", "debs.example.com/debian/"),
        ("/repos/8/", "debs.example.com", "debs.example.com/"),
        ("/debian/x", "rpms.example.com", "*.example.com/"),
        ("/debian/x", "example.com", "/debian/"),
        ("/deep/x", "a.sub.example.com", "*.sub.example.com/deep/"),
        ("/x", "a.sub.example.com", "*.example.com/"),
    ],
)
def test_the_longest_mount_of_the_most_specific_host_wins(
    url: str, host: str, expected: str | None
) -> None:
    for routes in (ROUTES, ROUTES[::-1]):
        tree = RouteTree()
        for each in routes:
            tree.add(each)
        assert find(tree, url, host) == expected


def test_captures_have_the_values_of_the_url() -> None:
    tree = RouteTree()
    tree.add(route("/r/{a}/x/{b}/"))
    match = tree.find("", ["r", "1 ü", "x", "..", "rest"])
    assert match is not None
    assert match.captured == {"a": "1 ü", "b": ".."}
    assert match.segments == ("r", "1 ü", "x", "..")


def test_a_segment_with_a_slash_belongs_to_no_mount() -> None:
    tree = RouteTree()
    tree.add(route("/r/{a}/"))
    assert tree.find("", ["r", "a/b", "x"]) is None


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_tree_without_its_routes_is_empty(order: tuple[int, ...]) -> None:
    routes = [route("/a/b/"), route("/a/{x}/c/"), route("/", "a.example")]
    tree = RouteTree()
    for each in routes:
        tree.add(each)
    assert tree.has_hosts
    for at in order:
        tree.remove(routes[at])
        tree.remove(routes[at])
    assert (tree.has_hosts, tree._hosts) == (False, {})


def test_a_route_that_was_replaced_is_not_removed() -> None:
    old, new = route("/a/{x}/"), route("/a/{y}/")
    tree = RouteTree()
    tree.add(old)
    tree.add(new)
    tree.remove(old)
    match = tree.find("", ["a", "1"])
    assert match is not None
    assert (match.route, match.captured) == (new, {"y": "1"})


SEGMENTS = st.sampled_from(["a", "b", "{x}", "{y}"])
MOUNTS = st.lists(SEGMENTS, max_size=4).filter(
    lambda names: all(names.count(each) < 2 for each in ("{x}", "{y}"))
)
HOSTS = st.sampled_from(["", "a.test", "*.test"])


def expected_route(routes: list[ContentRoute], host: str, segments: list[str]) -> str | None:
    """Find the route by comparing all: slowly, and without a tree."""

    def rank(each: ContentRoute) -> tuple[int, int, list[bool]] | None:
        own = each.mount.segments
        if each.host not in hosts or len(own) > len(segments):
            return None
        pairs = list(zip(own, segments, strict=False))
        if not all(segment in (None, given) and given for segment, given in pairs):
            return None
        return -hosts.index(each.host), len(own), [segment is not None for segment in own]

    hosts = patterns_of(host)
    ranked = [(found, each.name) for each in routes if (found := rank(each)) is not None]
    return max(ranked)[1] if ranked else None


@given(
    mounts=st.lists(st.tuples(HOSTS, MOUNTS), max_size=8),
    host=st.sampled_from(["a.test", "b.test", "x"]),
    segments=st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=5),
)
def test_the_tree_finds_what_a_comparison_of_all_finds(
    mounts: list[tuple[str, list[str]]], host: str, segments: list[str]
) -> None:
    routes = {
        (host, found.mount.shape): found
        for host, names in mounts
        for found in [route("/".join(["", *names, ""]) if names else "/", host)]
    }
    tree = RouteTree()
    for each in routes.values():
        tree.add(each)
    match = tree.find(host, segments)
    expected = expected_route(list(routes.values()), host, segments)
    assert (match and match.route.name) == expected
