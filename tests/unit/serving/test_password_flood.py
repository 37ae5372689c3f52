"""Each password costs Pulp's only thread half a second: one client must not keep it busy."""

import asyncio
from collections import Counter

import pytest
from aiohttp import ClientResponse, web
from yarl import URL

from pulp_contentroutes.serving.access import throttle
from pulp_contentroutes.serving.access.guards import GuardNeeds
from tests.unit.serving.conftest import (
    DATA,
    FAILED_LOGINS,
    HANDED_OVER,
    OURS,
    PULPS,
    Client,
    FastPath,
    basic,
    get,
    guarded,
)

FLOOD = 60
RIGHT = {"Authorization": basic("right"), "X_User": "me", "X_Key": "yes"}


async def wrong(client: Client, path: str = "base/x", **headers: str) -> int:
    return (await get(client, path, Authorization=basic("wrong"), **headers)).status


async def settle(count: int = 50) -> None:
    """Let all tasks of this event loop run as far as they can."""
    for _ in range(count):
        await asyncio.sleep(0.001)


@pytest.mark.parametrize("needs", [GuardNeeds.PULP, GuardNeeds.REQUEST])
async def test_no_more_passwords_are_tried_than_may_fail_though_all_come_at_once(
    client: Client, fast_path: FastPath, needs: GuardNeeds
) -> None:
    guarded(fast_path, needs)
    statuses = Counter(await asyncio.gather(*(wrong(client) for _ in range(FLOOD))))
    assert statuses == {401: FAILED_LOGINS, 429: FLOOD - FAILED_LOGINS}
    assert len(fast_path.authentication.checked) == FAILED_LOGINS
    assert fast_path.authentication.most_at_once == 1


async def test_the_limit_is_looked_at_before_the_guard_is_loaded(
    client: Client, fast_path: FastPath
) -> None:
    """Guards are loaded by the thread that passwords keep busy, so that would take minutes."""
    guarded(fast_path, GuardNeeds.PULP)
    for _ in range(FAILED_LOGINS):
        assert await wrong(client) == 401
    fast_path.guards.gate = asyncio.Event()
    assert await asyncio.wait_for(wrong(client), 10) == 429


async def test_right_passwords_that_come_at_once_are_all_admitted(
    client: Client, fast_path: FastPath
) -> None:
    """An office behind one address must not be refused for typing at the same time."""
    guarded(fast_path, GuardNeeds.PULP)
    answers = await asyncio.gather(*(get(client, "base/x", **RIGHT) for _ in range(FLOOD)))
    assert {answer.status for answer in answers} == {200}
    assert fast_path.authentication.most_at_once == 1


async def test_an_address_waits_for_its_own_passwords_only(
    client: Client, fast_path: FastPath
) -> None:
    guarded(fast_path, GuardNeeds.PULP)
    gate = fast_path.authentication.gate = asyncio.Event()
    flood = [asyncio.create_task(get(client, "base/x", **RIGHT, X_Name="flood")) for _ in range(10)]
    await fast_path.authentication.until_checked(1)
    await settle()
    other = {"X_Forwarded_For": "198.51.100.7", "X_Name": "other"}
    answer = asyncio.create_task(get(client, "base/x", **RIGHT, **other))
    await settle()
    gate.set()
    assert (await answer).status == 200
    await asyncio.gather(*flood)
    # The first password was right, so its address is not a stranger any more.
    assert fast_path.authentication.checked[:3] == ["flood", "flood", "other"]


async def test_only_passwords_wait(client: Client, fast_path: FastPath) -> None:
    guard_id = guarded(fast_path, GuardNeeds.PULP)
    token = fast_path.database.add_token(guard_id, may_download=True)
    fast_path.authentication.gate = asyncio.Event()
    waiting = [asyncio.create_task(get(client, "base/x", **RIGHT)) for _ in range(3)]
    await fast_path.authentication.until_checked(1)
    assert (await get(client, "base/x")).status == 401
    bearer = {"Authorization": f"Bearer {token}", "X_User": "me", "X_Key": "yes"}
    assert (await get(client, "base/x", **bearer)).status == 200
    fast_path.authentication.gate.set()
    assert {answer.status for answer in await asyncio.gather(*waiting)} == {200}


async def test_passwords_for_public_content_wait_too_and_are_never_refused_for_being_wrong(
    client: Client, fast_path: FastPath
) -> None:
    """Pulp checks them before it lists a directory, and lists it whatever the result."""
    fast_path.database.add_file("dir/y", DATA, fast_path.root)
    statuses = await asyncio.gather(*(wrong(client, "base/dir/") for _ in range(FLOOD)))
    assert set(statuses) == {HANDED_OVER}
    answer = await client.get("/elsewhere", headers={"Authorization": basic("wrong")})
    assert answer.status == HANDED_OVER
    assert fast_path.authentication.most_at_once == 1


async def test_no_way_round_the_fast_path_is_one_round_the_limit(
    client: Client, fast_path: FastPath
) -> None:
    """Passwords could be guessed at a path that only Pulp reads, or while the fast path is off."""
    guarded(fast_path, GuardNeeds.PULP)
    fast_path.guards.pulps = fast_path.guards.add(GuardNeeds.PULP)
    url = URL(f"{PULPS}base//x", encoded=True)
    refused = {"X-Refused-By-Pulp": "yes", "Authorization": basic("wrong")}
    for _ in range(FAILED_LOGINS):
        assert (await client.get(url, headers=refused)).status == 401
    for path, is_on in ((f"{PULPS}base//x", True), (f"{OURS}base/x", False)):
        fast_path.answers.is_on = is_on
        for _ in range(2):
            answer = await client.get(URL(path, encoded=True), headers=refused)
            assert answer.status == 429
        # The same request for public content is answered, as for every client.
        anyones = {"Authorization": basic("wrong")}
        assert (await client.get(URL(path, encoded=True), headers=anyones)).status == HANDED_OVER
    assert len(fast_path.authentication.checked) == FAILED_LOGINS
    # Not our content: the answers are as without the plugin.
    for path in ("/elsewhere", f"{PULPS}base/other/x"):
        assert (await client.get(path, headers=refused)).status == 403
    assert len(fast_path.authentication.checked) == FAILED_LOGINS + 2


