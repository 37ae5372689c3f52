"""Refusals, and the 404 that hides them."""

import pytest
from aiohttp.test_utils import make_mocked_request
from yarl import URL

from pulp_contentroutes.serving.access.admission import Admission
from pulp_contentroutes.serving.access.authorizer import Authorizer
from pulp_contentroutes.serving.access.client_address import ClientAddresses
from pulp_contentroutes.serving.access.credentials import MAX_LENGTH
from pulp_contentroutes.serving.access.guards import GuardNeeds
from pulp_contentroutes.serving.access.signed_urls import SignedUrls
from pulp_contentroutes.serving.access.throttle import FailedLogins
from tests.fakes import FakeGuards
from tests.unit.serving.conftest import FAILED_LOGINS, PULPS, Client, FastPath, basic, get, guarded
from tests.unit.serving.refusals import likeness


@pytest.mark.parametrize("is_hidden", [True])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("needs", GuardNeeds)
async def test_a_hidden_refusal_looks_like_a_missing_file(
    client: Client, fast_path: FastPath, needs: GuardNeeds, method: str
) -> None:
    """A client that is not admitted must not learn that the distribution exists."""
    guard_id = guarded(fast_path, needs)
    token = fast_path.database.add_token(guard_id, may_download=False)
    refused: list[dict[str, str]] = [
        {},
        {"Authorization": "Bearer pcr_x"},
        {"Authorization": f"Bearer {token}", "X_User": "me"},
        {"Authorization": "x" * (MAX_LENGTH + 1)},
        *[{"Authorization": basic("wrong")}] * (FAILED_LOGINS + 2),
    ]
    missing = await get(client, "no/such", method)
    for headers in refused:
        answer = await get(client, "base/x", method, **headers)
        assert likeness(answer) == likeness(missing)
        assert await answer.read() == await missing.read()
    assert missing.status == 404


@pytest.mark.parametrize("is_hidden", [True])
@pytest.mark.parametrize("user", [{}, {"X-User": "me"}])
async def test_a_refusal_of_pulps_own_is_hidden_too(client: Client, user: dict[str, str]) -> None:
    url = URL(PULPS + "base//x", encoded=True)
    answer = await client.get(url, headers={"X-Refused-By-Pulp": "yes", **user})
    assert (answer.status, await answer.text()) == (404, "404: Not Found")


@pytest.mark.parametrize("is_hidden", [False, True])
@pytest.mark.parametrize("authorization", [basic("right"), "Bearer pcr_x"])
async def test_a_refusal_of_a_known_user_needs_no_database(
    client: Client, fast_path: FastPath, authorization: str, is_hidden: bool
) -> None:
    """Pulp's own answer names the guards of a composite, even if refusals are hidden."""
    fast_path.guards.is_down = True
    url = URL(PULPS + "base//x", encoded=True)
    headers = {"X-Refused-By-Pulp": "yes", "X-User": "me", "Authorization": authorization}
    answer = await client.get(url, headers=headers)
    expected = (404, "404: Not Found") if is_hidden else (403, "403: Forbidden")
    assert (answer.status, await answer.text()) == expected


@pytest.mark.parametrize("is_hidden", [True])
async def test_admitted_clients_get_the_file(client: Client, fast_path: FastPath) -> None:
    guarded(fast_path, GuardNeeds.REQUEST)
    assert (await get(client, "base/x", X_Key="yes")).status == 200


async def test_a_request_without_a_user_is_unauthenticated() -> None:
    guards = Authorizer(FakeGuards(), None)
    failed = FailedLogins(1)
    admission = Admission(guards, ClientAddresses([]), failed, SignedUrls(b"key"), is_hidden=False)
    request = make_mocked_request("GET", "/", {"Authorization": basic("wrong")})
    assert (await admission.refused_by_pulp(request)).status == 401
    assert failed.are_too_many(ClientAddresses([]).of(request))
