"""Guards come before all else, and see the canonical content path; with Pulp's cache, too."""

import base64
import shutil
import subprocess
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from pulp_contentroutes.serving.access.challenge import TOKEN_NEEDED
from tests.harness.certificates import Authority
from tests.harness.http1 import Route
from tests.harness.pulp import Pulp
from tests.harness.rest import USER_PASSWORD, Rest, basic, new_name
from tests.harness.template import PASSWORD
from tests.harness.waiting import free_ports
from tests.pulp.guarded import FILES, ODD, Distribute, header_guard


@pytest.fixture(scope="session")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis of our own."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("'redis-server' is not installed (Debian package redis-server)")
    port, folder = free_ports(), tmp_path_factory.mktemp("redis")
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with subprocess.Popen([program, *options], stdout=subprocess.DEVNULL) as server:
        yield f"redis://127.0.0.1:{port}/0"
        server.terminate()


@pytest.fixture(scope="session")
def cache(request: pytest.FixtureRequest) -> bool:
    """Tell whether Pulp's response cache is on, which asks guards in a way of its own."""
    return bool(request.param == "with cache")


@pytest.fixture(scope="session")
def content_port(request: pytest.FixtureRequest, pulp: Pulp, cache: bool) -> Iterator[int]:
    """The port of a content app."""
    if not cache:
        yield pulp.instance.content_port
        return
    url: str = request.getfixturevalue("redis")
    with pulp.instance.further_content_app(CACHE_ENABLED="true", REDIS_URL=url) as port:
        yield port


@pytest.fixture
def ours(pulp: Pulp, content_port: int) -> Route:
    return pulp.route("ours", content_port)


KEY = base64.b64encode(b"secret").decode()


@pytest.mark.parametrize("path", ["x", "missing", "", "dir", "dir/"])
def test_nothing_is_revealed_before_the_guard(
    admin: Rest, ours: Route, distribute: Distribute, path: str
) -> None:
    base = distribute(header_guard(admin))
    refused = ours.get(f"{base}/{path}", If_None_Match="*")
    assert refused.status == 403
    assert refused.body == b"403: Forbidden"
    assert refused.headers["cache-control"] == "no-store"


@pytest.mark.redis
@pytest.mark.domains
def test_the_cache_is_in_use(admin: Rest, ours: Route, cache: bool, distribute: Distribute) -> None:
    """Otherwise the tests with a cache would test nothing; only Pulp's answers reach it."""
    base = distribute(header_guard(admin))
    for path in ("", "dir/"):
        answers = [ours.get(f"{base}/{path}", x_key=KEY) for _ in range(2)]
        cached = [answer.headers.get("x-pulp-cache") for answer in answers]
        assert cached == (["MISS", "HIT"] if cache else [None, None])
        assert answers[0].body == answers[1].body


@pytest.mark.redis
@pytest.mark.parametrize("path", ["x", "dir/"])
def test_a_header_guard_admits_who_has_the_header(
    admin: Rest, ours: Route, distribute: Distribute, path: str
) -> None:
    """A file comes from the fast path, a listing from Pulp or its cache."""
    base = distribute(header_guard(admin))
    for _ in range(2):
        admitted = ours.get(f"{base}/{path}", x_key=KEY)
        assert (admitted.status, "repr-digest" in admitted.headers) == (200, path == "x")
        assert ours.get(f"{base}/{path}").status == 403
        assert ours.get(f"{base}/{path}", x_key="b3RoZXI=").status == 403


@pytest.mark.redis
@pytest.mark.domains
def test_a_signed_url_of_the_content_prefix_is_valid_on_ours(
    pulp: Pulp, admin: Rest, ours: Route, distribute: Distribute
) -> None:
    """The redirect guard signs path and query, so it must be shown the canonical path."""
    href = admin.guard("core/content_redirect")
    base, path = distribute(href), ODD
    signed = pulp.instance.console.run(f"""
from pulpcore.plugin.models import ContentRedirectContentGuard
guard = ContentRedirectContentGuard.objects.get(pk={href.split("/")[-2]!r})
print(guard.preauthenticate_url("http://any.example" + {pulp.stock.url(f"{base}/{path}")!r}))
""")
    query = signed.partition("?")[2]
    encoded = ours.url(f"{base}/{path}").removeprefix(ours.prefix)
    assert pulp.stock.raw(f"{encoded}?{query}").status == 200
    for _ in range(2):
        assert ours.raw(f"{encoded}?{query}").body == b"odd"
        assert ours.raw(encoded).status == 403
    other_digit = "1" if query.endswith("0") else "0"
    assert ours.raw(f"{encoded}?{query[:-1]}{other_digit}").status == 403
    other = ours.url(f"{base}/other").removeprefix(ours.prefix)
    assert ours.raw(f"{other}?{query}").status == 403