@pytest.mark.parametrize("is_hidden", [True])
async def test_a_hidden_refusal_is_hidden_from_those_who_wait_in_vain(
    client: Client, fast_path: FastPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "_WAITING_OF_ADDRESS", 0)
    guarded(fast_path, GuardNeeds.PULP)
    fast_path.database.add_distribution("public")
    assert (await get(client, "base/x", **RIGHT)).status == 404
    assert (await get(client, "public/dir/", **RIGHT)).status == 429


async def test_a_password_that_was_checked_holds_up_no_other(
    client: Client, fast_path: FastPath
) -> None:
    """The request may continue after the check for as long as the download takes."""
    guarded(fast_path, GuardNeeds.PULP)
    fast_path.database.gate = asyncio.Event()
    slow = asyncio.create_task(get(client, "base/x", **RIGHT))
    # Its look-up waits for the database, behind the snapshot.
    fast_path.suspend()
    await settle()
    fast_path.database.gate.set()
    answers = await asyncio.gather(slow, get(client, "base/x", **RIGHT))
    assert {answer.status for answer in answers} == {200}


async def test_the_turn_ends_when_pulp_does_not_come_to_the_password(
    client: Client, fast_path: FastPath
) -> None:
    guarded(fast_path, GuardNeeds.PULP)
    fast_path.authentication.is_missing = True
    for _ in range(3):
        assert (await get(client, "base/x", **RIGHT)).status == 404
    fast_path.authentication.is_missing = False
    assert (await get(client, "base/x", **RIGHT)).status == 200


async def test_a_client_that_has_gone_costs_no_check(client: Client, fast_path: FastPath) -> None:
    guarded(fast_path, GuardNeeds.PULP)
    gate = fast_path.authentication.gate = asyncio.Event()
    first = asyncio.create_task(get(client, "base/x", **RIGHT))
    await fast_path.authentication.until_checked(1)
    gone = [asyncio.create_task(get(client, "base/x", **RIGHT, X_Name="gone")) for _ in range(5)]
    await settle()
    for each in gone:
        each.cancel()
    await asyncio.gather(*gone, return_exceptions=True)
    await settle()
    gate.set()
    assert (await first).status == 200
    assert (await get(client, "base/x", **RIGHT)).status == 200
    assert "gone" not in fast_path.authentication.checked


@pytest.mark.parametrize("path", ["base/x", "public/dir/"])
async def test_more_than_can_wait_are_refused_at_once(
    client: Client, fast_path: FastPath, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(throttle, "_WAITING_OF_ADDRESS", 3)
    guarded(fast_path, GuardNeeds.PULP)
    fast_path.database.add_distribution("public")
    gate = fast_path.authentication.gate = asyncio.Event()
    first = [asyncio.create_task(get(client, "base/dir/", **RIGHT)) for _ in range(3)]
    await fast_path.authentication.until_checked(1)
    await settle()
    refused: ClientResponse = await get(client, path, **RIGHT)
    assert (refused.status, refused.headers["Cache-Control"]) == (429, "no-store")
    other = asyncio.create_task(get(client, path, **RIGHT, X_Forwarded_For="198.51.100.7"))
    await settle()
    gate.set()
    assert (await other).status in (200, HANDED_OVER)
    assert {answer.status for answer in await asyncio.gather(*first)} == {HANDED_OVER}
    assert (await get(client, "base/x", **RIGHT)).status == 200


async def test_a_password_does_not_wait_for_ever(
    client: Client, fast_path: FastPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "_WAIT_SECONDS", 0.05)
    guarded(fast_path, GuardNeeds.PULP)
    gate = fast_path.authentication.gate = asyncio.Event()
    first = asyncio.create_task(get(client, "base/x", **RIGHT))
    await fast_path.authentication.until_checked(1)
    assert (await get(client, "base/x", **RIGHT)).status == 429
    gate.set()
    assert (await first).status == 200
    assert (await get(client, "base/x", **RIGHT)).status == 200


async def test_clients_that_cannot_be_told_apart_do_not_lock_each_other_out(
    client: Client, fast_path: FastPath
) -> None:
    """A proxy may send `unknown` for every client."""
    guarded(fast_path, GuardNeeds.PULP)
    for _ in range(FAILED_LOGINS * 3):
        assert await wrong(client, X_Forwarded_For="unknown") == 401
    assert (await get(client, "base/x", **RIGHT, X_Forwarded_For="unknown")).status == 200


async def test_a_refusal_of_pulps_whose_guard_is_not_found_stays_pulps(
    client: Client, fast_path: FastPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(request: web.Request) -> None:
        raise RuntimeError

    monkeypatch.setattr(fast_path.guards, "asked_by_pulp", fail)
    answer = await client.get("/ours/no/such", headers={"X-Refused-By-Pulp": "yes"})
    assert (answer.status, answer.reason) == (404, "Not Found")
    answer = await client.get("/pulps/no//such", headers={"X-Refused-By-Pulp": "yes"})
    assert (answer.status, answer.reason) == (403, "What the guard says.")
