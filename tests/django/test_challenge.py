"""Who is asked for credentials: whom a guard refuses that a password or a token can satisfy."""

from collections.abc import Callable

import pytest
from pulpcore.plugin.models import ContentGuard

from pulp_contentroutes.app.challenge import takes_credentials
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
    """Return a guard that is part of itself, and of a part of itself."""

    def make(admin: Rest) -> str:
        inner = composite()(admin)
        outer = admin.guard("core/composite", guards=[inner, *(part(admin) for part in parts)])
        for guard in (inner, outer):
            guards = [*admin.call("GET", guard).json()["guards"], outer]
            answer = admin.call("PATCH", guard, guards=guards)
            assert answer.status_code == 200, answer.text
        return outer

    return make


def taking_credentials(admin: Rest, make: Make) -> bool:
    return bool(takes_credentials(ContentGuard.objects.get(pk=make(admin).split("/")[-2])))


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(kind("core/rbac"), id="rbac"),
        pytest.param(kind("contentroutes/token"), id="token"),
        pytest.param(composite(header, kind("core/rbac")), id="a part"),
        pytest.param(
            composite(header, composite(header, composite(kind("contentroutes/token")))),
            id="a part of a part of a part",
        ),
        pytest.param(in_a_circle(header, kind("core/rbac")), id="a part of a circle"),
    ],
)
def test_credentials_are_asked_for_where_a_part_takes_them(admin: Rest, make: Make) -> None:
    assert taking_credentials(admin, make) is True


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
    assert taking_credentials(admin, make) is False


def test_a_guard_of_an_unknown_type_asks_for_none(admin: Rest) -> None:
    """As Pulp, which never asks."""
    guard = ContentGuard.objects.get(pk=header(admin).split("/")[-2])
    guard.pulp_type = "another.plugins"
    assert takes_credentials(guard) is False


@pytest.mark.parametrize(("make", "status"), [(header, 403), (kind("core/rbac"), 401)])
def test_the_galaxy_api_challenges_by_the_same_rule(admin: Rest, make: Make, status: int) -> None:
    answer = create_galaxy(admin, content_guard=make(admin)).get("")
    assert (answer.status_code, "WWW-Authenticate" in answer.headers) == (status, status == 401)
    wrong = create_galaxy(admin, content_guard=make(admin)).get("", "pcr_wrong")
    assert (wrong.status_code, "WWW-Authenticate" in wrong.headers) == (401, True)