@pytest.mark.redis
def test_an_rbac_guard_knows_the_user_by_password_and_by_token(
    admin: Rest, ours: Route, distribute: Distribute
) -> None:
    href = admin.guard("core/rbac")
    base = distribute(href)
    name = admin.user()["username"]
    token = f"Bearer {admin.token(name)['token']}"
    for path in ("x", "missing", "dir/"):
        assert ours.get(f"{base}/{path}").status == 401
        assert ours.get(f"{base}/{path}", Authorization=basic(name, "wrong")).status == 401
        for value in (token, basic(name, USER_PASSWORD), basic("", token.split()[1])):
            assert ours.get(f"{base}/{path}", Authorization=value).status == 403
    admin.add_role(href, "core.rbaccontentguard_downloader", users=[name])
    for value in (token, basic(name, USER_PASSWORD)):
        answer = ours.get(f"{base}/x", Authorization=value)
        assert (answer.body, "repr-digest" in answer.headers) == (b"x", True)
        assert ours.get(f"{base}/missing", Authorization=value).status == 404
        assert ours.get(f"{base}/dir/", Authorization=value).status == 200


def test_a_composite_guard_admits_whom_one_of_its_guards_admits(
    admin: Rest, ours: Route, distribute: Distribute
) -> None:
    href = admin.guard("core/composite", guards=[header_guard(admin), admin.guard("core/rbac")])
    base = distribute(href)
    assert ours.get(f"{base}/x", x_key=KEY).body == b"x"
    assert ours.get(f"{base}/x", Authorization=basic("admin", PASSWORD)).body == b"x"
    refused = ours.get(f"{base}/x")
    assert (refused.status, refused.body) == (401, b"401: Unauthorized")


def test_credentials_do_not_matter_for_public_content(pulp: Pulp, ours: Route) -> None:
    base = pulp.publish(FILES)
    for value in (basic("admin", "wrong"), "Bearer pcr_" + "a" * 43, "Basic !", "Negotiate x"):
        assert ours.get(f"{base}/x", Authorization=value).body == b"x"
        assert ours.get(f"{base}/dir/", Authorization=value).status == 200


@pytest.mark.redis
@pytest.mark.domains
def test_a_token_guard_admits_tokens_of_users_who_may_download(
    pulp: Pulp, admin: Rest, ours: Route, distribute: Distribute
) -> None:
    """They may hold the role in any way; a content app without the fast path decides the same."""
    href = admin.guard("contentroutes/token")
    base = distribute(href)
    downloader = "contentroutes.tokencontentguard_downloader"
    group = admin.create("groups/", name=new_name())
    names = [admin.user()["username"] for _ in range(5)]
    nobody, by_object, by_group, everywhere, by_domain = names
    tokens = {name: f"Bearer {admin.token(name)['token']}" for name in names}
    admin.add_role(href, downloader, users=[by_object], groups=[group["name"]])
    assert admin.call("POST", f"{group['pulp_href']}users/", username=by_group).status_code == 201
    for name, domain in ((everywhere, None), (by_domain, "default")):
        [user] = admin.call("GET", f"users/?username={name}").json()["results"]
        values = {"role": downloader, "content_object": None}
        if domain:
            if not pulp.domain:
                continue
            [found] = admin.call("GET", f"domains/?name={domain}").json()["results"]
            values["domain"] = found["pulp_href"]
        answer = admin.call("POST", f"{user['pulp_href']}roles/", **values)
        assert answer.status_code == 201, answer.text
    expected = dict.fromkeys(names, 200) | {nobody: 403}
    if not pulp.domain:
        expected[by_domain] = 403

    def statuses(path: str) -> dict[str, int]:
        return {
            name: ours.get(f"{base}/{path}", Authorization=token).status
            for name, token in tokens.items()
        }

    # From the fast path, and from Pulp's handler.
    assert statuses("x") == expected
    assert statuses("dir/") == expected
    assert ours.get(f"{base}/x", Authorization=f"Bearer {admin.token()['token']}").body == b"x"
    # A right password gets the same answer as a wrong one, with the reason.
    needs_token = f"401: Unauthorized. {TOKEN_NEEDED}".encode()
    for headers in (
        {},
        {"Authorization": basic("admin", PASSWORD)},
        {"Authorization": basic("admin", "wrong")},
    ):
        refused = ours.get(f"{base}/x", **headers)
        assert (refused.status, refused.body) == (401, needs_token)


def test_a_certificate_is_checked_on_the_fast_path(
    admin: Rest, ours: Route, distribute: Distribute
) -> None:
    authority = Authority("authority")
    own = authority.issue("client").certificate
    href = admin.guard("certguard/x509", ca_certificate=authority.certificate)
    base = distribute(href)
    answer = ours.get(f"{base}/x", X_CLIENT_CERT=quote(own))
    assert (answer.body, "repr-digest" in answer.headers) == (b"x", True)
    for wrong in (quote(own[:-40]), "x"):
        assert ours.get(f"{base}/x", X_CLIENT_CERT=wrong).status == 403
    assert ours.get(f"{base}/x").status == 403


def test_a_guard_that_fails_refuses(admin: Rest, ours: Route, distribute: Distribute) -> None:
    """An invalid filter makes Pulp's guard raise an exception other than PermissionError."""
    href = admin.guard(
        "core/header", header_name="x-key", header_value="secret", jq_filter="this is no filter ("
    )
    base = distribute(href)
    key = base64.b64encode(b'{"a": 1}').decode()
    assert ours.get(f"{base}/x", x_key=key).status == 403
