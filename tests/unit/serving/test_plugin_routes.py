"""Routes of plugins, whose handlers rules know: the blobs of pulp_container."""

from typing import Any

import pytest
from aiohttp import web
from yarl import URL

from pulp_contentroutes.serving.access.guards import GuardNeeds
from pulp_contentroutes.serving.database import sql
from pulp_contentroutes.serving.handover import Handover
from pulp_contentroutes.serving.model import Target
from pulp_contentroutes.serving.routing.routes import PluginRoute, Routes
from pulp_contentroutes.serving.types import container
from tests.unit.serving.conftest import DATA, HANDED_OVER, OURS, Client, FastPath, MakeClient

DIGEST = "sha256:" + "0a" * 32
BLOB = f"/pulp/container/library/base/blobs/{DIGEST}"


@pytest.fixture(autouse=True)
def distribution(fast_path: FastPath) -> dict[str, Any]:
    fast_path.database.add_file(DIGEST, DATA, fast_path.root, is_published=False)
    return add(fast_path, "library/base")


def add(fast_path: FastPath, base_path: str, **values: Any) -> dict[str, Any]:
    """Add a distribution of a version."""
    given = {"distribution_type": "container.container", "publishes": False, **values}
    return fast_path.database.add_distribution(base_path, publication_id=None, **given)


async def ask(client: Client, url: str | URL, **headers: str) -> int:
    async with client.get(url, headers=headers) as response:
        await response.read()
        return response.status


async def test_a_blob_is_served_with_the_fields_of_a_registry(
    client: Client, fast_path: FastPath
) -> None:
    for _ in range(3):
        async with client.get(BLOB) as response:
            assert (response.status, await response.read()) == (200, DATA)
            assert response.headers["Content-Type"] == "application/octet-stream"
            assert response.headers["Docker-Content-Digest"] == DIGEST
            assert response.headers["Docker-Distribution-API-Version"] == "registry/2.0"
    assert fast_path.database.count(sql.LOOK_UP) == 1
    async with client.get(BLOB, headers={"Range": "bytes=1-2"}) as response:
        assert (response.status, await response.read()) == (206, DATA[1:3])
        assert response.headers["Docker-Content-Digest"] == DIGEST


@pytest.mark.parametrize(
    "path",
    [
        # Blobs that are pending, or not there.
        "library/base/blobs/sha256:" + "0b" * 32,
        # Distributions above and below, and of another type.
        f"library/blobs/{DIGEST}",
        f"library/base/more/blobs/{DIGEST}",
        f"files/blobs/{DIGEST}",
        # URLs that only the plugin can read.
        f"library%2Fbase/blobs/{DIGEST}",
        f"library/base/blobs/{DIGEST.upper().replace('SHA', 'sha')}",
        f"library/base/blobs/{DIGEST}/",
        f"library/base/blobs/{DIGEST[:-1]}",
        f"library//base/blobs/{DIGEST}",
    ],
)
async def test_other_urls_are_left_to_the_plugin(
    client: Client, fast_path: FastPath, path: str
) -> None:
    add(fast_path, "files", distribution_type="file.file")
    for _ in range(2):
        assert await ask(client, f"/pulp/container/{path}") == HANDED_OVER
    assert fast_path.pipeline.handovers == {Handover.PLUGIN_ROUTE: 2}


async def test_a_distribution_of_a_publication_is_left_to_the_plugin(
    client: Client, fast_path: FastPath, distribution: dict[str, Any]
) -> None:
    distribution["publication_id"] = distribution["version_id"]
    assert await ask(client, BLOB) == HANDED_OVER


async def test_the_guard_is_asked_first(client: Client, fast_path: FastPath) -> None:
    guard_id = fast_path.guards.add(GuardNeeds.REQUEST)
    add(fast_path, "library/base", content_guard_id=guard_id)
    missing = BLOB.replace("0a", "0b")
    for url in (BLOB, missing):
        assert await ask(client, url) == 403
    assert fast_path.database.count(sql.LOOK_UP) == 0
    async with client.get(BLOB, headers={"X-Key": "yes"}) as response:
        assert (response.status, await response.read()) == (200, DATA)
        assert response.headers["Cache-Control"].startswith("private")
    async with client.get(missing, headers={"X-Key": "yes"}) as response:
        assert (response.status, response.headers["Cache-Control"]) == (HANDED_OVER, "private")


async def test_the_same_blob_below_pulps_prefix_is_content_as_any_other(client: Client) -> None:
    async with client.get(f"{OURS}library/base/{DIGEST}") as response:
        assert (response.status, await response.read()) == (200, DATA)
        assert "Docker-Content-Digest" not in response.headers


# With domains.

EMPTY = "sha256:a3ed95caeb02ffe68cdd9fd84406680ae93d633cb16422d00e8a7c22955b46d4"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (f"team/a/b/blobs/{DIGEST}", ("team", f"a/b/{DIGEST}")),
        (f"my-team/a/blobs/{DIGEST}?expires=1", ("my-team", f"a/{DIGEST}")),
        (f"team/a/blobs/{EMPTY}", Handover.PLUGIN_ROUTE),
        (f"tea%6d/a/blobs/{DIGEST}", Handover.PLUGIN_ROUTE),
        (f"t%C3%A9am/a/blobs/{DIGEST}", Handover.PLUGIN_ROUTE),
        (f"team/a%2Fb/blobs/{DIGEST}", Handover.PLUGIN_ROUTE),
        (f"team/blobs/{DIGEST}", Handover.OTHER_HANDLER),
    ],
)
async def test_the_first_segment_is_the_domain(
    aiohttp_client: MakeClient, path: str, expected: tuple[str, str] | Handover
) -> None:
    routes = Routes([], 100, plugin_routes=[PluginRoute(container.ROUTE, True)])
    read: list[Target | Handover] = []

    async def keep(request: web.Request) -> web.Response:
        read.append(routes.target(request))
        return web.Response()

    app = web.Application()
    pattern = "/pulp/container/{pulp_domain}/{path:.+}/blobs/sha256:{digest:.+}"
    app.add_routes([web.get(pattern, keep), web.get("/{path:.*}", keep)])
    client = await aiohttp_client(app)
    await ask(client, URL(f"/pulp/container/{path}", encoded=True))
    [target] = read
    found = (target.domain, target.path) if isinstance(target, Target) else target
    assert found == expected
