"""API tokens in Pulp's REST API: creation, the secret that is shown once, scopes and expiry."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client

from pulp_contentroutes.app.models import ApiToken
from tests.harness.rest import USER_PASSWORD, Rest, basic, new_name

TOKENS = "contentroutes/tokens/"


def as_new_user(admin: Rest) -> tuple[Rest, str]:
    """Return the API for a new user without any role, and the user's name."""
    name = admin.user()["username"]
    return admin.as_user(basic(name, USER_PASSWORD)), name


def test_the_secret_is_shown_once_and_stored_nowhere(admin: Rest) -> None:
    created = admin.token()
    secret = created["token"]
    assert secret.startswith("pcr_")
    assert len(secret) == 47
    shown = admin.call("GET", created["pulp_href"]).json()
    assert "token" not in shown
    assert "digest" not in shown
    assert (shown["user"], shown["scope"], shown["expires"]) == ("admin", "read", None)
    [row] = ApiToken.objects.values()
    assert secret[4:] not in str(row)


@pytest.mark.parametrize("form", ["Token {}", "Bearer {}", "bearer {}", "Basic"])
def test_the_api_takes_a_token_of_full_scope_in_every_form(admin: Rest, form: str) -> None:
    secret = admin.token(scope="full")["token"]
    value = basic("anybody", secret) if form == "Basic" else form.format(secret)
    assert admin.as_user(value).call("GET", "users/").status_code == 200


@pytest.mark.parametrize("scope", ["read", "publish"])
def test_a_token_of_less_scope_is_no_use_for_the_api(admin: Rest, scope: str) -> None:
    secret = admin.token(scope=scope)["token"]
    for value in (f"Bearer {secret}", basic("admin", secret)):
        answer = admin.as_user(value).call("GET", TOKENS)
        assert answer.status_code == 401
        assert "scope" in answer.text
        assert answer.headers["WWW-Authenticate"].startswith("Basic")


def test_a_wrong_token_is_refused_and_a_password_still_works(admin: Rest) -> None:
    for value in ("Bearer pcr_" + "a" * 43, basic("admin", "pcr_" + "a" * 43)):
        assert admin.as_user(value).call("GET", "users/").status_code == 401
    assert admin.call("GET", "users/").status_code == 200


def test_a_token_is_refused_while_the_migrations_have_not_run(admin: Rest) -> None:
    """Or clients that still send one would get a 500, even for public content."""
    secret = admin.token(scope="full")["token"]
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE contentroutes_apitoken RENAME TO other")
    assert admin.as_user(f"Bearer {secret}").call("GET", "users/").status_code == 401


def test_a_token_ends_when_it_is_revoked_expires_or_its_user_is_disabled(admin: Rest) -> None:
    user = admin.user()
    tokens = [admin.token(user["username"], scope="full", expires=None) for _ in range(3)]
    clients = [admin.as_user(f"Token {token['token']}") for token in tokens]

    def statuses() -> list[int]:
        return [client.call("GET", TOKENS).status_code for client in clients]

    assert statuses() == [200, 200, 200]
    assert admin.call("DELETE", tokens[0]["pulp_href"]).status_code == 204
    expired = ApiToken.objects.filter(pk=tokens[1]["pulp_href"].split("/")[-2])
    assert expired.update(expires=datetime.now(UTC)) == 1
    assert statuses() == [401, 401, 200]
    response = admin.call("PATCH", user["pulp_href"], is_active=False)
    assert response.status_code == 200, response.text
    assert statuses() == [401, 401, 401]


