"""The challenge: sent where a guard refuses that a password or a token can satisfy."""

from collections.abc import Callable

import pytest
from pulpcore.plugin.models import ContentGuard

from pulp_contentroutes.app.access.accepted_credentials import accepted_credentials
from pulp_contentroutes.serving.access.challenge import TOKEN_NEEDED
from pulp_contentroutes.serving.access.credentials import Accepted
from tests.harness.galaxy import create_galaxy
from tests.harness.rest import Rest

Make = Callable[[Rest], str]


def header(admin: Rest) -> str:
    return admin.guard("core/header", header_name="x-key", header_value="secret")


def composite(*parts: Make) -> Make:
    return lambda admin: admin.guard("core/composite", guards=[part(admin) for part in parts])


def kind(name: str) -> Make:
    return lambda admin: admin.guard(name)


def in_a_circle(*parts: Make) -> Make:
    """Return a composite guard that contains itself, and contains a part that contains it."""

    def make(admin: Rest) -> str:
        inner = composite()(admin)
        outer = admin.guard("core/composite", guards=[inner, *(part(admin) for part in parts)])
        for guard in (inner, outer):
            guards = [*admin.call("GET", guard).json()["guards"], outer]
            answer = admin.call("PATCH", guard, guards=guards)
            assert answer.status_code == 200, answer.text
        return outer

    return make


RBAC, TOKEN = kind("core/rbac"), kind("contentroutes/token")


def accepted(admin: Rest, make: Make) -> Accepted:
    found = accepted_credentials(ContentGuard.objects.get(pk=make(admin).split("/")[-2]))
    assert isinstance(found, Accepted)
    return found


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(RBAC, id="rbac"),
        pytest.param(composite(header, RBAC), id="a part"),
        pytest.param(composite(RBAC, TOKEN), id="the first of two parts"),
        pytest.param(composite(TOKEN, RBAC), id="the last of two parts"),
        pytest.param(in_a_circle(header, RBAC), id="a part of a circle"),
    ],
)
def test_credentials_are_asked_for_where_a_part_takes_them(admin: Rest, make: Make) -> None:
    assert accepted(admin, make) is Accepted.PASSWORDS_AND_TOKENS


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(TOKEN, id="token"),
        pytest.param(
            composite(header, composite(header, composite(TOKEN))), id="a part of a part of a part"
        ),
        pytest.param(in_a_circle(header, TOKEN), id="a part of a circle"),
    ],
)
def test_tokens_are_asked_for_where_no_part_takes_a_password(admin: Rest, make: Make) -> None:
    assert accepted(admin, make) is Accepted.TOKENS


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(header, id="header"),
        pytest.param(kind("core/content_redirect"), id="redirect"),
        pytest.param(composite(), id="composite of nothing"),
        pytest.param(composite(header, kind("core/content_redirect")), id="composite"),
        pytest.param(composite(header, composite(header)), id="composite of a composite"),
        pytest.param(in_a_circle(header), id="circle"),
    ],
)
def test_no_credentials_are_asked_for_where_no_part_takes_them(admin: Rest, make: Make) -> None:
    assert accepted(admin, make) is Accepted.NONE


def test_a_guard_of_an_unknown_type_asks_for_none(admin: Rest) -> None:
    """Pulp itself never asks for credentials."""
    guard = ContentGuard.objects.get(pk=header(admin).split("/")[-2])
    guard.pulp_type = "another.plugins"
    assert accepted_credentials(guard) is Accepted.NONE


def test_the_galaxy_api_says_that_a_guard_wants_a_token(admin: Rest) -> None:
    """Pulp has authenticated the user before the guard is asked."""
    server = create_galaxy(admin, content_guard=TOKEN(admin))
    for authorization, status in (("", 401), (admin.authorization, 403)):
        answer = admin.as_user(authorization).call("GET", f"{server.path}api/v3/collections/")
        [error] = answer.json()["errors"]
        assert (answer.status_code, error["detail"]) == (status, TOKEN_NEEDED)
    others = str(admin.token(admin.user()["username"])["token"])
    answer = server.get("api/v3/collections/", others)
    assert (answer.status_code, TOKEN_NEEDED in answer.text) == (403, False)


@pytest.mark.parametrize(("make", "status"), [(header, 403), (kind("core/rbac"), 401)])
def test_the_galaxy_api_challenges_by_the_same_rule(admin: Rest, make: Make, status: int) -> None:
    answer = create_galaxy(admin, content_guard=make(admin)).get("")
    assert (answer.status_code, "WWW-Authenticate" in answer.headers) == (status, status == 401)
    wrong = create_galaxy(admin, content_guard=make(admin)).get("", "pcr_wrong")
    assert (wrong.status_code, "WWW-Authenticate" in wrong.headers) == (401, True)
