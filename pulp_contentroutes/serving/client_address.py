"""Who asks: the client's address, which a reverse proxy that is trusted passes on."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Final

from aiohttp import web

_FORWARDED_FOR: Final = "X-Forwarded-For"
#: What a client without an address is called: it came through a Unix socket.
_LOCAL: Final = "local"


class ClientAddresses:
    """`trusted` are networks of reverse proxies, as `ipaddress` reads them."""

    def __init__(self, trusted: Iterable[str]) -> None:
        self._trusted = tuple(ip_network(network, strict=False) for network in trusted)
        self._is_proxy = lru_cache(maxsize=1024)(self._is_proxy_uncached)

    def of(self, request: web.BaseRequest) -> str:
        """Return the address: what a trusted proxy has appended, otherwise who is connected."""
        peer = request.remote or _LOCAL
        if peer != _LOCAL and not self._is_proxy(peer):
            return peer
        # The last element is the proxy's own; those before it are what the client says.
        forwarded = request.headers.getall(_FORWARDED_FOR, ())
        return (forwarded[-1].rpartition(",")[2].strip() if forwarded else "") or peer

    def _is_proxy_uncached(self, peer: str) -> bool:
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        return any(address in network for network in self._trusted)
