"""API tokens through Pulp's REST API: made once, shown once, good for what their scope says."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.pulp.access import USER_PASSWORD, Access, basic
from tests.pulp.conftest import Pulp
from tests.pulp.standalone import wait_until

TOKENS = "contentroutes/tokens/"


@pytest.fixture
def admin(pulp: Pulp) -> Access:
    return Access(pulp)


def as_user(admin: Access) -> tuple[Access, str]:
    """Return the API as a new user without any role sees it, and the user's name."""
    name = admin.user()["username"]
    return Access(admin.pulp, basic(name, USER_PASSWORD)), name


def test_the_secret_is_shown_once_and_stored_nowhere(admin: Access) -> None:
    made = admin.token()
    secret = made["token"]
    assert secret.startswith("pcr_")
    assert len(secret) == 47
    shown = admin.call("GET", made["pulp_href"]).json()
    assert "token" not in shown
    assert "digest" not in shown
    assert (shown["user"], shown["scope"], shown["expires"]) == ("admin", "read", None)
    stored = admin.pulp.instance.shell(f"""
from pulp_contentroutes.app.models import ApiToken
print(vars(ApiToken.objects.get(pk={made["pulp_href"].split("/")[-2]!r})))
""")
    assert secret not in stored
    assert secret[4:] not in stored


@pytest.mark.parametrize("form", ["Token {}", "Bearer {}", "bearer {}", "Basic"])
def test_the_api_takes_a_token_of_full_scope_in_every_form(admin: Access, form: str) -> None:
    secret = admin.token(scope="full")["token"]
    value = basic("anybody", secret) if form == "Basic" else form.format(secret)
    assert Access(admin.pulp, value).call("GET", "users/").status_code == 200


@pytest.mark.parametrize("scope", ["read", "publish"])
def test_a_token_of_less_scope_is_no_use_for_the_api(admin: Access, scope: str) -> None:
    secret = admin.token(scope=scope)["token"]
    for value in (f"Bearer {secret}", basic("admin", secret)):
        answer = Access(admin.pulp, value).call("GET", TOKENS)
        assert answer.status_code == 401
        assert "scope" in answer.text
        assert answer.headers["WWW-Authenticate"].startswith("Basic")


def test_a_wrong_token_is_refused_and_a_password_still_works(admin: Access) -> None:
    for value in ("Bearer pcr_" + "a" * 43, basic("admin", "pcr_" + "a" * 43)):
        assert Access(admin.pulp, value).call("GET", "users/").status_code == 401
    assert admin.call("GET", "users/").status_code == 200


def test_a_token_ends_when_it_is_revoked_expires_or_its_user_is_disabled(admin: Access) -> None:
    user = admin.user()
    expires = datetime.now(UTC) + timedelta(seconds=2)
    tokens = [
        admin.token(user["username"], scope="full"),
        admin.token(user["username"], scope="full", expires=expires.isoformat()),
        admin.token(user["username"], scope="full"),
    ]
    clients = [Access(admin.pulp, f"Token {token['token']}") for token in tokens]

    def statuses() -> list[int]:
        return [client.call("GET", TOKENS).status_code for client in clients]

    assert admin.call("DELETE", tokens[0]["pulp_href"]).status_code == 204
    wait_until(lambda: statuses() == [401, 401, 200], what="the token has expired")
    response = admin.call("PATCH", user["pulp_href"], is_active=False)
    assert response.status_code == 200, response.text
    assert statuses() == [401, 401, 401]


def test_a_user_manages_their_own_and_an_administrator_everybodys(admin: Access) -> None:
    (one, one_name), (other, _) = as_user(admin), as_user(admin)
    made = one.made(TOKENS, name="mine", scope="full")
    assert made["user"] == one_name
    assert one.call("GET", TOKENS).json()["count"] == 1
    assert other.call("GET", TOKENS).json()["count"] == 0
    for method in ("GET", "DELETE"):
        assert other.call(method, made["pulp_href"]).status_code == 404
    for name in (one_name, "nobody at all", "with\0NUL"):
        answer = other.call("POST", TOKENS, name="theirs", user=name)
        assert (answer.status_code, list(answer.json())) == (400, ["user"])
    assert admin.call("GET", f"{TOKENS}?user__username={one_name}").json()["count"] == 1
    assert admin.call("DELETE", made["pulp_href"]).status_code == 204
    assert Access(admin.pulp, "").call("GET", TOKENS).status_code == 401


def test_a_role_makes_an_administrator_of_tokens(admin: Access) -> None:
    user, name = as_user(admin)
    href = admin.call("GET", f"users/?username={name}").json()["results"][0]["pulp_href"]
    role = "contentroutes.apitoken_administrator"
    response = admin.call("POST", f"{href}roles/", role=role, content_object=None, domain=None)
    assert response.status_code == 201, response.text
    other = admin.user()["username"]
    token = user.made(TOKENS, name="for another", user=other)
    assert user.call("GET", token["pulp_href"]).status_code == 200
    assert user.call("DELETE", token["pulp_href"]).status_code == 204
    # Otherwise the role would be that of a superuser.
    assert user.call("POST", TOKENS, name="x", user="admin", scope="full").status_code == 400


def test_a_token_makes_none_that_outlives_it(admin: Access) -> None:
    expires = datetime.now(UTC) + timedelta(hours=1)
    token = admin.token(scope="full", expires=expires.isoformat())
    client = Access(admin.pulp, f"Token {token['token']}")
    answer = client.call("POST", TOKENS, name=admin.pulp.rest.name())
    assert (answer.status_code, list(answer.json())) == (400, ["expires"])
    assert client.token(expires=(expires - timedelta(minutes=1)).isoformat())["token"]


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"name": "x" * 256}, "name"),
        ({"name": ""}, "name"),
        ({}, "name"),
        ({"name": "x", "scope": "everything"}, "scope"),
        ({"name": "x", "expires": "2020-01-01T00:00:00Z"}, "expires"),
        ({"name": "x", "expires": "tomorrow"}, "expires"),
        ({"name": "x", "user": "nobody at all"}, "user"),
        ({"name": "x", "digest": "0" * 64}, "digest"),
    ],
)
def test_bad_values_are_named(admin: Access, values: dict[str, str], named: str) -> None:
    answer = admin.call("POST", TOKENS, **values)
    assert answer.status_code == 400
    assert named in answer.json()


def test_a_user_has_one_token_of_a_name(admin: Access) -> None:
    name = admin.pulp.rest.name()
    assert admin.call("POST", TOKENS, name=name).status_code == 201
    answer = admin.call("POST", TOKENS, name=name)
    assert (answer.status_code, "of this name" in answer.text) == (400, True)
