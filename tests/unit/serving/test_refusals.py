"""Refusals reveal nothing of the content; challenges are sent where credentials can help."""

import pytest
from yarl import URL

from pulp_contentroutes.serving.access.credentials import MAX_LENGTH, Accepted, new_token
from pulp_contentroutes.serving.access.guards import GuardNeeds
from pulp_contentroutes.serving.database import sql
from tests.unit.serving.conftest import (
    DATA,
    FAILED_LOGINS,
    OURS,
    PULPS,
    Client,
    FastPath,
    basic,
    get,
    guarded,
)
from tests.unit.serving.refusals import NEEDS_TOKEN, REFUSAL, likeness

#: Paths of a file, of a missing file, and of directories that Pulp would list or redirect.
PATHS = ("base/x", "base/missing", "base/dir", "base/dir/", "base/", "base")


@pytest.mark.parametrize("needs", GuardNeeds)
async def test_a_refusal_says_nothing_about_the_content(
    client: Client, fast_path: FastPath, needs: GuardNeeds
) -> None:
    guarded(fast_path, needs)
    conditions: tuple[dict[str, str], ...] = (
        {},
        {"If_None_Match": "*"},
        {"Range": "bytes=0-0"},
        {"If_Match": '"x"'},
    )
    answers = [await get(client, path, **headers) for path in PATHS for headers in conditions]
    assert len({str(likeness(answer)) for answer in answers}) == 1
    assert {await answer.text() for answer in answers} == {REFUSAL[needs]}
    assert fast_path.database.count(sql.LOOK_UP) == 0


async def test_the_challenge_is_basic_and_bearer(client: Client, fast_path: FastPath) -> None:
    guarded(fast_path, GuardNeeds.PULP)
    answer = await get(client, "base/x")
    assert answer.headers.getall("WWW-Authenticate") == [
        'Basic realm="Pulp", charset="UTF-8"',
        'Bearer realm="Pulp"',
    ]
    assert answer.headers["Cache-Control"] == "no-store"
    head = await get(client, "base/x", "HEAD")
    assert (head.status, head.headers["Content-Length"]) == (401, "17")


@pytest.mark.parametrize(
    "value",
    [None, basic("right"), f"Bearer {new_token()}", "Bearer pcr_x", "Negotiate abc"],
    ids=["none", "password", "unknown token", "malformed token", "another scheme"],
)
async def test_a_token_guard_says_that_it_wants_a_token(
    client: Client, fast_path: FastPath, value: str | None
) -> None:
    """All clients get the same answer: passwords are not checked, so none is revealed as right."""
    guarded(fast_path, GuardNeeds.TOKEN)
    headers = {"Authorization": value, "X_User": "me"} if value else {}
    answer = await get(client, "base/x", **headers)
    assert (answer.status, await answer.text()) == (401, NEEDS_TOKEN)
    assert answer.headers.getall("WWW-Authenticate") == [
        'Basic realm="Pulp API token", charset="UTF-8"',
        'Bearer realm="Pulp API token"',
    ]
    assert answer.headers["Content-Length"] == str(len(NEEDS_TOKEN))
    assert fast_path.authentication.checked == []


async def test_a_user_with_a_password_is_told_that_only_a_token_would_do(
    client: Client, fast_path: FastPath
) -> None:
    """So do guards that ask Pulp, if made of token guards, and all guards in Pulp's handler."""
    guard_id = guarded(fast_path, GuardNeeds.PULP)
    fast_path.guards.accepted_by_pulp = Accepted.TOKENS
    fast_path.guards.pulps = guard_id
    password = {"Authorization": basic("right"), "X-User": "me"}
    token = fast_path.database.add_token(guard_id, may_download=True)
    others = {"Authorization": f"Bearer {token}", "X-User": "me"}
    for path, own in (
        (f"{OURS}base/x", {}),
        (f"{PULPS}base//x", {"X-Refused-By-Pulp": "yes"}),
    ):
        url = URL(path, encoded=True)
        expected: tuple[tuple[dict[str, str], int, str], ...] = (
            (password, 403, NEEDS_TOKEN.replace("401: Unauthorized", "403: Forbidden")),
            (others, 403, "403: Forbidden"),
            ({}, 401, NEEDS_TOKEN),
            ({"Authorization": basic("wrong")}, 401, "401: Unauthorized"),
        )
        for headers, status, text in expected:
            answer = await client.get(url, headers={**headers, **own})
            assert (answer.status, await answer.text()) == (status, text)


