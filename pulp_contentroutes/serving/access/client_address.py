"""The client's address, as the trusted reverse proxies pass it on."""

import logging
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Final

from aiohttp import web

from pulp_contentroutes.serving.access.forwarded import Address, forwarded_for, read_address

log = logging.getLogger(__name__)

#: The name of a client without an address: it came through a Unix socket.
_LOCAL: Final = "local"
#: One customer's network (RFC 6177): a client in it can use each of its addresses.
_IPV6_PREFIX: Final = 64
#: Networks in which a /64 holds many clients: loopback and IPv4-compatible addresses, link-local
#: ones, NAT64 (RFC 6052, RFC 8215), and Teredo, where it names the relay (RFC 4380).
_SHARED: Final = tuple(
    map(IPv6Network, ("::/64", "fe80::/10", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32"))
)
_SHOWN: Final = 80


class ClientAddresses:
    """The addresses of clients; `trusted` are networks of proxies, as `ipaddress` reads them."""

    def __init__(self, trusted: Iterable[str]) -> None:
        self._trusted: list[IPv4Network | IPv6Network] = []
        for text in trusted:
            network = ip_network(text, strict=False)
            if isinstance(network, IPv6Network) and (mapped := network.network_address.ipv4_mapped):
                # Mapped addresses are read as IPv4 ones, too.
                network = IPv4Network((mapped, max(network.prefixlen - 96, 0)))
            self._trusted.append(network)
        self._read = lru_cache(maxsize=1024)(read_address)
        self._has_warned = False

    def of(self, request: web.BaseRequest) -> str | None:
        """Return the client's address, for IPv6 its network; None if the proxies do not say it.

        It is the right-most entry that is not a trusted proxy: each proxy appends its peer, and
        anything further left was supplied by the client. An entry that is not an address
        identifies no client: the clients behind it cannot be told apart, and must not be taken for
        one client.
        """
        peer = self._read(request.remote or "")
        if request.remote and (peer is None or not self._is_proxy(peer)):
            return _name(peer)
        nearest = peer
        for entry in forwarded_for(request.headers):
            address = self._read(entry)
            if address is None:
                if not self._has_warned:
                    self._has_warned = True
                    log.warning(
                        "A trusted reverse proxy sends %.80r for its client, which is not an "
                        "address: wrong passwords of its clients are not counted. Let it send "
                        "X-Forwarded-For with addresses. This is said once.",
                        entry[:_SHOWN],
                    )
                return None
            nearest = address
            if not self._is_proxy(address):
                break
        return _name(nearest)

    def _is_proxy(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)


def _name(address: Address | None) -> str:
    if address is None:
        return _LOCAL
    if isinstance(address, IPv6Address) and not any(address in each for each in _SHARED):
        return str(ip_network((address, _IPV6_PREFIX), strict=False))
    return str(address)
