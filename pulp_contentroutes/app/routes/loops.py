"""Redirects from route to route: the search for one that leads back to its begin."""

from collections.abc import Callable
from typing import Final
from urllib.parse import unquote

from yarl import URL

from pulp_contentroutes.serving.routing.content_routes import ContentRoute, Redirect
from pulp_contentroutes.serving.routing.mount_patterns import host_of
from pulp_contentroutes.serving.routing.route_tree import Match
from pulp_contentroutes.serving.routing.templates import fill_location

#: More redirects than a browser follows.
_MOST: Final = 20
#: Stands for every capture, and for the path below a mount.
_ANY: Final = "x"


def find_loop(route: ContentRoute, find: Callable[[str, list[str]], Match | None]) -> str | None:
    """Return the names of the routes that a client would be redirected through for ever.

    Return None if it would arrive. `find` returns the match of a host and the segments of a path
    among all routes, `route` among them.
    """
    # Names of other domains are none of the user's business.
    names: list[str] = []
    host = route.host.replace("*", _ANY)
    captured = dict.fromkeys(route.mount.captures, _ANY)
    current: ContentRoute | None = route
    while current is not None and isinstance(current.action, Redirect):
        names.append(current.name if current.domain == route.domain else "(another domain)")
        if len(names) > _MOST:
            return " → ".join(dict.fromkeys(names))
        url = URL(fill_location(current.action.location, captured, _ANY, ""), encoded=True)
        if url.host is not None:
            host = host_of(url.host)
        match = find(host, [unquote(each) for each in url.raw_path[1:].split("/")])
        # A URL with a host that no route names is perhaps another server's.
        is_elsewhere = url.host is not None and match is not None and match.route.host == ""
        if match is None or is_elsewhere:
            return None
        current, captured = match.route, match.captured
    return None