@pytest.mark.parametrize("needs", [GuardNeeds.REQUEST, GuardNeeds.PULP])
async def test_a_wrong_password_is_refused_even_where_none_is_needed(
    client: Client, fast_path: FastPath, needs: GuardNeeds
) -> None:
    guarded(fast_path, needs)
    wrong = {"Authorization": basic("wrong"), "X_Key": "yes"}
    assert (await get(client, "base/x", **wrong)).status == 401
    assert (await get(client, "base/x", **wrong, X_User="me")).status == 200


async def test_what_pulps_handler_refuses_gets_the_same_answer(
    client: Client, fast_path: FastPath
) -> None:
    fast_path.database.add_file("dir/y", DATA, fast_path.root)
    fast_path.guards.pulps = fast_path.guards.add(GuardNeeds.PULP)
    for user, status in ((None, 401), ("me", 403)):
        headers = {"X-Refused-By-Pulp": "yes"} | ({"X-User": user} if user else {})
        answer = await client.get(PULPS + "base/dir/", headers=headers)
        assert answer.status == status
        assert "guard says" not in await answer.text() + str(answer.reason)
        assert (await client.get("/elsewhere", headers=headers)).status == 403


@pytest.mark.parametrize("needs", GuardNeeds)
async def test_a_challenge_is_sent_only_where_credentials_can_satisfy_the_guard(
    client: Client, fast_path: FastPath, needs: GuardNeeds
) -> None:
    """A browser would ask its user for a password again and again."""
    guard_id = guarded(fast_path, needs)
    fast_path.guards.without_credentials.add(guard_id)
    is_refused = needs is not GuardNeeds.TOKEN
    for headers in ({}, {"Authorization": "Negotiate abc"}) if is_refused else ():
        for _ in range(FAILED_LOGINS + 1):
            answer = await get(client, "base/x", **headers)
            assert (answer.status, "WWW-Authenticate" in answer.headers) == (403, False)
    # Wrong credentials are reported as wrong, whatever the guard needs; no log-in has failed yet.
    for wrong in (basic("wrong"), f"Bearer {new_token()}", "Bearer pcr_x"):
        answer = await get(client, "base/x", Authorization=wrong)
        assert (answer.status, "WWW-Authenticate" in answer.headers) == (401, True)


@pytest.mark.parametrize("needs", [None, *GuardNeeds])
async def test_a_refusal_in_pulps_handler_is_a_challenge_only_where_credentials_help(
    client: Client, fast_path: FastPath, needs: GuardNeeds | None
) -> None:
    fast_path.guards.pulps = needs and fast_path.guards.add(needs)
    url = URL(PULPS + "base//x", encoded=True)
    headers = {"X-Refused-By-Pulp": "yes"}
    answer = await client.get(url, headers=headers)
    assert answer.status == (401 if needs in (GuardNeeds.TOKEN, GuardNeeds.PULP) else 403)
    assert "guard says" not in str(answer.reason)
    for wrong in (basic("wrong"), f"Bearer {new_token()}", "Bearer pcr_x"):
        answer = await client.get(url, headers=headers | {"Authorization": wrong})
        assert answer.status == 401
    answer = await client.get(url, headers=headers | {"X-User": "me"})
    assert answer.status == 403


async def test_a_path_that_only_pulp_reads_is_refused_with_the_same_answer(
    client: Client, fast_path: FastPath
) -> None:
    """Otherwise the guard's own message would reveal that there is a guard."""
    fast_path.guards.pulps = fast_path.guards.add(GuardNeeds.PULP)
    for path in ("base//x", "base/%zz", "base/%ff"):
        url = URL(PULPS + path, encoded=True)
        answer = await client.get(url, headers={"X-Refused-By-Pulp": "yes"})
        assert (answer.status, await answer.text()) == (401, "401: Unauthorized")


async def test_invalid_credentials_are_refused_though_the_guard_permits_anonymous_clients(
    client: Client, fast_path: FastPath
) -> None:
    """Pulp treats a request with a wrong password or token as anonymous."""
    guard_id = guarded(fast_path, GuardNeeds.PULP)
    token = fast_path.database.add_token(guard_id, may_download=True)
    anonymous = {"X_Key": "yes"}
    assert (await get(client, "base/x", **anonymous)).status == 200
    assert (await get(client, "base/x", **anonymous, Authorization="Negotiate abc")).status == 200
    for value in (basic("wrong"), f"Bearer {token}"):
        assert (await get(client, "base/x", **anonymous, Authorization=value)).status == 401


async def test_credentials_that_are_too_long_are_not_looked_at(
    client: Client, fast_path: FastPath
) -> None:
    guarded(fast_path, GuardNeeds.REQUEST)
    answer = await get(client, "base/x", Authorization="Bearer " + "x" * MAX_LENGTH, X_Key="yes")
    assert answer.status == 431
    assert fast_path.guards.loaded == []
