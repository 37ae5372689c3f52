"""Addresses that `serve` prints: clients can use them, and it warns if other machines can."""

import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from pulp_contentroutes.standalone import configuration, reach
from pulp_contentroutes.standalone.instance import Instance
from pulp_contentroutes.standalone.options import Options

V4, V6 = socket.AF_INET, socket.AF_INET6
INTERFACES = {
    "lo": [(V4, "127.0.0.1"), (V6, "::1")],
    "docker0": [(V4, "172.17.0.1")],
    "eth0": [(V4, "198.51.100.7"), (V6, "2001:db8::7"), (V6, "fe80::1%eth0")],
    "eth1": [(V4, "203.0.113.9")],
}


def instance(has_nginx: bool = True, **options: Any) -> Instance:
    return Instance(Path("/data"), Options(**options), "/usr/sbin/nginx" if has_nginx else None, {})


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulate a machine with two networks, one of them down, and a bridge for containers."""
    addresses = {
        name: [SimpleNamespace(family=family, address=address) for family, address in found]
        for name, found in INTERFACES.items()
    }
    states = {name: SimpleNamespace(isup=name != "eth1") for name in INTERFACES}
    monkeypatch.setattr(psutil, "net_if_addrs", lambda: addresses)
    monkeypatch.setattr(psutil, "net_if_stats", lambda: states)
    usual = {V4: "198.51.100.7", V6: "2001:db8::7"}
    monkeypatch.setattr(reach, "_usual_address", usual.get)


ORIGIN = {"CONTENT_ORIGIN": "https://pulp.example/"}
EVERY = ["http://198.51.100.7:8080", "http://172.17.0.1:8080"]


@pytest.mark.parametrize(
    ("options", "api", "content"),
    [
        ({}, ["http://127.0.0.1:8080"], "http://127.0.0.1:8080"),
        ({"bind": "0.0.0.0"}, EVERY, EVERY[0]),
        ({"bind": "::"}, [*EVERY, "http://[2001:db8::7]:8080"], EVERY[0]),
        ({"bind": "203.0.113.9"}, ["http://203.0.113.9:8080"], "http://203.0.113.9:8080"),
        ({"bind": "::1"}, ["http://[::1]:8080"], "http://[::1]:8080"),
        (
            {"settings": ORIGIN},
            ["https://pulp.example", "http://127.0.0.1:8080"],
            "https://pulp.example",
        ),
        (
            {"settings": ORIGIN, "bind": "0.0.0.0"},
            ["https://pulp.example", *EVERY],
            "https://pulp.example",
        ),
        (
            {"has_nginx": False, "settings": ORIGIN},
            ["http://127.0.0.1:8080"],
            "https://pulp.example",
        ),
        (
            {"has_nginx": False, "bind": "0.0.0.0"},
            EVERY,
            "http://198.51.100.7:8081",
        ),
        (
            {"settings": {"CONTENT_ORIGIN": '"https://pulp.example"'}},
            ["https://pulp.example", "http://127.0.0.1:8080"],
            "https://pulp.example",
        ),
        ({"settings": {"CONTENT_ORIGIN": "@none"}}, ["http://127.0.0.1:8080"], None),
    ],
)
def test_clients_get_addresses_that_they_can_use(
    options: dict[str, Any], api: list[str], content: str | None
) -> None:
    made = instance(**options)
    assert reach.api_urls(made) == api
    assert reach.content_url(made) == (content or api[0])


@pytest.mark.parametrize(
    ("options", "origin"),
    [
        ({}, "http://127.0.0.1:8080"),
        ({"bind": "0.0.0.0"}, None),
        ({"has_nginx": False}, "http://127.0.0.1:8081"),
        ({"has_nginx": False, "bind": "0.0.0.0"}, "http://198.51.100.7:8081"),
        ({"has_nginx": False, "bind": "::"}, "http://198.51.100.7:8081"),
    ],
)
def test_urls_of_content_lead_to_the_port_of_the_content_app(
    options: dict[str, Any], origin: str | None
) -> None:
    """Without an origin they are paths, which a client appends to the address of the API."""
    assert configuration._settings(instance(**options))["CONTENT_ORIGIN"] == origin


def test_a_machine_without_a_network_has_its_own_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "net_if_addrs", dict)
    assert reach.api_urls(instance(bind="0.0.0.0")) == ["http://127.0.0.1:8080"]
    assert reach.api_urls(instance(bind="::")) == ["http://[::1]:8080"]


def test_at_most_four_addresses_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [SimpleNamespace(family=V4, address=f"198.51.100.{each}") for each in range(200)]
    monkeypatch.setattr(psutil, "net_if_addrs", lambda: {"eth0": many})
    assert len(reach.api_urls(instance(bind="0.0.0.0"))) == 4


@pytest.mark.parametrize("bind", ["127.0.0.1", "127.0.0.2", "::1"])
def test_no_warning_where_only_this_machine_can_connect(bind: str) -> None:
    assert reach.warning(instance(bind=bind)) is None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"bind": "0.0.0.0"}, "can reach this machine can connect to port 8080,"),
        ({"bind": "::"}, "can reach this machine can connect to port 8080,"),
        ({"bind": "198.51.100.7"}, "can reach 198.51.100.7 can connect to port 8080,"),
        (
            {"bind": "0.0.0.0", "has_nginx": False},
            "can reach this machine can connect to port 8080 and 8081,",
        ),
    ],
)
def test_who_lets_others_in_is_told_who_and_that_there_is_no_tls(
    options: dict[str, Any], said: str
) -> None:
    warning = reach.warning(instance(**options))
    assert warning
    assert said in warning
    assert "without TLS" in warning
    assert "\n" not in warning


def test_all_addresses_means_those_of_ipv4_too() -> None:
    """nginx's default for [::] is IPv6 alone."""
    assert configuration._listen(instance(bind="::")) == "[::]:8080 ipv6only=off"
    assert configuration._listen(instance(bind="::1")) == "[::1]:8080"
    assert configuration._listen(instance(bind="0.0.0.0")) == "0.0.0.0:8080"
