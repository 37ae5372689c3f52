"""Signed URLs: our decision about them is compared with that of pulpcore's redirect guard."""

import time
from uuid import uuid4

import pytest
from aiohttp import hdrs
from aiohttp.test_utils import make_mocked_request
from hypothesis import assume, example, given
from hypothesis import strategies as st
from pulpcore.plugin.models import ContentRedirectContentGuard

from pulp_contentroutes.app.edge.pulp_guards import _is_redirect_guard_known, _permitting
from pulp_contentroutes.serving.access.redirect_guard import is_certain_to_admit

HOST = "pulp.example:24816"
BLOB = f"/pulp/container/acme/a_b-c.d/blobs/sha256:{'0a' * 32}"
GUARD = ContentRedirectContentGuard(pulp_domain_id=uuid4(), shared_secret=bytes(range(32)))
#: Characters that mean something to URLs, and some that do not.
TEXT = st.text("aA0~_.-:@%/?#&=+;,!$'()*[]\\ \"<>|^`{}é", max_size=24)


def is_certain(target: str, host: str = HOST) -> bool:
    return is_certain_to_admit(GUARD.shared_secret, host, target, time.time())


def is_permitted(target: str, host: str = HOST) -> bool:
    """Ask the guard itself."""
    try:
        GUARD.permit(make_mocked_request("GET", target, {hdrs.HOST: host}))
    except PermissionError:
        return False
    return True


def sign(path: str, host: str = HOST) -> str:
    """Return the target of a signed URL, as Pulp's API makes it."""
    signed: str = GUARD.preauthenticate_url(f"http://{host}{path}")
    return signed.removeprefix(f"http://{host}")


def test_pulps_guard_is_the_one_that_is_described() -> None:
    """Otherwise nothing is certain; see the warning of `_is_redirect_guard_known`."""
    assert _is_redirect_guard_known()


@pytest.mark.parametrize("path", [BLOB, "/pulp/content/a/b.rpm", "/pulp/content/a/1:2~3@x_-.deb"])
def test_the_urls_of_packages_are_certain(path: str) -> None:
    assert is_certain(sign(path))
    assert is_permitted(sign(path))


@pytest.mark.parametrize("seconds", [-1, 0, 1])
def test_a_url_is_certain_as_long_as_it_is_permitted(
    monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    target = sign(BLOB)
    expires = int(target.partition("expires=")[2].partition("&")[0])
    now = expires + seconds + 0.9
    assert is_certain_to_admit(GUARD.shared_secret, HOST, target, now) == (seconds <= 0)


@given(path=TEXT, rest=TEXT)
@example(path="", rest="")
@example(path="/../b", rest="")
@example(path="//b", rest="")
@example(path="", rest="&expires=99999999999")
def test_nothing_is_certain_that_the_guard_refuses(path: str, rest: str) -> None:
    """Signed URLs with odd paths, and with anything after the signature."""
    target = sign(f"/pulp/content/a{path}") + rest
    try:
        permitted = is_permitted(target)
    except ValueError:  # yarl takes it for no URL
        assume(False)
    assert permitted or not is_certain(target)


@given(position=st.integers(0, len(sign(BLOB)) - 1), character=st.sampled_from("aA0/.?&=%:"))
def test_a_changed_url_is_certain_only_if_it_is_permitted(position: int, character: str) -> None:
    target = sign(BLOB)
    changed = target[:position] + character + target[position + 1 :]
    assert not is_certain(changed) or is_permitted(changed)


@given(host=TEXT)
@example(host="a" * 64)
@example(host="-a")
@example(host="a@b")
@example(host="a/b")
@example(host="a..b")
def test_no_host_makes_a_refused_url_certain(host: str) -> None:
    target = sign(BLOB)
    try:
        permitted = is_permitted(target, host)
    except ValueError:
        permitted = False
    assert permitted or not is_certain(target, host)


@pytest.mark.parametrize("target", [BLOB, f"{BLOB}?expires=1", f"{BLOB}?validate_token=a:b"])
def test_the_guard_is_asked_about_everything_else(target: str) -> None:
    permits = _permitting(GUARD)
    assert not permits(make_mocked_request("GET", target, {hdrs.HOST: HOST}))
    assert permits(make_mocked_request("GET", sign(BLOB), {hdrs.HOST: HOST}))
    encoded = sign("/pulp/content/a%C3%A9")
    assert not is_certain(encoded)
    assert permits(make_mocked_request("GET", encoded, {hdrs.HOST: HOST}))