def test_a_user_manages_their_own_and_an_administrator_everybodys(admin: Rest) -> None:
    (one, one_name), (other, _) = as_new_user(admin), as_new_user(admin)
    created = one.create(TOKENS, name="mine", scope="full")
    assert created["user"] == one_name
    assert one.call("GET", TOKENS).json()["count"] == 1
    assert other.call("GET", TOKENS).json()["count"] == 0
    for method in ("GET", "DELETE"):
        assert other.call(method, created["pulp_href"]).status_code == 404
    for name in (one_name, "nobody at all", "with\0NUL"):
        answer = other.call("POST", TOKENS, name="theirs", user=name)
        assert (answer.status_code, list(answer.json())) == (400, ["user"])
    assert admin.call("GET", f"{TOKENS}?user__username={one_name}").json()["count"] == 1
    assert admin.call("DELETE", created["pulp_href"]).status_code == 204
    assert admin.as_user("").call("GET", TOKENS).status_code == 401


def test_a_role_makes_an_administrator_of_tokens(admin: Rest) -> None:
    user, name = as_new_user(admin)
    href = admin.call("GET", f"users/?username={name}").json()["results"][0]["pulp_href"]
    role = "contentroutes.apitoken_administrator"
    response = admin.call("POST", f"{href}roles/", role=role, content_object=None, domain=None)
    assert response.status_code == 201, response.text
    other = admin.user()["username"]
    token = user.create(TOKENS, name="for another", user=other)
    assert user.call("GET", token["pulp_href"]).status_code == 200
    assert user.call("DELETE", token["pulp_href"]).status_code == 204
    # Otherwise the role would grant the rights of a superuser.
    assert user.call("POST", TOKENS, name="x", user="admin", scope="full").status_code == 400


@pytest.mark.parametrize("form", ["Token {}", "Bearer {}", "Basic"])
@pytest.mark.parametrize("backends", ["Pulp's", "one"])
def test_a_token_opens_no_session(
    admin: Rest, form: str, backends: str, settings: Any, client: Client
) -> None:
    """The session would outlive the token. A log-in with a password opens a session as before."""
    if backends == "one":
        settings.AUTHENTICATION_BACKENDS = settings.AUTHENTICATION_BACKENDS[:1]
    secret = admin.token(scope="full")["token"]
    value = basic("anybody", secret) if form == "Basic" else form.format(secret)
    answer = admin.as_user(value).call("POST", "login/")
    assert (answer.status_code, "session" in answer.text) == (403, True)
    assert "Set-Cookie" not in answer.headers
    assert Session.objects.count() == 0
    # All other requests to the log-in endpoint are answered.
    assert admin.as_user(value).call("GET", "login/").json()["username"] == "admin"
    assert admin.as_user(value).call("DELETE", "login/").status_code == 204
    opened = client.post("/pulp/api/v3/login/", headers={"Authorization": admin.authorization})
    assert opened.status_code == 201
    assert client.get("/pulp/api/v3/users/").status_code == 200


@pytest.mark.parametrize("scope", ["read", "publish"])
def test_a_token_of_less_scope_is_no_use_for_the_log_in(admin: Rest, scope: str) -> None:
    secret = admin.token(scope=scope)["token"]
    assert admin.as_user(f"Bearer {secret}").call("POST", "login/").status_code == 401


def test_a_token_makes_none_that_outlives_it(admin: Rest) -> None:
    expires = datetime.now(UTC) + timedelta(hours=1)
    token = admin.token(scope="full", expires=expires.isoformat())
    client = admin.as_user(f"Token {token['token']}")
    answer = client.call("POST", TOKENS, name=new_name())
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
    ids=[
        "a name that is too long", "an empty name", "no name", "an unknown scope", "a past expiry",
        "an expiry that is no time", "an unknown user", "a field that is not the client's",
    ],
)  # fmt: skip
def test_bad_values_are_named(admin: Rest, values: dict[str, str], named: str) -> None:
    answer = admin.call("POST", TOKENS, **values)
    assert answer.status_code == 400
    assert named in answer.json()


def test_a_user_has_one_token_of_a_name(admin: Rest) -> None:
    name = new_name()
    assert admin.call("POST", TOKENS, name=name).status_code == 201
    answer = admin.call("POST", TOKENS, name=name)
    assert (answer.status_code, "of this name" in answer.text) == (400, True)
