"""The outermost middleware, in an application of its own."""

from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from yarl import URL

from pulp_contentroutes.serving.refusals import refuse_unservable_paths

Client = TestClient[web.Request, web.Application]
MakeClient = Callable[[web.Application], Awaitable[Client]]


@pytest.fixture
async def client(aiohttp_client: MakeClient) -> Client:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text="served")

    app = web.Application(middlewares=[refuse_unservable_paths("/ours/", max_bytes=50)])
    app.add_routes([web.get("/{path:.*}", answer)])
    return await aiohttp_client(app)


async def status_of(client: Client, raw_path: str) -> int:
    async with client.get(URL(raw_path, encoded=True)) as response:
        await response.text()
        return response.status


@pytest.mark.parametrize(
    ("raw_path", "status"),
    [
        ("/ours/a", 200),
        ("/ours/a%00", 400),
        ("/ours/a//b", 404),
        ("/ours/a/%2e%2e/b", 404),
        ("/%6Furs/a//b", 404),
        ("/ours/" + "a" * 50, 414),
    ],
)
async def test_unservable_paths_get_their_status(
    client: Client, raw_path: str, status: int
) -> None:
    assert await status_of(client, raw_path) == status


@pytest.mark.parametrize("raw_path", ["/a%00", "/a//b", "/theirs/%2e%2e/b", "/" + "a" * 60])
async def test_other_prefixes_are_none_of_our_business(client: Client, raw_path: str) -> None:
    """Pulp's own prefix and other plugins' routes go through the same application."""
    assert await status_of(client, raw_path) == 200


async def test_a_refusal_says_why_and_echoes_nothing(client: Client) -> None:
    async with client.get(URL("/ours/<script>//", encoded=True)) as response:
        text = await response.text()
    assert text == "404: The path has an empty segment: send one slash where two follow.\n"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "no-store"


async def test_head_is_refused_without_a_body(client: Client) -> None:
    async with client.head(URL("/ours/a//b", encoded=True)) as response:
        assert (response.status, await response.read()) == (404, b"")
