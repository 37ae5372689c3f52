"""The client's address: X-Forwarded-For counts only from trusted proxies."""

import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from pulp_contentroutes.serving.client_address import ClientAddresses


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


def address_of(trusted: str, peer: str, *forwarded: str) -> str:
    headers = CIMultiDict([("X-Forwarded-For", value) for value in forwarded])
    request = make_mocked_request("GET", "/", headers).clone(remote=peer)
    return ClientAddresses([trusted]).of(request)


def test_a_trusted_network_may_be_written_as_one_of_its_addresses() -> None:
    assert address_of("192.168.1.7/16", "192.168.9.9", "6.6.6.6") == "6.6.6.6"


def test_several_field_lines_are_one_list() -> None:
    """A client sends a line of its own; the proxy appends another."""
    assert address_of("127.0.0.1", "127.0.0.1", "1.1.1.1", "6.6.6.6") == "6.6.6.6"
    chain = ("1.1.1.1", "6.6.6.6", "10.0.0.2")
    assert address_of("10.0.0.0/8", "10.0.0.1", *chain) == "6.6.6.6"


@pytest.mark.parametrize("forwarded", ["6.6.6.6,10.0.0.2", "6.6.6.6 ,\t10.0.0.2 "])
def test_spaces_in_the_list_do_not_matter(forwarded: str) -> None:
    assert address_of("10.0.0.0/8", "10.0.0.1", forwarded) == "6.6.6.6"


def test_entries_before_an_invalid_address_are_ignored() -> None:
    assert address_of("10.0.0.0/8", "10.0.0.1", "6.6.6.6, unknown, 10.0.0.2") == "10.0.0.2"


def test_addresses_are_cached_in_bounded_memory() -> None:
    """A client can send any number of them in X-Forwarded-For."""
    addresses = ClientAddresses(["0.0.0.0/0"])
    forwarded = ",".join(f"6.6.{number // 256}.{number % 256}" for number in range(2000))
    request = make_mocked_request("GET", "/", {"X-Forwarded-For": forwarded})
    addresses.of(request.clone(remote="127.0.0.1"))
    assert addresses._read.cache_info().currsize == 1024


def test_a_network_of_ipv6_is_one_client() -> None:
    """A client has all addresses of its /64, and could try again from each."""
    one, other = (address_of("::1", "::1", f"2001:db8:0:7::{host}") for host in ("1", "ffff:2"))
    assert one == other
    assert one != address_of("::1", "::1", "2001:db8:0:8::1")
