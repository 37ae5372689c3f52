"""The scope and the lifetime of an admission by API token: real HTTP, on a fake database."""

import asyncio
from datetime import UTC, datetime

import pytest

from pulp_contentroutes.serving.access.credentials import digest_of, new_token
from pulp_contentroutes.serving.access.guards import GuardNeeds
from pulp_contentroutes.serving.database import access_sql
from pulp_contentroutes.serving.model import ACCESS
from tests.unit.serving.conftest import Client, FastPath, basic, get, guarded


@pytest.mark.parametrize("form", ["Bearer {}", "bearer {}", "TOKEN {}", "Token  {}", "Basic"])
async def test_a_token_is_taken_in_every_form(
    client: Client, fast_path: FastPath, form: str
) -> None:
    guard_id = guarded(fast_path, GuardNeeds.TOKEN)
    token = fast_path.database.add_token(guard_id, may_download=True)
    value = basic(token) if form == "Basic" else form.format(token)
    for _ in range(3):
        assert (await get(client, "base/x", Authorization=value)).status == 200
    assert fast_path.database.count(access_sql.TOKEN) == 1


async def test_a_token_guard_wants_a_token_of_somebody_who_may(
    client: Client, fast_path: FastPath
) -> None:
    guard_id = guarded(fast_path, GuardNeeds.TOKEN)
    others = fast_path.database.add_token(guard_id, may_download=False)
    for _ in range(2):
        assert (await get(client, "base/x", Authorization=f"Bearer {others}")).status == 403
    for value in (f"Bearer {new_token()}", basic("password"), "Bearer", "Negotiate abc"):
        assert (await get(client, "base/x", Authorization=value)).status == 401


async def test_a_revoked_token_is_refused_from_its_announcement(
    client: Client, fast_path: FastPath
) -> None:
    guard_id = guarded(fast_path, GuardNeeds.TOKEN)
    token = fast_path.database.add_token(guard_id, may_download=True)
    assert (await get(client, "base/x", Authorization=f"Bearer {token}")).status == 200
    fast_path.database.tokens.clear()
    fast_path.invalidate([ACCESS])
    assert (await get(client, "base/x", Authorization=f"Bearer {token}")).status == 401


async def test_a_token_that_expires_is_asked_for_anew(client: Client, fast_path: FastPath) -> None:
    guard_id = guarded(fast_path, GuardNeeds.TOKEN)
    # The token is still valid when the database answers.
    expires = datetime.now(UTC)
    token = fast_path.database.add_token(guard_id, may_download=True, expires=expires)
    assert (await get(client, "base/x", Authorization=f"Bearer {token}")).status == 200
    fast_path.database.tokens.clear()
    assert (await get(client, "base/x", Authorization=f"Bearer {token}")).status == 401


async def test_what_a_token_was_read_as_during_a_revocation_is_not_kept(
    client: Client, fast_path: FastPath
) -> None:
    guard_id = guarded(fast_path, GuardNeeds.TOKEN)
    token = fast_path.database.add_token(guard_id, may_download=True)
    await get(client, "base/x", Authorization=f"Bearer {new_token()}")
    fast_path.database.gate = asyncio.Event()
    asked = asyncio.create_task(fast_path.tokens.find(digest_of(token), guard_id))
    await fast_path.database.until_asked(access_sql.TOKEN, 2)
    fast_path.database.tokens.clear()
    fast_path.invalidate([ACCESS])
    fast_path.database.gate.set()
    await asked
    assert (await get(client, "base/x", Authorization=f"Bearer {token}")).status == 401


async def test_uses_are_written_together_and_later(client: Client, fast_path: FastPath) -> None:
    guard_id = guarded(fast_path, GuardNeeds.TOKEN)
    tokens = [fast_path.database.add_token(guard_id, may_download=True) for _ in range(2)]
    for token in tokens * 3:
        assert (await get(client, "base/x", Authorization=f"Bearer {token}")).status == 200
    assert fast_path.database.count(access_sql.TOUCH_TOKENS) == 0
    for _ in range(2):
        await fast_path.tokens.flush_usage()
    assert fast_path.database.count(access_sql.TOUCH_TOKENS) == 1
    assert len(fast_path.database.touched) == 2
    # A request that is served from memory is a use, too.
    assert (await get(client, "base/x", Authorization=f"Bearer {tokens[0]}")).status == 200
    await fast_path.tokens.flush_usage()
    assert len(fast_path.database.touched) == 3
