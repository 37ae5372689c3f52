"""The client's address: X-Forwarded-For and Forwarded count only from trusted proxies."""

import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import given, strategies
from multidict import CIMultiDict

from pulp_contentroutes.serving.access.client_address import ClientAddresses
from pulp_contentroutes.serving.access.forwarded import Address


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
        pytest.param("127.0.0.1", " ,, ", "127.0.0.1", id="a proxy with a list of nothing"),
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


def address_of(trusted: str, peer: str, *forwarded: str) -> str | None:
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


#: Forms of RFC 7239 §6, and those of real proxies: Azure's application gateway appends the port.
FORMS = {
    "198.51.100.1": (
        "198.51.100.1",
        "198.51.100.1:4711",
        "198.51.100.1:_port",
        '"198.51.100.1:80"',
    ),
    "2001:db8:0:7::/64": (
        "2001:db8:0:7::1",
        "2001:DB8:0:7:0:0:0:1",
        "[2001:db8:0:7::1]",
        "[2001:db8:0:7::2]:4711",
        '"[2001:db8:0:7::1]:4711"',
        "2001:db8:0:7:0:0:0:1:4711",
        "2001:db8:0:7::1%eth0",
        "[2001:db8:0:7::1%25eth0]:80",
    ),
    "198.51.100.2": (
        "::ffff:198.51.100.2",
        "[::ffff:198.51.100.2]:80",
        "::ffff:c633:6402",
        "::ffff:198.51.100.2:80",
    ),
}


@pytest.mark.parametrize(
    ("entry", "expected"), [(entry, name) for name, entries in FORMS.items() for entry in entries]
)
def test_an_entry_is_read_in_every_form(entry: str, expected: str) -> None:
    """Azure appends ports: its clients would count as one, or a client with two ports as two."""
    assert address_of("127.0.0.1", "127.0.0.1", f"6.6.6.6, {entry}") == expected


@pytest.mark.parametrize(
    "entry",
    [
        "unknown", "_hidden", "_SEVKISEK", "somebody", "client.example.com", "198.051.100.001", "[",
        "[]", "[::1", "[::1]80", ":80", "1.2.3.4.5", "2001:db8::g", "x" * 5000, "1" * 5000, '"',
    ],
)  # fmt: skip
def test_an_entry_that_is_no_address_names_nobody(entry: str) -> None:
    """Not the proxy, which has many clients, nor an earlier entry, which the client supplies."""
    assert address_of("127.0.0.1", "127.0.0.1", f"6.6.6.6, {entry}") is None
    assert address_of("10.0.0.0/8", "10.0.0.1", f"6.6.6.6, {entry}, 10.0.0.2") is None
    assert address_of("10.0.0.0/8", "10.0.0.1", f"{entry}, 6.6.6.6, 10.0.0.2") == "6.6.6.6"


def test_an_entry_that_is_no_address_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    addresses = ClientAddresses(["127.0.0.1"])
    request = make_mocked_request("GET", "/", {"X-Forwarded-For": "un\x1bknown" + "x" * 500})
    for _ in range(3):
        assert addresses.of(request.clone(remote="127.0.0.1")) is None
    [record] = caplog.records
    assert "'un\\x1bknownxx" in record.getMessage()
    assert len(record.getMessage()) < 400


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("fe80::1", "fe80::2", id="neighbours on a link"),
        pytest.param("fe80::1%eth0", "fe80::1%eth1", id="neighbours on two links"),
        pytest.param("64:ff9b::198.51.100.1", "64:ff9b::198.51.100.2", id="behind a NAT64"),
        pytest.param("64:ff9b:1::1", "64:ff9b:1::2", id="behind a NAT64 of one's own"),
        pytest.param("2001::1", "2001::2", id="users of one Teredo relay"),
        pytest.param("::1", "::198.51.100.1", id="the machine itself, and another"),
    ],
)
def test_clients_that_share_a_64_without_being_one_customer_are_several(
    one: str, other: str
) -> None:
    names = {address_of("127.0.0.1", "127.0.0.1", each) for each in (one, other)}
    assert len(names) == 2
    assert None not in names


@pytest.mark.parametrize("trusted", ["::ffff:10.0.0.7", "::ffff:10.0.0.0/104", "::ffff:0:0/96"])
def test_a_trusted_network_may_be_written_as_a_mapped_one(trusted: str) -> None:
    assert address_of(trusted, "10.0.0.7", "6.6.6.6") == "6.6.6.6"


ADDRESSES = strategies.ip_addresses()
PORTS = strategies.integers(0, 65535)


