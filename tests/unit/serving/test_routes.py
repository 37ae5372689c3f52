"""The requests that are ours, and the meaning of their URLs."""

import pytest
from aiohttp import web
from yarl import URL

from pulp_contentroutes.serving.access.guards import GuardNeeds
from pulp_contentroutes.serving.errors import RequestRefused
from pulp_contentroutes.serving.model import Target
from pulp_contentroutes.serving.routing.routes import Route, Routes
from tests.unit.serving.conftest import (
    OURS,
    PULPS,
    Client,
    FastPath,
    MakeClient,
    answer_to,
    guarded,
)


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
        ("base//b", 404),
        ("base/../b", 404),
        ("base/%2e%2e/b", 404),
        ("base/%ff", 400),
        ("base/100%", 400),
    ],
)
async def test_unservable_paths_are_refused_below_our_prefix_and_pulps_business_below_its(
    client: Client, rest: str, status: int
) -> None:
    """Content of Pulp may have such a name, and Pulp serves it."""
    assert (await answer_to(client, OURS + rest))[0] == status
    assert (await answer_to(client, "/%6Furs/" + rest))[0] == status
    assert (await answer_to(client, PULPS + rest))[0] == 418


async def test_a_long_path_is_refused_below_our_prefix_and_answered_below_pulps(
    client: Client, fast_path: FastPath
) -> None:
    """Content of Pulp may have such a path, and Pulp's handler would be slow to report a miss."""
    fast_path.database.add_file("a" * 200, b"x", fast_path.root)
    assert await status_of(client, OURS + "base/" + "a" * 200) == 414
    assert await status_of(client, PULPS + "base/" + "a" * 200) == 200
    assert await status_of(client, PULPS + "base/" + "a" * 201) == 404


@pytest.mark.parametrize("prefix", [OURS, "/%6Furs/", PULPS, "/%70ulps/"])
@pytest.mark.parametrize("rest", ["base/a%00", "%00/x", "%00", "base/%00/b"])
async def test_a_nul_is_refused_below_every_prefix(client: Client, prefix: str, rest: str) -> None:
    """Pulp's handler would answer 500: PostgreSQL refuses NUL."""
    assert await status_of(client, prefix + rest) == 400


DOTTED = [
    "base/./dir/x",
    "./base/dir/x",
    "base/dir/./x",
    "base/././dir/./x",
    "base/%2e/dir/%2E/x",
    "base/./d%69r/x?query",
]


@pytest.mark.parametrize("prefix", [OURS, PULPS])
@pytest.mark.parametrize("rest", DOTTED)
async def test_a_segment_of_one_dot_says_nothing(
    client: Client, fast_path: FastPath, prefix: str, rest: str
) -> None:
    """apt sends such a segment for `deb URL ./`; RFC 3986 §6.2.2.3."""
    fast_path.database.add_file("dir/x", b"x", fast_path.root)
    for _ in range(2):
        assert await answer_to(client, prefix + rest) == (200, "x")


@pytest.mark.parametrize(
    "rest", ["base/dir/.", "base/dir/./", "base/./dir/.", "base/./dir/%2e/", "base/dir/./."]
)
async def test_a_last_dot_is_the_directory(client: Client, fast_path: FastPath, rest: str) -> None:
    fast_path.database.add_file("dir/index.html", b"x", fast_path.root)
    assert await answer_to(client, OURS + rest) == (200, "x")


@pytest.mark.parametrize(
    "rest", ["base/dir/.x", "base/dir/..x", "base/dir./x", "base/...", "base/."]
)
async def test_other_dots_belong_to_names(client: Client, fast_path: FastPath, rest: str) -> None:
    fast_path.database.add_file(rest.removeprefix("base/"), b"x", fast_path.root)
    fast_path.database.add_file("index.html", b"x", fast_path.root)
    assert await answer_to(client, OURS + rest) == (200, "x")


@pytest.mark.parametrize("rest", DOTTED)
async def test_a_dot_is_no_way_around_a_guard(
    client: Client, fast_path: FastPath, rest: str
) -> None:
    guarded(fast_path, GuardNeeds.REQUEST)
    fast_path.database.add_file("dir/x", b"x", fast_path.root)
    assert (await answer_to(client, OURS + rest))[0] == 403


@pytest.mark.parametrize("prefix", [OURS, PULPS])
@pytest.mark.parametrize("has_domain", [True, False])
@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("team/./a/b?x=%2e/./y", "team/a/b?x=%2e/./y"),
        ("./team/a%20b/.", "team/a%20b/"),
        ("team/a%2f.%2fb", "team/a%2f.%2fb"),
        ("team/a/../b", "team/a/../b"),
        ("team/a/./../b", "team/a/../b"),
    ],
)
async def test_what_is_handed_over_has_no_dot_segments_either(
    aiohttp_client: MakeClient, prefix: str, has_domain: bool, rest: str, expected: str
) -> None:
    """Guards, signatures and redirects use the URL of the request."""
    routes = Routes([Route(OURS, has_domain, True), Route(PULPS, has_domain, False)], 1000)

    async def show(request: web.Request) -> web.Response:
        request = routes.without_dots(request)
        shown = f"{request.rel_url} {request.match_info.get('pulp_domain')} "
        return web.Response(text=shown + request.match_info["path"])

    app = web.Application()
    domain = "{pulp_domain}/" if has_domain else ""
    app.add_routes([web.get(f"{each}{domain}{{path:.+}}", show) for each in (OURS, PULPS)])
    client = await aiohttp_client(app)
    _, shown = await answer_to(client, prefix + rest)
    url, found, path = shown.split(" ", 2)
    assert url == prefix + expected
    decoded = URL("/" + expected, encoded=True).path[1:]
    assert (found, path) == (("team", decoded[5:]) if has_domain else ("None", decoded))


async def test_they_are_refused_also_while_the_fast_path_is_off(
    client: Client, fast_path: FastPath
) -> None:
    fast_path.answers.is_on = False
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
    """Return a client of an app that answers with the target to which it has parsed the URL."""
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
        if isinstance(target, Target):
            routed = f"{target.domain}: {target.path}"
        return web.Response(text=routed)

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
        pytest.param("/pulps/team/" + "a" * 95, f"team: {'a' * 95}", id="not too long for Pulp"),
    ],
)
async def test_a_url_is_parsed_into_domain_and_path(
    reader: Client, raw_path: str, expected: str
) -> None:
    """With a wrong domain a client would get the content, and the guards, of another team."""
    async with reader.get(URL(raw_path, encoded=True)) as answer:
        assert await answer.text() == expected
