"""The URLs under which clients reach an instance, and a warning if other machines can connect."""

import ipaddress
import socket
from typing import Final

import psutil

from pulp_contentroutes.standalone.instance import Address, Instance

#: The most addresses to show for a machine with many.
_MOST_ADDRESSES: Final = 4
# Addresses of RFC 5737 and RFC 3849: no packet goes there, the kernel only chooses the route.
_ELSEWHERE: Final = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}


def api_urls(instance: Instance) -> list[str]:
    """Return the URLs of the API without a final slash, the preferred one first."""
    origin = content_origin(instance)
    own = _urls(instance.front or instance.api)
    # Any proxy in front of nginx leads to both the API and the content app.
    return [origin, *own] if origin and instance.front else own


def content_url(instance: Instance) -> str:
    """Return the URL of the content app as clients know it, without a final slash."""
    return content_origin(instance) or _urls(instance.front or instance.content)[0]


def content_origin(instance: Instance) -> str | None:
    """Return the URL that was given with --set CONTENT_ORIGIN, None without one."""
    given = instance.setting("CONTENT_ORIGIN", "").strip("\"' ").rstrip("/")
    return given if given.startswith(("http://", "https://")) else None


def warning(instance: Instance) -> str | None:
    """Return a warning for users who let others in; None if only this machine can connect."""
    address = ipaddress.ip_address(instance.options.bind)
    if address.is_loopback:
        return None
    where = "this machine" if address.is_unspecified else str(address)
    ports = " and ".join(
        str(each.port)
        for each in ([instance.front] if instance.front else [instance.api, instance.content])
    )
    return (
        f"Warning: everyone who can reach {where} can connect to port {ports}, and passwords, "
        "tokens and content travel without TLS; --bind 127.0.0.1 takes that back."
    )


def _urls(address: Address) -> list[str]:
    """Return the URL of an address, or those of all addresses that it stands for.

    These are the addresses of this machine that other machines may use, the usual one first.
    """
    host = ipaddress.ip_address(address.host)
    if not host.is_unspecified:
        return [address.url]
    up = {name for name, each in psutil.net_if_stats().items() if each.isup}
    found: list[str] = []
    for family in [socket.AF_INET] if host.version == 4 else [socket.AF_INET, socket.AF_INET6]:
        parsed = {
            each.address: ipaddress.ip_address(each.address)
            for name, addresses in psutil.net_if_addrs().items()
            for each in addresses
            if name in up and each.family == family
        }
        # A link-local address ends with the name of an interface, which differs on other machines.
        own = [each for each, ip in parsed.items() if not ip.is_loopback and not ip.is_link_local]
        usual = _usual_address(family)
        found += sorted(own, key=lambda each: each != usual)
    urls = [f"http://{Address(each, address.port)}" for each in found[:_MOST_ADDRESSES]]
    return urls or [address.url]


def _usual_address(family: socket.AddressFamily) -> str | None:
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((_ELSEWHERE[family], 9))
        except OSError:
            return None
        return str(probe.getsockname()[0])
