"""Admissions and refusals of clients: over real HTTP, with guards of a fake Pulp."""

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import make_mocked_request
from yarl import URL

from pulp_contentroutes.serving.access.credentials import MAX_LENGTH, Accepted, new_token
from pulp_contentroutes.serving.access.guards import GuardNeeds
from pulp_contentroutes.serving.access.signed_urls import SignedUrls
from pulp_contentroutes.serving.database import sql
from tests.unit.serving.conftest import (
    DATA,
    FAILED_LOGINS,
    HANDED_OVER,
    KEY,
    OURS,
    PULPS,
    Client,
    FastPath,
    basic,
    get,
    guarded,
)

#: Paths of a file, of a missing file, and of directories that Pulp would list or redirect.
PATHS = ("base/x", "base/missing", "base/dir", "base/dir/", "base/", "base")


NEEDS_TOKEN = "401: Unauthorized. Send a valid API token of Pulp: passwords are not accepted here."

#: Guard → the answer to a client without credentials. For a 401, a browser would ask its user for a
#: password, which header and certificate guards do not look at.
REFUSAL = {
    GuardNeeds.REQUEST: "403: Forbidden",
    GuardNeeds.REQUEST_SLOWLY: "403: Forbidden",
    GuardNeeds.TOKEN: NEEDS_TOKEN,
    GuardNeeds.PULP: "401: Unauthorized",
}


def likeness(answer: ClientResponse) -> tuple[object, ...]:
    return answer.status, [field for field in answer.raw_headers if field[0] != b"Date"]


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


async def test_passwords_for_a_token_guard_are_failed_log_ins(
    client: Client, fast_path: FastPath
) -> None:
    guarded(fast_path, GuardNeeds.TOKEN)
    statuses = [
        (await get(client, "base/x", Authorization=basic("right"))).status
        for _ in range(FAILED_LOGINS + 1)
    ]
    assert statuses == [401] * FAILED_LOGINS + [429]


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


# Users of Pulp.


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


@pytest.mark.parametrize("needs", [GuardNeeds.REQUEST, GuardNeeds.PULP])
async def test_a_wrong_password_is_refused_even_where_none_is_needed(
    client: Client, fast_path: FastPath, needs: GuardNeeds
) -> None:
    guarded(fast_path, needs)
    wrong = {"Authorization": basic("wrong"), "X_Key": "yes"}
    assert (await get(client, "base/x", **wrong)).status == 401
    assert (await get(client, "base/x", **wrong, X_User="me")).status == 200


async def test_wrong_credentials_are_ignored_on_public_content(
    client: Client, fast_path: FastPath
) -> None:
    fast_path.database.add_file("x", DATA, fast_path.root)
    for value in (basic("wrong"), f"Bearer {new_token()}", "Bearer", "x" * (MAX_LENGTH + 1)):
        for _ in range(2):
            assert (await get(client, "base/x", Authorization=value)).status == 200


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


async def test_a_guard_comes_before_everything_that_only_pulp_can_answer(
    client: Client, fast_path: FastPath
) -> None:
    guarded(fast_path, GuardNeeds.REQUEST)
    fast_path.database.distributions["base"]["distribution_type"] = "python.python"
    assert (await get(client, "base/x")).status == 403
    assert (await get(client, "base/x", X_Key="yes")).status == HANDED_OVER


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


async def test_a_guard_that_asks_pulp_is_never_remembered(
    client: Client, fast_path: FastPath
) -> None:
    """Changes of the data that it reads besides its own row are not announced."""
    guarded(fast_path, GuardNeeds.PULP)
    for _ in range(2):
        assert (await get(client, "base/x", X_Key="yes", X_User="me")).status == 200
    assert len(fast_path.guards.loaded) == 4


# Limits.


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


async def test_credentials_that_are_too_long_are_not_looked_at(
    client: Client, fast_path: FastPath
) -> None:
    guarded(fast_path, GuardNeeds.REQUEST)
    answer = await get(client, "base/x", Authorization="Bearer " + "x" * MAX_LENGTH, X_Key="yes")
    assert answer.status == 431
    assert fast_path.guards.loaded == []


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


# Signed URLs.


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
