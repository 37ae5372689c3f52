"""Refusals challenge only where credentials can help, can be hidden, and are counted."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from pulp_contentroutes.serving.access.challenge import TOKEN_NEEDED
from tests.harness.pulp import Pulp
from tests.harness.rest import USER_PASSWORD, Rest, basic, new_name
from tests.harness.template import PASSWORD
from tests.pulp.guarded import Distribute, header_guard


@pytest.mark.parametrize("is_on", [True, False], ids=["fast path", "Pulp alone"])
def test_a_challenge_is_sent_only_where_credentials_can_satisfy_the_guard(
    pulp: Pulp, admin: Rest, distribute: Distribute, without_fast_path: int, is_on: bool
) -> None:
    """On both prefixes, for files, listings and paths that only Pulp reads, and with Pulp alone."""
    header, rbac = header_guard(admin), admin.guard("core/rbac")
    redirect = admin.guard("core/content_redirect")
    inner = admin.guard("core/composite", guards=[redirect, rbac])
    expected = {
        header: 403,
        redirect: 403,
        rbac: 401,
        admin.guard("contentroutes/token"): 401,
        admin.guard("core/composite", guards=[header, redirect]): 403,
        admin.guard("core/composite", guards=[header, inner]): 401,
    }
    bases = {guard: distribute(guard) for guard in expected}
    port = pulp.instance.content_port if is_on else without_fast_path
    ours, stock = pulp.route("ours", port), pulp.route("stock", port)
    for guard, base in bases.items():
        # Stock reads a path with an empty segment; the fast path does not.
        for route, path in ((ours, "x"), (stock, "x"), (ours, "dir/"), (stock, "/x")):
            answer = route.raw(f"{base}/{path}")
            is_challenge = "www-authenticate" in answer.headers
            assert (answer.status, is_challenge) == (expected[guard], expected[guard] == 401)
            wrong = route.raw(f"{base}/{path}", Authorization=basic("admin", "wrong"))
            said = wrong.text.removesuffix(f". {TOKEN_NEEDED}")
            assert (wrong.status, said) == (401, "401: Unauthorized")


def test_refusals_can_be_hidden(pulp: Pulp, admin: Rest, distribute: Distribute) -> None:
    href = admin.guard("core/rbac")
    base = distribute(href)
    name = admin.user()["username"]
    with pulp.instance.further_content_app(CONTENTROUTES_HIDE_REFUSALS="true") as port:
        route = pulp.route("ours", port)
        nowhere = route.get(f"{new_name()}/x")
        for path in ("x", "missing", "dir/", "dir"):
            for headers in ({}, {"Authorization": basic(name, USER_PASSWORD)}):
                hidden = route.get(f"{base}/{path}", **headers)
                assert (hidden.status, hidden.body) == (nowhere.status, nowhere.body)
                assert set(hidden.headers) == set(nowhere.headers)
        assert route.get(f"{base}/x", Authorization=basic("admin", PASSWORD)).body == b"x"


def test_passwords_are_tried_as_often_as_they_may_fail_also_if_they_come_at_once(
    pulp: Pulp, admin: Rest, distribute: Distribute
) -> None:
    base, limit, count = distribute(admin.guard("core/rbac")), 4, 40
    token = f"Token {admin.token()['token']}"
    with (
        pulp.instance.further_content_app(CONTENTROUTES_FAILED_LOGINS=str(limit)) as port,
        ThreadPoolExecutor(count) as pool,
    ):
        route = pulp.route("ours", port)

        def ask(number: int) -> int:
            return route.get(f"{base}/x", Authorization=basic("admin", f"wrong {number}")).status

        statuses = Counter(pool.map(ask, range(count)))
        assert route.get(f"{base}/x", Authorization=token).body == b"x"
    assert set(statuses) == {401, 429}
    # The minute may have ended meanwhile.
    assert statuses[401] in (limit, 2 * limit)
