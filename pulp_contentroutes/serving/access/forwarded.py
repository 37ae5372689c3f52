"""X-Forwarded-For and Forwarded (RFC 7239) → the addresses in them, in every form that is sent."""

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from multidict import MultiMapping

FORWARDED_FOR: Final = "X-Forwarded-For"
FORWARDED: Final = "Forwarded"

Address = IPv4Address | IPv6Address

#: Longest entry that is read, in characters: an IPv6 address with zone, port, brackets and quotes.
_LONGEST: Final = 100
#: RFC 7239 §4, and values that lack the quotes that it asks for: `for=[2001:db8::1]:80`.
_PAIR: Final = re.compile(r"""([\w!#$%&'*+.^`|~-]+)=([^\s",;]+|"(?:[^"\\]|\\.)*")""")
_ELEMENT: Final = re.compile(rf"\s*{_PAIR.pattern}(?:\s*;\s*{_PAIR.pattern})*\s*")
#: The number of commas that are tried as the start of one element: those in quotes start none.
_COMMAS: Final = 20


def forwarded_for(headers: MultiMapping[str]) -> Iterator[str]:
    """Yield the client that each proxy names, the nearest first; empty if an entry names none.

    If both headers are sent, X-Forwarded-For counts: a proxy that appends to it lets a client's
    Forwarded header pass. Forwarded is read from the right: the nearest proxy has appended its
    element, and everything before it, including quotes that are never closed, is the client's.
    """
    listed = ",".join(headers.getall(FORWARDED_FOR, ()))
    if listed.strip(", \t"):
        # RFC 9110 §5.6.1: empty elements of a list are ignored.
        yield from filter(str.strip, reversed(listed.split(",")))
        return
    text = ",".join(headers.getall(FORWARDED, ()))
    end = len(text)
    while end >= 0:
        start = text.rfind(",", 0, end)
        if text[start + 1 : end].strip():
            start, element = _last_element(text, end)
            if element is None:
                yield ""
                return
            values = [value for name, value in _PAIR.findall(element) if name.lower() == "for"]
            yield re.sub(r"\\(.)", r"\1", values[0]) if len(values) == 1 else ""
        end = start


def read_address(entry: str) -> Address | None:
    """Return the address in an entry, None for `unknown`, obfuscated names and other text.

    A port is dropped: a client has many. So is the zone of an address that is valid without one.
    """
    text = entry.strip().strip('"')
    if len(text) > _LONGEST:
        return None
    if text.startswith("["):
        host, bracket, port = text[1:].partition("]")
        is_closed = bracket and (not port or port.startswith(":"))
        address = _parse(host) if is_closed else None
    elif text.count(":") == 1:
        address = _parse(text.partition(":")[0])
    else:
        # If an address lacks the brackets that it needs, its port is one group too many.
        address = _parse(text) or _parse(text.rpartition(":")[0])
    if not isinstance(address, IPv6Address):
        return address
    if address.scope_id and not address.is_link_local:
        address = IPv6Address(int(address))
    # A socket for both kinds of addresses reports ::ffff:127.0.0.1.
    return address.ipv4_mapped or address


def _parse(host: str) -> Address | None:
    try:
        # RFC 6874: the sign before a zone is encoded in URLs.
        return ip_address(host.replace("%25", "%", 1))
    except ValueError:
        return None


def _last_element(text: str, end: int) -> tuple[int, str | None]:
    """Return the start (the comma) of the shortest element up to `end`, and the element."""
    start = end
    for _ in range(_COMMAS):
        start = text.rfind(",", 0, start)
        if found := _ELEMENT.fullmatch(text, start + 1, end):
            return start, found[0]
        if start < 0:
            break
    return -1, None
