"""URL → content route: a tree of segments for each host, whose depth is that of the mounts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pulp_contentroutes.serving.routing.content_routes import ContentRoute
from pulp_contentroutes.serving.routing.mount_patterns import patterns_of


@dataclass(frozen=True, slots=True)
class Match:
    """The route of a URL, the segments of its mount, decoded, and the values of its captures."""

    route: ContentRoute
    segments: tuple[str, ...]
    captured: dict[str, str]


class _Node:
    """One segment of mounts; `route` is the one that ends here."""

    __slots__ = ("capture", "literals", "route")

    def __init__(self) -> None:
        self.route: ContentRoute | None = None
        # None while it is empty: most nodes are the last one of a mount.
        self.literals: dict[str, _Node] | None = None
        self.capture: _Node | None = None

    def child(self, segment: str | None) -> "_Node | None":
        """Return the node of a segment of a mount, None if no mount goes on with it."""
        if segment is None:
            return self.capture
        return self.literals.get(segment) if self.literals else None

    def make_child(self, segment: str | None) -> "_Node":
        """Return the node of a segment of a mount, made if there is none."""
        if segment is None:
            self.capture = self.capture or _Node()
            return self.capture
        if self.literals is None:
            self.literals = {}
        return self.literals.setdefault(segment, _Node())

    def remove_child(self, segment: str | None) -> None:
        if segment is None:
            self.capture = None
        elif self.literals is not None:
            del self.literals[segment]
            self.literals = self.literals or None

    @property
    def is_empty(self) -> bool:
        return not (self.route or self.literals or self.capture)


class RouteTree:
    """Routes by host and mount; a mount of one shape occurs once for each host."""

    def __init__(self) -> None:
        self._hosts: dict[str, _Node] = {}
        #: Whether the host of a request can decide on its route.
        self.has_hosts = False

    def may_match(self, path: str) -> bool:
        """Tell cheaply whether a path, decoded, may be that of a route."""
        if self.has_hosts:
            return True
        root = self._hosts.get("")
        return root is not None and root.child(path[1:].partition("/")[0]) is not None

    def add(self, route: ContentRoute) -> None:
        """Add a route, in place of one with the same host and shape."""
        node = self._hosts.setdefault(route.host, _Node())
        self.has_hosts = self.has_hosts or route.host != ""
        for segment in route.mount.segments:
            node = node.make_child(segment)
        node.route = route

    def remove(self, route: ContentRoute) -> None:
        """Remove a route, unless another one has taken its place."""
        path = [self._hosts.get(route.host)]
        for segment in route.mount.segments:
            node = path[-1]
            if node is None:
                return
            path.append(node.child(segment))
        last = path[-1]
        if last is None or last.route is not route:
            return
        last.route = None
        self._prune(route, path)

    def _prune(self, route: ContentRoute, path: list[_Node | None]) -> None:
        """Remove the nodes at the end of the path that lead to no route any more."""
        for segment in reversed(route.mount.segments):
            node, parent = path.pop(), path[-1]
            assert node is not None
            assert parent is not None
            if not node.is_empty:
                return
            parent.remove_child(segment)
        root = path[0]
        assert root is not None
        if root.is_empty:
            del self._hosts[route.host]
            self.has_hosts = any(self._hosts)

    def find(self, host: str, segments: Sequence[str]) -> Match | None:
        """Return the match of a URL: by the most specific host, and there by the longest mount.

        Of two mounts of one length, the one with the first literal segment where the other has a
        capture is taken. `segments` are those of the path, decoded; one with a slash in it belongs
        to no mount.
        """
        for name in patterns_of(host) if self.has_hosts else [""]:
            root = self._hosts.get(name)
            if root is None:
                continue
            best: tuple[int, ContentRoute] | None = None
            for depth, route in _routes(root, segments, 0):
                if best is None or depth > best[0]:
                    best = depth, route
            if best is not None:
                return _match(best[1], segments[: best[0]])
        return None


def _routes(node: _Node, segments: Sequence[str], depth: int) -> Iterator[tuple[int, ContentRoute]]:
    """Yield the depths and the routes of mounts that a path is below, literal segments first."""
    if node.route is not None:
        yield depth, node.route
    if depth == len(segments) or not segments[depth] or "/" in segments[depth]:
        return
    literal = node.child(segments[depth])
    if literal is not None:
        yield from _routes(literal, segments, depth + 1)
    if node.capture is not None:
        yield from _routes(node.capture, segments, depth + 1)


def _match(route: ContentRoute, segments: Sequence[str]) -> Match:
    pairs = zip(route.mount.segments, segments, strict=True)
    values = [value for segment, value in pairs if segment is None]
    captured = dict(zip(route.mount.captures, values, strict=True))
    return Match(route, tuple(segments), captured)
