"""Requests for content routes, over real HTTP: redirects, rewrites, groups, options and guards."""

import asyncio
from typing import Any

import pytest

from pulp_contentroutes.serving.access.guards import GuardNeeds
from pulp_contentroutes.serving.database import sql
from pulp_contentroutes.serving.model import ROUTES
from tests.unit.serving.conftest import (
    CACHE_CONTROL,
    DATA,
    HANDED_OVER_AT_MOUNT,
    Client,
    FastPath,
    answer_to,
)
from tests.unit.serving.content_routes.routes import add, ask

# Redirects.


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("/moved/a/b.deb", "/new/a/b.deb"),
        ("/moved/a%20%C3%BC?x=1&y=%2F", "/new/a%20%C3%BC?x=1&y=%2F"),
        ("/moved/", "/new/"),
        ("/moved", "/new/"),
        ("/moved/./a", "/new/a"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_redirect_keeps_path_and_query(
    client: Client, fast_path: FastPath, url: str, expected: str, method: str
) -> None:
    await add(fast_path, "/moved/", status=308)
    answer = await ask(client, url, method)
    assert (answer.status, answer.headers["Location"]) == (308, expected)
    assert "Cache-Control" not in answer.headers
    assert fast_path.database.asked == []


async def test_a_redirect_has_the_cache_control_of_its_route(
    client: Client, fast_path: FastPath
) -> None:
    await add(fast_path, "/moved/", cache_control="max-age=60", headers='{"X-Team": "a"}')
    answer = await ask(client, "/moved/a")
    assert answer.headers["Cache-Control"] == "max-age=60"
    assert "X-Team" not in answer.headers


@pytest.mark.parametrize(
    "url",
    ["/moved//evil.example/", "/moved/../evil", "/moved/%2e%2e/evil", "/moved/%2F%2Fevil.example"],
)
async def test_no_path_turns_a_redirect(client: Client, fast_path: FastPath, url: str) -> None:
    await add(fast_path, "/moved/", location="/{path}")
    status, _ = await answer_to(client, url)
    assert status == 404


async def test_a_redirect_behind_a_guard_is_for_those_whom_it_admits(
    client: Client, fast_path: FastPath
) -> None:
    guard_id = fast_path.guards.add(GuardNeeds.REQUEST)
    await add(fast_path, "/moved/", content_guard_id=guard_id, cache_control="public, max-age=9")
    refused = await ask(client, "/moved/a")
    assert (refused.status, "Location" in refused.headers) == (403, False)
    admitted = await ask(client, "/moved/a", X_Key="yes")
    assert (admitted.status, admitted.headers["Cache-Control"]) == (302, "private, max-age=9")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
async def test_only_get_and_head_are_allowed(
    client: Client, fast_path: FastPath, method: str
) -> None:
    await add(fast_path, "/moved/")
    for url in ("/moved/a", "/debian/x"):
        answer = await ask(client, url, method)
        assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")


# Serving and rewriting.


async def test_captures_choose_the_distribution(client: Client, fast_path: FastPath) -> None:
    fast_path.database.add_file("dists/x", DATA, fast_path.root)
    await add(fast_path, "/old/{name}/{release}/", action="rewrite", path="{name}/dists")
    fast_path.database.add_distribution("base")
    # Unused captures are refused by the API; a row may have them all the same.
    status, _ = await answer_to(client, "/old/base/12/x")
    assert status == 404
    await add(fast_path, "/repos/{name}/", action="rewrite", path="{name}/dists")
    answer = await ask(client, "/repos/base/x")
    assert (answer.status, await answer.read()) == (200, DATA)
    assert (await ask(client, "/repos/other/x")).status == 404
    assert (await ask(client, "/repos/..%2Fbase/x")).status == 404


async def test_a_change_takes_effect_with_the_next_request(
    client: Client, fast_path: FastPath
) -> None:
    for path in ("x", "dir/x"):
        fast_path.database.add_file(path, path.encode() * 100, fast_path.root)
    route_id = await add(fast_path, "/r/", paths=["base"])
    for _ in ("looked up", "from memory"):
        assert await (await ask(client, "/r/x")).read() == b"x" * 100
    fast_path.database.routes[route_id]["paths"] = ["base/dir"]
    fast_path.invalidate([str(route_id), ROUTES])
    for _ in ("asked", "looked up", "from memory"):
        assert await (await ask(client, "/r/x")).read() == b"dir/x" * 100
    del fast_path.database.routes[route_id]
    fast_path.invalidate([str(route_id), ROUTES])
    for _ in range(2):
        assert (await ask(client, "/r/x")).status == 404


async def test_a_route_that_gets_a_guard_during_a_request_is_guarded_from_then_on(
    client: Client, fast_path: FastPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request itself may have been admitted before; memory must not admit the next one."""
    fast_path.database.add_file("x", DATA, fast_path.root)
    route_id = await add(fast_path, "/r/", paths=["base"])
    assert (await ask(client, "/debian/x")).status == 200
    guard_id = fast_path.guards.add(GuardNeeds.REQUEST)
    look_up, is_looked_up, gate = fast_path.resolver.look_up, asyncio.Event(), asyncio.Event()

    async def look_up_and_wait(*arguments: Any) -> Any:
        found = await look_up(*arguments)
        is_looked_up.set()
        await gate.wait()
        return found

    monkeypatch.setattr(fast_path.resolver, "look_up", look_up_and_wait)
    first = asyncio.create_task(ask(client, "/r/x"))
    await is_looked_up.wait()
    fast_path.database.routes[route_id]["content_guard_id"] = guard_id
    fast_path.invalidate([str(route_id), ROUTES])
    await fast_path.until_certain()
    gate.set()
    assert (await first).status == 200
    assert (await ask(client, "/r/x")).status == 403


async def test_a_file_in_memory_is_never_that_of_another_host(
    client: Client, fast_path: FastPath
) -> None:
    for path in ("one/x", "two/x", "all/x"):
        fast_path.database.add_file(path, path.encode() * 100, fast_path.root)
    for host, path in (("one.test", "base/one"), ("*.two.test", "base/two"), ("", "base/all")):
        await add(fast_path, "/r/", host, paths=[path])
    expected = {"one.test": "one", "ONE.test:80": "one", "a.two.test": "two", "x": "all"}
    for _ in ("looked up", "from memory"):
        for host, path in expected.items():
            assert await (await ask(client, "/r/x", Host=host)).read() == f"{path}/x".encode() * 100
    statements = fast_path.database.count(sql.LOOK_UP)
    assert statements == 3


async def test_a_new_host_takes_its_requests_from_memory(
    client: Client, fast_path: FastPath
) -> None:
    for path in ("one/x", "all/x"):
        fast_path.database.add_file(path, path.encode() * 100, fast_path.root)
    await add(fast_path, "/r/", paths=["base/all"])
    for _ in range(2):
        assert await (await ask(client, "/r/x", Host="one.test")).read() == b"all/x" * 100
    await add(fast_path, "/r/", "one.test", paths=["base/one"])
    assert await (await ask(client, "/r/x", Host="one.test")).read() == b"one/x" * 100


@pytest.mark.parametrize(
    ("path", "status"),
    [("pool/a.deb", 200), ("pool/a.udeb", 404), ("secret/a.deb", 404), ("pool/", 404)],
)
async def test_patterns_decide_on_paths(
    client: Client, fast_path: FastPath, path: str, status: int
) -> None:
    for name in ("pool/a.deb", "pool/a.udeb", "secret/a.deb"):
        fast_path.database.add_file(name, DATA, fast_path.root)
    await add(fast_path, "/r/", paths=["base"], allow='["*.deb"]', deny='["secret/*"]')
    for _ in range(2):
        assert (await ask(client, f"/r/{path}")).status == status


async def test_files_have_the_fields_of_their_route(client: Client, fast_path: FastPath) -> None:
    fast_path.database.add_file("x", DATA, fast_path.root)
    await add(
        fast_path, "/r/", paths=["base"], cache_control="public, max-age=60",
        headers='{"X-Team": "a b"}',
    )  # fmt: skip
    for answer in [await ask(client, "/r/x") for _ in range(2)]:
        assert answer.headers.getall("Cache-Control") == ["public, max-age=60"]
        assert answer.headers["X-Team"] == "a b"
    part = await ask(client, "/r/x", Range="bytes=0-1")
    assert (part.status, part.headers["X-Team"]) == (206, "a b")
    fresh = await ask(client, "/r/x", If_None_Match=part.headers["ETag"])
    assert (fresh.status, fresh.headers["Cache-Control"]) == (304, "public, max-age=60")
    # The same file elsewhere has those of Pulp.
    other = await ask(client, "/debian/x")
    assert other.headers["Cache-Control"] == CACHE_CONTROL
    assert "X-Team" not in other.headers


async def test_without_listings_a_directory_is_not_there(
    client: Client, fast_path: FastPath
) -> None:
    fast_path.database.add_file("dir/x", DATA, fast_path.root)
    await add(fast_path, "/r/", paths=["base"], listings=False)
    for url in ("/r/", "/r/dir/"):
        assert (await ask(client, url)).status == 404
    # As Pulp does where there is an index.html.
    assert await answer_to(client, "/r/dir") == (HANDED_OVER_AT_MOUNT, "base/dir")
    assert (await ask(client, "/r/dir/x")).status == 200


# Without the database.


async def test_a_url_that_cannot_be_routed_is_answered_503(
    client: Client, fast_path: FastPath
) -> None:
    route_id = await add(fast_path, "/r/", paths=["base"])
    fast_path.database.is_down = True
    fast_path.invalidate([str(route_id), ROUTES])
    for method in ("GET", "HEAD"):
        answer = await ask(client, "/r/x", method)
        assert (answer.status, answer.headers["Cache-Control"]) == (503, "no-store")


async def test_a_route_without_targets_has_nothing(client: Client, fast_path: FastPath) -> None:
    """All its distributions were deleted."""
    await add(fast_path, "/r/", action="serve", paths=[])
    for is_on in (True, False):
        fast_path.answers.is_on = is_on
        assert (await ask(client, "/r/x")).status == 404
