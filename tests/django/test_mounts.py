"""The URLs of mounts: guards see the canonical ones, and clients are redirected to their own."""

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from yarl import URL

from pulp_contentroutes.app.edge.canonical_urls import canonical_request, own_location
from pulp_contentroutes.serving.model import Mount, Routed
from pulp_contentroutes.serving.request_state import begin_state

MOUNT = Mount("/debian/", "mirror/bookworm/")
FIRST, SECOND = "20260102T030405Z", "20260101T000000Z"


def request_below_mount(rest: str, query: str = "") -> web.Request:
    """Return a request as the outermost middleware passes it on."""
    request = make_mocked_request(
        "GET", f"/debian/{rest}{query}", match_info={"path": MOUNT.path + URL(rest).path}
    )
    state = begin_state(request)
    state.routed, state.mount = Routed(URL(rest).path, (MOUNT,)), MOUNT
    return request


def test_guards_see_the_canonical_url() -> None:
    request = request_below_mount("a%2Fb%3F.deb", "?token=1")
    assert str(canonical_request(request).rel_url) == (
        "/pulp/content/mirror/bookworm/a/b%3F.deb?token=1"
    )


@pytest.mark.parametrize(
    ("rest", "location", "expected"),
    [
        pytest.param("dists", "/debian/dists/", "/debian/dists/?x=1", id="a slash, by its own URL"),
        pytest.param(
            "dists",
            "/pulp/content/mirror/bookworm/dists/",
            "/debian/dists/?x=1",
            id="a slash, by the canonical URL",
        ),
        pytest.param(
            f"{FIRST}/Release",
            f"/pulp/content/mirror/bookworm/{SECOND}/Release",
            f"/debian/{SECOND}/Release?x=1",
            id="another checkpoint",
        ),
        pytest.param(
            "x",
            "/pulp/content/elsewhere/x",
            "/pulp_contentroutes/content/elsewhere/x?x=1",
            id="out of the mount",
        ),
        pytest.param("x", "https://storage.example/x", None, id="to another host"),
    ],
)
def test_a_redirect_of_pulps_handler_stays_below_the_mount(
    rest: str, location: str, expected: str | None
) -> None:
    found = own_location(request_below_mount(rest, "?x=1"), URL(location))
    assert (None if found is None else str(found)) == expected
