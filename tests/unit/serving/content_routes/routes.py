"""Content routes for tests, made from their rows."""

from typing import Any
from uuid import UUID

from aiohttp import ClientResponse
from yarl import URL

from pulp_contentroutes.serving.model import ROUTES
from pulp_contentroutes.serving.resolve.route_rows import route_of
from pulp_contentroutes.serving.routing.content_routes import ContentRoute
from tests.rows import route_row
from tests.unit.serving.conftest import Client, FastPath


def route(mount: str, host: str = "", **values: Any) -> ContentRoute:
    captures = [part[1:-1] for part in mount.split("/") if part.startswith("{")]
    location = "/" + "/".join(f"{{{name}}}" for name in captures) + "{path}"
    found = route_of(route_row(mount, host, location=location, **values))
    assert found is not None
    return found


async def ask(client: Client, url: str, method: str = "GET", **headers: str) -> ClientResponse:
    """Request a URL as it is; `_` in header names becomes `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response = await client.request(
        method, URL(url, encoded=True), headers=named, allow_redirects=False
    )
    await response.read()
    return response


async def add(fast_path: FastPath, mount: str, host: str = "", **values: Any) -> UUID:
    """Add a route, and let the worker hear of it."""
    route_id = fast_path.database.add_route(mount, host, **values)
    fast_path.invalidate([str(route_id), ROUTES])
    await fast_path.until_certain()
    return route_id
