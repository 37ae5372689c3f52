"""Types without a rule: their hooks are asked for each request, and their verdict is followed."""

from uuid import uuid4

import pytest

from pulp_contentroutes.serving.access.guards import GuardNeeds
from pulp_contentroutes.serving.database import sql
from pulp_contentroutes.serving.handover import Handover
from pulp_contentroutes.serving.types.hooks import Verdict
from tests.unit.serving.conftest import DATA, HANDED_OVER, Client, FastPath, get, guarded


@pytest.fixture(autouse=True)
def _files(fast_path: FastPath) -> None:
    fast_path.database.add_distribution("base", distribution_type="core.asked")
    for path in ("x", "dir/y", "index.html"):
        fast_path.database.add_file(path, DATA, fast_path.root)


async def test_each_request_asks_the_hooks(client: Client, fast_path: FastPath) -> None:
    for _ in range(3):
        answer = await get(client, "base/x")
        assert (answer.status, await answer.read()) == (200, DATA)
    assert fast_path.hooks.asked == ["x"] * 3
    assert fast_path.database.count(sql.LOOK_UP) == 1


async def test_a_verdict_is_never_remembered(client: Client, fast_path: FastPath) -> None:
    assert (await get(client, "base/x")).status == 200
    fast_path.hooks.verdicts["x"] = Handover.DISTRIBUTION_HOOK
    assert (await get(client, "base/x")).status == HANDED_OVER
    del fast_path.hooks.verdicts["x"]
    assert (await get(client, "base/x")).status == 200
    assert fast_path.pipeline.handovers == {Handover.DISTRIBUTION_HOOK: 1}


async def test_fields_of_a_hook_replace_pulps(client: Client, fast_path: FastPath) -> None:
    fields = (("cache-control", "public, max-age=60"), ("X-Own", "1"))
    fast_path.hooks.verdicts["x"] = Verdict(None, fields, False)
    answer = await get(client, "base/x")
    assert answer.headers.getall("Cache-Control") == ["public, max-age=60"]
    assert answer.headers["X-Own"] == "1"
    del fast_path.hooks.verdicts["x"]
    answer = await get(client, "base/x")
    assert "X-Own" not in answer.headers


async def test_a_content_artifact_of_a_hook_is_served_at_any_path(
    client: Client, fast_path: FastPath
) -> None:
    found = fast_path.database.files["dir/y"]["content_artifact_id"]
    fast_path.hooks.verdicts["dists/Release"] = Verdict(found, (), False)
    for _ in range(2):
        answer = await get(client, "base/dists/Release")
        assert (answer.status, await answer.read()) == (200, DATA)
        assert "Repr-Digest" in answer.headers
    fast_path.hooks.verdicts["dists/Release"] = Verdict(uuid4(), (), False)
    assert (await get(client, "base/dists/Release")).status == HANDED_OVER


async def test_a_directory_that_only_a_hook_lists_is_left_to_pulp(
    client: Client, fast_path: FastPath
) -> None:
    fast_path.hooks.verdicts["made"] = Verdict(None, (), True)
    fast_path.hooks.verdicts["x"] = Verdict(None, (), True)
    assert (await get(client, "base/made")).status == HANDED_OVER
    assert (await get(client, "base/missing")).status == 404
    # Pulp redirects to the directory, although there is a file of this name.
    assert (await get(client, "base/x")).status == HANDED_OVER
    assert fast_path.pipeline.handovers == {Handover.DIRECTORY: 2}


async def test_checkpoints_are_left_to_pulp(client: Client, fast_path: FastPath) -> None:
    fast_path.database.add_distribution("base", distribution_type="core.asked", checkpoint=True)
    assert (await get(client, "base/x")).status == HANDED_OVER


@pytest.mark.parametrize(
    ("given", "private"),
    [
        ("public, max-age=60", "private, max-age=60"),
        ("max-age=60, public, s-maxage=5", "private, max-age=60"),
        ("Public", "private"),
        ("no-store", "no-store"),
    ],
)
async def test_no_spelling_of_a_field_lets_shared_caches_store_guarded_content(
    client: Client, fast_path: FastPath, given: str, private: str
) -> None:
    guard_id = guarded(fast_path, GuardNeeds.REQUEST)
    fast_path.database.add_distribution(
        "base", distribution_type="core.asked", content_guard_id=guard_id
    )
    fast_path.hooks.verdicts["x"] = Verdict(None, (("cache-control", given),), False)
    answer = await get(client, "base/x", X_Key="yes")
    assert answer.headers.getall("Cache-Control") == [private]


async def test_a_plugins_content_type_holds_for_several_ranges(
    client: Client, fast_path: FastPath
) -> None:
    fast_path.hooks.verdicts["x"] = Verdict(None, (("content-type", "text/x-own"),), False)
    answer = await get(client, "base/x", Range="bytes=0-1,5-6")
    assert answer.status == 206
    assert b"Content-Type: text/x-own\r\n" in await answer.read()


async def test_the_guard_is_asked_before_the_hooks(client: Client, fast_path: FastPath) -> None:
    guard_id = guarded(fast_path, GuardNeeds.REQUEST)
    fast_path.database.add_distribution(
        "base", distribution_type="core.asked", content_guard_id=guard_id
    )
    fast_path.hooks.verdicts["x"] = Verdict(None, (("Cache-Control", "max-age=60"),), False)
    assert (await get(client, "base/x")).status == 403
    assert fast_path.hooks.asked == []
    answer = await get(client, "base/x", X_Key="yes")
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "private, max-age=60")
