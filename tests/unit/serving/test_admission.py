"""Guards and signed URLs admit clients: over real HTTP, with guards of a fake Pulp."""

import pytest
from aiohttp.test_utils import make_mocked_request

from pulp_contentroutes.serving.access.credentials import MAX_LENGTH, new_token
from pulp_contentroutes.serving.access.guards import GuardNeeds
from pulp_contentroutes.serving.access.signed_urls import SignedUrls
from tests.unit.serving.conftest import (
    DATA,
    HANDED_OVER,
    KEY,
    OURS,
    Client,
    FastPath,
    basic,
    get,
    guarded,
)
from tests.unit.serving.refusals import REFUSAL


@pytest.mark.parametrize("needs", [GuardNeeds.REQUEST, GuardNeeds.REQUEST_SLOWLY])
async def test_a_guard_of_the_request_is_asked_each_time_and_loaded_once(
    client: Client, fast_path: FastPath, needs: GuardNeeds
) -> None:
    guard_id = guarded(fast_path, needs)
    statuses = [
        (await get(client, "base/x", **headers)).status
        for headers in ({"X_Key": "yes"}, {"X_Key": "no"}, {"X_Key": "yes"}, {}, {"X_Key": "yes"})
    ]
    assert statuses == [200, 403, 200, 403, 200]
    assert fast_path.guards.loaded == [guard_id]


async def test_a_guard_that_changes_is_loaded_anew(client: Client, fast_path: FastPath) -> None:
    guard_id = guarded(fast_path, GuardNeeds.REQUEST)
    assert (await get(client, "base/x", X_Key="yes")).status == 200
    fast_path.guards.guards[guard_id] = type(fast_path.guards.guards[guard_id])(
        GuardNeeds.REQUEST, lambda request: False
    )
    fast_path.invalidate([str(guard_id), "base_paths"])
    assert (await get(client, "base/x", X_Key="yes")).status == 403


async def test_a_guard_that_is_added_counts_from_its_announcement(
    client: Client, fast_path: FastPath
) -> None:
    fast_path.database.add_file("x", DATA, fast_path.root)
    assert (await get(client, "base/x")).status == 200
    row = fast_path.database.distributions["base"]
    row["content_guard_id"] = fast_path.guards.add(GuardNeeds.REQUEST)
    fast_path.invalidate([str(row["distribution_id"])])
    assert (await get(client, "base/x")).status == 403


async def test_without_trust_a_guard_is_compared_for_each_request(
    client: Client, fast_path: FastPath
) -> None:
    guarded(fast_path, GuardNeeds.REQUEST)
    fast_path.suspend()
    for _ in range(3):
        assert (await get(client, "base/x", X_Key="yes")).status == 200
    assert (len(fast_path.guards.loaded), len(fast_path.guards.compared)) == (1, 2)


async def test_a_guard_that_is_gone_is_left_to_pulp(client: Client, fast_path: FastPath) -> None:
    guard_id = guarded(fast_path, GuardNeeds.REQUEST)
    del fast_path.guards.guards[guard_id]
    assert (await get(client, "base/x", X_Key="yes")).status == HANDED_OVER


async def test_an_admission_is_certain_when_the_guard_in_the_cache_permits_it_or_a_signature(
    client: Client, fast_path: FastPath
) -> None:
    guard_id, path = guarded(fast_path, GuardNeeds.REQUEST), f"{OURS}base/x"
    right, wrong = (make_mocked_request("GET", path, {"X-Key": key}) for key in ("yes", "no"))
    signed = make_mocked_request("GET", f"{path}?{SignedUrls(KEY).query_for(path)}")
    for is_cached in (False, True):
        assert fast_path.admission.is_certain(guard_id, right) is is_cached
        assert not fast_path.admission.is_certain(guard_id, wrong)
        assert fast_path.admission.is_certain(guard_id, signed)
        assert (await get(client, "base/x", X_Key="yes")).status == 200


async def test_a_guard_that_asks_for_users_is_asked_after_pulps_authentication(
    client: Client, fast_path: FastPath
) -> None:
    guarded(fast_path, GuardNeeds.PULP)
    answer = await get(client, "base/x", X_Key="yes", X_User="me")
    assert (answer.status, "Repr-Digest" in answer.headers) == (200, True)
    assert (await get(client, "base/x", X_User="me")).status == 403
    assert (await get(client, "base/x")).status == 401
    assert (await get(client, "base/missing", X_Key="yes", X_User="me")).status == 404
    assert (await get(client, "base/dir", X_Key="yes", X_User="me")).status == HANDED_OVER


async def test_wrong_credentials_are_ignored_on_public_content(
    client: Client, fast_path: FastPath
) -> None:
    fast_path.database.add_file("x", DATA, fast_path.root)
    for value in (basic("wrong"), f"Bearer {new_token()}", "Bearer", "x" * (MAX_LENGTH + 1)):
        for _ in range(2):
            assert (await get(client, "base/x", Authorization=value)).status == 200


async def test_a_guard_comes_before_everything_that_only_pulp_can_answer(
    client: Client, fast_path: FastPath
) -> None:
    guarded(fast_path, GuardNeeds.REQUEST)
    fast_path.database.distributions["base"]["distribution_type"] = "python.python"
    assert (await get(client, "base/x")).status == 403
    assert (await get(client, "base/x", X_Key="yes")).status == HANDED_OVER


async def test_a_guard_that_asks_pulp_is_never_remembered(
    client: Client, fast_path: FastPath
) -> None:
    """Changes of the data that it reads besides its own row are not announced."""
    guarded(fast_path, GuardNeeds.PULP)
    for _ in range(2):
        assert (await get(client, "base/x", X_Key="yes", X_User="me")).status == 200
    assert len(fast_path.guards.loaded) == 4


@pytest.mark.parametrize("needs", GuardNeeds)
async def test_a_signed_url_admits_without_the_guard(
    client: Client, fast_path: FastPath, needs: GuardNeeds
) -> None:
    guarded(fast_path, needs)
    query = SignedUrls(KEY).query_for(f"{OURS}base/x")
    for _ in ("resolved", "from memory"):
        answer = await get(client, f"base/x?{query}")
        assert (answer.status, await answer.read()) == (200, DATA)
    for path in (f"base/missing?{query}", "base/x"):
        assert await (await get(client, path)).text() == REFUSAL[needs]
