"""Who asks: the client's address, which reverse proxies that are trusted pass on."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from aiohttp import web

_FORWARDED_FOR: Final = "X-Forwarded-For"
#: What a client without an address is called: it came through a Unix socket.
_LOCAL: Final = "local"
#: One customer's network (RFC 6177): whoever has an address of it has all of them.
_IPV6_PREFIX: Final = 64

Address = IPv4Address | IPv6Address


class ClientAddresses:
    """`trusted` are networks of reverse proxies, as `ipaddress` reads them."""

    def __init__(self, trusted: Iterable[str]) -> None:
        self._trusted = tuple(ip_network(network, strict=False) for network in trusted)
        self._read = lru_cache(maxsize=1024)(_read)

    def of(self, request: web.BaseRequest) -> str:
        """Return the address of the client; of an IPv6 one its network.

        It is the nearest that is no trusted proxy: each proxy appends whom it was asked by, and
        what stands before that is what the client says.
        """
        peer = self._read(request.remote or "")
        if request.remote and (peer is None or not self._is_proxy(peer)):
            return _named(peer)
        listed = ",".join(request.headers.getall(_FORWARDED_FOR, ())).split(",")
        nearest = peer
        for text in reversed(listed):
            address = self._read(text.strip())
            if address is None:
                break
            nearest = address
            if not self._is_proxy(address):
                break
        return _named(nearest)

    def _is_proxy(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)


def _read(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    # ::ffff:127.0.0.1 on a socket for both kinds.
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _named(address: Address | None) -> str:
    if address is None:
        return _LOCAL
    if isinstance(address, IPv6Address):
        return str(ip_network((address, _IPV6_PREFIX), strict=False))
    return str(address)
