"""Failed log-ins are counted by address and minute; the address is the one that can be believed."""

import pytest
from aiohttp.test_utils import make_mocked_request

from pulp_contentroutes.serving.client_address import ClientAddresses
from pulp_contentroutes.serving.throttle import FailedLogins


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_an_address_has_so_many_failures_in_a_minute() -> None:
    clock = Clock()
    failed = FailedLogins(2, clock)
    for expected in (False, False, True, True):
        assert failed.are_too_many("a") is expected
        failed.note("a")
    assert not failed.are_too_many("b")
    clock.now = 60
    assert not failed.are_too_many("a")


def test_zero_is_no_limit() -> None:
    failed = FailedLogins(0)
    for _ in range(1000):
        failed.note("a")
    assert not failed.are_too_many("a")


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        pytest.param("10.0.0.1", None, "10.0.0.1", id="a client"),
        pytest.param("10.0.0.1", "6.6.6.6", "10.0.0.1", id="a client that claims to be another"),
        pytest.param("127.0.0.1", None, "127.0.0.1", id="a proxy that says nothing"),
        pytest.param("127.0.0.1", "6.6.6.6", "6.6.6.6", id="a proxy"),
        pytest.param(
            "127.0.0.1",
            "1.1.1.1, 6.6.6.6",
            "6.6.6.6",
            id="the client of a proxy claims to be another",
        ),
        pytest.param("127.0.0.1", "", "127.0.0.1", id="a proxy with an empty header"),
        pytest.param("127.0.0.1", "6.6.6.6, 192.168.1.7", "6.6.6.6", id="a chain of proxies"),
        pytest.param(
            "127.0.0.1",
            "192.168.1.8, 192.168.1.7",
            "192.168.1.8",
            id="a chain of nothing but proxies",
        ),
        pytest.param(
            "127.0.0.1", "1.1.1.1, somebody", "127.0.0.1", id="a proxy that forwards no address"
        ),
        pytest.param("127.0.0.1", "x" * 5000, "127.0.0.1", id="a proxy with a long header"),
        pytest.param(
            "::ffff:127.0.0.1", "6.6.6.6", "6.6.6.6", id="a proxy on a socket for both kinds"
        ),
        pytest.param(
            "::ffff:10.0.0.1", "6.6.6.6", "10.0.0.1", id="a client on a socket for both kinds"
        ),
        pytest.param("192.168.1.7", "6.6.6.6", "6.6.6.6", id="a proxy in a trusted network"),
        pytest.param("::1", "2001:db8:0:7::1", "2001:db8:0:7::/64", id="a client with IPv6"),
        pytest.param(None, "6.6.6.6", "6.6.6.6", id="a proxy on a Unix socket"),
        pytest.param(None, None, "local", id="a client on a Unix socket"),
    ],
)
def test_only_a_trusted_proxy_is_believed(
    peer: str | None, forwarded: str | None, expected: str
) -> None:
    addresses = ClientAddresses(["127.0.0.1", "::1", "192.168.0.0/16"])
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    request = make_mocked_request("GET", "/", headers).clone(remote=peer or "")
    assert addresses.of(request) == expected
