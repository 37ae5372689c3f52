"""After too many wrong credentials, no further password of the client is checked."""

import pytest

from pulp_contentroutes.serving.access.credentials import new_token
from pulp_contentroutes.serving.access.guards import GuardNeeds
from tests.unit.serving.conftest import FAILED_LOGINS, Client, FastPath, basic, get, guarded


async def test_passwords_for_a_token_guard_are_failed_log_ins(
    client: Client, fast_path: FastPath
) -> None:
    guarded(fast_path, GuardNeeds.TOKEN)
    statuses = [
        (await get(client, "base/x", Authorization=basic("right"))).status
        for _ in range(FAILED_LOGINS + 1)
    ]
    assert statuses == [401] * FAILED_LOGINS + [429]


async def test_after_too_many_wrong_credentials_passwords_are_not_tried(
    client: Client, fast_path: FastPath
) -> None:
    guard_id = guarded(fast_path, GuardNeeds.PULP)
    token = fast_path.database.add_token(guard_id, may_download=True)
    statuses = [
        (await get(client, "base/x", Authorization=basic("wrong"))).status
        for _ in range(FAILED_LOGINS + 2)
    ]
    assert statuses == [401] * FAILED_LOGINS + [429] * 2
    right = {"Authorization": basic("right"), "X_User": "me", "X_Key": "yes"}
    assert (await get(client, "base/x", **right)).status == 429
    # A wrong token is reported as wrong, however often: its owner must learn it.
    assert (await get(client, "base/x", Authorization="Bearer pcr_x")).status == 401
    # A right token is as cheap as a wrong one, and another address counts as another client.
    bearer = {"Authorization": f"Bearer {token}", "X_User": "me", "X_Key": "yes"}
    assert (await get(client, "base/x", **bearer)).status == 200
    assert (await get(client, "base/x", **right, X_Forwarded_For="6.6.6.6, 10.0.0.9")).status == 200


async def test_anonymous_refusals_are_no_failed_log_ins(
    client: Client, fast_path: FastPath
) -> None:
    guarded(fast_path, GuardNeeds.PULP)
    statuses = {(await get(client, "base/x")).status for _ in range(FAILED_LOGINS * 3)}
    assert statuses == {401}
    right = {"Authorization": basic("right"), "X_User": "me", "X_Key": "yes"}
    assert (await get(client, "base/x", **right)).status == 200


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(f"Bearer {new_token()}", id="an unknown token"),
        pytest.param("Bearer pcr_x", id="half a token"),
        pytest.param("Negotiate abc", id="credentials of another kind"),
    ],
)
async def test_wrong_credentials_of_every_kind_are_failed_log_ins(
    client: Client, fast_path: FastPath, wrong: str
) -> None:
    guarded(fast_path, GuardNeeds.PULP)
    for _ in range(FAILED_LOGINS):
        assert (await get(client, "base/x", Authorization=wrong)).status == 401
    assert (await get(client, "base/x", Authorization=basic("right"), X_User="me")).status == 429


async def test_a_403_is_not_a_failed_log_in(client: Client, fast_path: FastPath) -> None:
    guarded(fast_path, GuardNeeds.PULP)
    for _ in range(FAILED_LOGINS * 2):
        answer = await get(client, "base/x", Authorization=basic("right"), X_User="me")
        assert answer.status == 403
