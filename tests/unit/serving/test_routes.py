"""Which requests are for us, and what their URLs mean."""

import pytest
from aiohttp import web
from yarl import URL

from pulp_contentroutes.serving.errors import RequestRefused
from pulp_contentroutes.serving.routes import Route, Routes
from tests.unit.serving.conftest import OURS, PULPS, Client, FastPath, MakeClient


async def status_of(client: Client, raw_path: str, method: str = "GET") -> int:
    async with client.request(method, URL(raw_path, encoded=True)) as response:
        await response.read()
        return response.status


def test_a_route_is_recognised_by_pulps_own_pattern() -> None:
    assert Route("/p/", has_domain=False, is_strict=True).pattern == "/p/{path}"
    assert Route("/p/", has_domain=True, is_strict=True).pattern == "/p/{pulp_domain}/{path}"


@pytest.mark.parametrize("prefix", [OURS, PULPS])
async def test_the_same_content_is_below_every_prefix(
    client: Client, fast_path: FastPath, prefix: str
) -> None:
    fast_path.database.add_file("a b+%2f\u00fc#?.txt", b"odd", fast_path.root)
    assert await status_of(client, f"{prefix}base/a%20b+%252f%C3%BC%23%3F.txt") == 200
    assert await status_of(client, f"{prefix}b%61se/a%20b+%252f%c3%bc%23%3F.txt?x=1") == 200
    assert await status_of(client, f"{prefix}base/missing") == 404


@pytest.mark.parametrize(
    ("rest", "status"),
    [
        ("base/a%00", 400),
        ("base//b", 404),
        ("base/%2e%2e/b", 404),
        ("%00/x", 400),
        pytest.param("base/" + "a" * 200, 414, id="too long"),
    ],
)
async def test_unservable_paths_are_refused_below_our_prefix_and_pulps_business_below_its(
    client: Client, rest: str, status: int
) -> None:
    assert await status_of(client, OURS + rest) == status
    assert await status_of(client, "/%6Furs/" + rest) == status
    assert await status_of(client, PULPS + rest) == 418


async def test_they_are_refused_also_while_the_fast_path_is_off(
    client: Client, fast_path: FastPath
) -> None:
    fast_path.pipeline.is_on = False
    assert await status_of(client, OURS + "base//b") == 404
    assert await status_of(client, OURS + "base/missing") == 418


@pytest.mark.parametrize(
    "raw_path", ["/a%00", "/a//b", "/theirs/%2e%2e/b", pytest.param("/" + "a" * 300, id="too long")]
)
async def test_other_prefixes_are_none_of_our_business(client: Client, raw_path: str) -> None:
    assert await status_of(client, raw_path) == 418


async def test_another_plugins_route_below_pulps_prefix_is_left_to_it(
    client: Client, fast_path: FastPath
) -> None:
    fast_path.database.add_file("other/x", b"x", fast_path.root)
    assert await status_of(client, PULPS + "base/other/x") == 418
    assert await status_of(client, OURS + "base/other/x") == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
async def test_other_methods_are_handed_over(
    client: Client, fast_path: FastPath, method: str
) -> None:
    fast_path.database.add_file("x", b"x", fast_path.root)
    assert await status_of(client, OURS + "base/x") == 200
    assert await status_of(client, OURS + "base/x", method) == 418


async def test_a_refusal_says_why_and_echoes_nothing(client: Client) -> None:
    async with client.get(URL(OURS + "<script>//", encoded=True)) as response:
        text = await response.text()
    assert text == "404: The path has an empty segment: send one slash where two follow.\n"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "no-store"


async def test_head_is_refused_without_a_body(client: Client) -> None:
    async with client.head(URL(OURS + "a//b", encoded=True)) as response:
        assert (response.status, await response.read()) == (404, b"")


# How a URL is parsed, with and without domains.


@pytest.fixture
async def reader(aiohttp_client: MakeClient) -> Client:
    """A client that is answered with the target its URL was parsed to."""
    routes = Routes(
        [Route("/ours/", True, True), Route("/pulps/", True, False), Route("/plain/", False, True)],
        max_path_bytes=100,
    )

    async def read(request: web.Request) -> web.Response:
        try:
            target = routes.target(request)
        except RequestRefused as refused:
            return web.Response(text=type(refused).__name__)
        routed = "ours" if routes.lead_to(request) else "another's"
        return web.Response(text=f"{target.domain}: {target.path}" if target else routed)

    app = web.Application()
    app.add_routes(
        [
            web.get("/pulps/team/other/{name}", read),
            web.get("/ours/{pulp_domain}/{path:.*}", read),
            web.get("/pulps/{pulp_domain}/{path:.*}", read),
            web.get("/plain/{path:.*}", read),
            web.get("/{path:.*}", read),
        ]
    )
    return await aiohttp_client(app)


@pytest.mark.parametrize(
    ("raw_path", "expected"),
    [
        ("/ours/team/base/x", "team: base/x"),
        ("/ours/team/base/x/", "team: base/x/"),
        ("/ours/t%65am/b%61se/x", "team: base/x"),
        ("/ours/team/base%2Fx", "team: base/x"),
        ("/pulps/team/base/x", "team: base/x"),
        ("/plain/team/base/x", "default: team/base/x"),
        # No distribution is named.
        ("/ours/team/", "ours"),
        ("/plain/", "ours"),
        ("/ours/team", "another's"),
        ("/ours", "another's"),
        # aiohttp takes an encoded slash for a part of the domain.
        ("/ours/team%2Fbase/x", "ours"),
        ("/pulps/team%2Fbase/x", "ours"),
        ("/pulps/team/other/x", "another's"),
        ("/theirs/team/base/x", "another's"),
        ("/ours/team//x", "UnservablePath"),
        ("/ours//team/x", "UnservablePath"),
        ("/ours/team/%zz", "MalformedPath"),
        ("/pulps/team/%zz", "ours"),
        ("/pulps/team//x", "ours"),
        pytest.param("/ours/" + "a" * 94, "another's", id="as long as allowed"),
        pytest.param("/ours/" + "a" * 95, "PathTooLong", id="too long"),
        pytest.param("/pulps/team/" + "a" * 95, "ours", id="too long for us"),
    ],
)
async def test_a_url_is_parsed_into_domain_and_path(
    reader: Client, raw_path: str, expected: str
) -> None:
    """With a wrong domain a client gets the content, and the guards, of another team."""
    async with reader.get(URL(raw_path, encoded=True)) as answer:
        assert await answer.text() == expected
