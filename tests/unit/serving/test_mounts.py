"""Mounts: content at URLs that aiohttp has no route for, and what is left to Pulp there."""

import pytest

from pulp_contentroutes.serving.access.guards import GuardNeeds
from pulp_contentroutes.serving.handover import Handover
from tests.unit.serving.conftest import (
    HANDED_OVER,
    HANDED_OVER_AT_MOUNT,
    Client,
    FastPath,
    answer_to,
    guarded,
)

NAME = "a b+%2f\u00fc#?.txt"
TEXT = "below a mount"
ENCODED = "a%20b+%252f%C3%BC%23%3F.txt"


@pytest.fixture(autouse=True)
def _files(fast_path: FastPath) -> None:
    for path in ("x", "dir/y", NAME, "other"):
        fast_path.database.add_file(path, TEXT.encode(), fast_path.root)


@pytest.mark.parametrize(
    "url",
    ["/debian/x", f"/debian/{ENCODED}", "/debian/./dir/y", "/deep/o+ne/y", "/deep/o%2Bne/%79"],
)
async def test_a_file_below_a_mount_is_answered_here(client: Client, url: str) -> None:
    assert await answer_to(client, url) == (200, TEXT)


async def test_the_second_answer_comes_from_memory(client: Client, fast_path: FastPath) -> None:
    for _ in range(2):
        async with client.get("/debian/x") as response:
            assert (response.status, await response.read()) == (200, TEXT.encode())
    assert fast_path.pipeline.handovers == {}


async def test_the_rest_is_answered_by_pulps_handler_with_the_path_of_the_content(
    client: Client, fast_path: FastPath
) -> None:
    for url, path in {
        "/debian": "base",
        "/debian/": "base/",
        "/debian/dir": "base/dir",
        "/deep/o+ne/": "base/dir/",
    }.items():
        assert await answer_to(client, url) == (HANDED_OVER_AT_MOUNT, path)
    assert set(fast_path.pipeline.handovers) == {Handover.DIRECTORY, Handover.REDIRECT}


async def test_a_missing_file_is_a_404_of_ours(client: Client) -> None:
    async with client.get("/debian/missing") as response:
        assert response.status == 404


@pytest.mark.parametrize("path", ["//x", "../x", "%2e%2e/x", "%ff", "a" * 300])
async def test_paths_that_no_content_has_are_refused(client: Client, path: str) -> None:
    status, _ = await answer_to(client, f"/debian/{path}")
    assert 400 <= status < HANDED_OVER


@pytest.mark.parametrize("url", ["/debianx/x", "/deep/", "/deep/x"])
async def test_other_urls_are_none_of_its_business(client: Client, url: str) -> None:
    assert (await answer_to(client, url))[0] == 404


async def test_a_route_of_aiohttp_comes_before_a_mount(client: Client) -> None:
    assert (await answer_to(client, "/debian/other/x"))[0] == HANDED_OVER


async def test_other_methods_are_not_allowed(client: Client, fast_path: FastPath) -> None:
    for method in ("POST", "DELETE"):
        for _ in range(2):
            async with client.request(method, "/debian/x") as response:
                assert response.status == 405
        async with client.get("/debian/x") as response:
            assert response.status == 200


async def test_a_guard_is_asked_below_a_mount(client: Client, fast_path: FastPath) -> None:
    guarded(fast_path, GuardNeeds.REQUEST)
    async with client.get("/debian/x") as response:
        assert response.status == 403
    async with client.get("/debian/x", headers={"X-Key": "yes"}) as response:
        assert response.status == 200
        assert "private" in response.headers["Cache-Control"]


async def test_pulps_handler_answers_when_the_fast_path_is_off(
    client: Client, fast_path: FastPath
) -> None:
    fast_path.answers.is_on = False
    assert await answer_to(client, "/debian/x") == (HANDED_OVER_AT_MOUNT, "base/x")