@given(ADDRESSES, PORTS)
def test_a_client_is_one_whatever_its_port_and_form(address: Address, port: int) -> None:
    bare, bracketed = str(address), f"[{address}]"
    ported = f"{bracketed}:{port}" if address.version == 6 else f"{address}:{port}"
    expected = address_of("192.0.2.1", "192.0.2.1", bare)
    assert expected is not None
    for entry in (bracketed, ported, f'"{ported}"', f" {ported} "):
        assert address_of("192.0.2.1", "192.0.2.1", entry) == expected
        assert named_by_forwarded(f'for="{entry.strip(" " + chr(34))}"') == expected


@given(strategies.text(alphabet='[]"%:.,;=\\ af019for', max_size=60))
def test_every_text_is_read_or_names_nobody(text: str) -> None:
    for name in ("X-Forwarded-For", "Forwarded"):
        request = make_mocked_request("GET", "/", {name: text}).clone(remote="192.0.2.1")
        assert ClientAddresses(["192.0.2.1"]).of(request) != ""


# Forwarded, RFC 7239.


def named_by_forwarded(*values: str, trusted: str = "10.0.0.0/8") -> str | None:
    headers = CIMultiDict([("Forwarded", value) for value in values])
    request = make_mocked_request("GET", "/", headers).clone(remote="10.0.0.1")
    return ClientAddresses([trusted]).of(request)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("for=198.51.100.1", "198.51.100.1"),
        ('For="198.51.100.1:4711";proto=https;by=10.0.0.1', "198.51.100.1"),
        ('proto=http ; for="[2001:db8:0:7::1]:4711"', "2001:db8:0:7::/64"),
        ("for=[2001:db8:0:7::1]:4711", "2001:db8:0:7::/64"),
        ('for=6.6.6.6, for=198.51.100.1;host="x, for=7.7.7.7"', "198.51.100.1"),
        (r'for=6.6.6.6, for=198.51.100.1;host="\", for=7.7.7.7"', "198.51.100.1"),
        ('for="6.6.6.6, for=198.51.100.1', "198.51.100.1"),
        ('for="6.6.6.6, for="[2001:db8:0:7::1]"', "2001:db8:0:7::/64"),
        ("for=6.6.6.6, for=198.51.100.1, , for=10.0.0.2 ,", "198.51.100.1"),
        ("", "10.0.0.1"),
        (" , ,", "10.0.0.1"),
        ("for=unknown", None),
        ('for="_gazonk"', None),
        ("for=6.6.6.6, for=_gazonk, for=10.0.0.2", None),
        ("for=6.6.6.6, proto=https", None),
        ("for=6.6.6.6;for=7.7.7.7", None),
        ("for=", None),
        ('"' * 1000, None),
        ("," * 5000 + "=", None),
    ],
)
def test_forwarded_is_read_from_the_right(value: str, expected: str | None) -> None:
    """Text before the nearest proxy's element, also open quotes, was supplied by the client."""
    assert named_by_forwarded(value) == expected


def test_several_field_lines_of_forwarded_are_one_list() -> None:
    assert named_by_forwarded("for=1.1.1.1", "for=6.6.6.6", "for=10.0.0.2") == "6.6.6.6"


def test_forwarded_of_a_client_that_is_no_proxy_is_not_believed() -> None:
    assert named_by_forwarded("for=6.6.6.6", trusted="127.0.0.1") == "10.0.0.1"


def test_forwarded_does_not_count_beside_x_forwarded_for() -> None:
    """A proxy that appends to one of the two headers forwards the other as the client sent it."""
    headers = {"X-Forwarded-For": "198.51.100.1", "Forwarded": "for=6.6.6.6"}
    request = make_mocked_request("GET", "/", headers).clone(remote="127.0.0.1")
    assert ClientAddresses(["127.0.0.1"]).of(request) == "198.51.100.1"


def test_addresses_are_cached_in_bounded_memory() -> None:
    """A client can send any number of addresses in X-Forwarded-For."""
    addresses = ClientAddresses(["0.0.0.0/0"])
    forwarded = ",".join(f"6.6.{number // 256}.{number % 256}" for number in range(2000))
    request = make_mocked_request("GET", "/", {"X-Forwarded-For": forwarded})
    addresses.of(request.clone(remote="127.0.0.1"))
    assert addresses._read.cache_info().currsize == 1024


def test_a_network_of_ipv6_is_one_client() -> None:
    """A client has all addresses of its /64, and could make further attempts from each."""
    one, other = (address_of("::1", "::1", f"2001:db8:0:7::{host}") for host in ("1", "ffff:2"))
    assert one == other
    assert one != address_of("::1", "::1", "2001:db8:0:8::1")
