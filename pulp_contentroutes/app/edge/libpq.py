"""The settings of a database as libpq reads them, with its environment, service and password file.

Nothing is sent to the network: libpq checks all settings before it connects, and we spoil one that
it checks among the last. By then it has read the others.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from psycopg import pq
from psycopg.conninfo import make_conninfo

from pulp_contentroutes.serving.errors import UnsupportedSetting

#: The settings that are spoilt; the value of the first is read from a second attempt, in which the
#: other one is spoilt.
_SPOILT, _SPOILT_INSTEAD = "gssencmode", "channel_binding"
_BAD: Final = "spoilt"


@dataclass(frozen=True, slots=True)
class Host:
    """One server of the list that `host`, `hostaddr` and `port` form."""

    #: A name, an address, or the folder of a socket.
    name: str
    #: The address to connect to instead of the name's, empty if none was given.
    address: str
    port: int
    #: From a password file, or as given; empty if there is none.
    password: str


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings that have a value, by libpq's names."""

    values: Mapping[str, str]
    hosts: tuple[Host, ...]


def read_settings(parameters: Mapping[str, Any]) -> Settings:
    """Return the settings that libpq makes of `parameters`; or raise UnsupportedSetting."""
    known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()}
    given = {
        name: str(value)
        for name, value in parameters.items()
        if name in known and value is not None
    }
    with _attempt(given, _SPOILT) as attempt:
        values = _values(attempt)
    with _attempt(given, _SPOILT_INSTEAD) as attempt:
        values[_SPOILT] = _values(attempt).get(_SPOILT, "")
    names = values.get("host", "").split(",")
    addresses = values["hostaddr"].split(",") if values.get("hostaddr") else [""] * len(names)
    # One of the two lists may be missing, and a single port applies to all hosts.
    names += [""] * (len(addresses) - len(names))
    ports = values.get("port", "").split(",")
    ports = ports * len(names) if len(ports) == 1 else ports
    hosts = []
    for name, address, port in zip(names, addresses, ports, strict=True):
        own = {**given, "host": name, "hostaddr": address, "port": port}
        with _attempt(own, _SPOILT) as attempt:
            host = name or ("" if address else attempt.host.decode())
            hosts.append(Host(host, address, int(attempt.port), attempt.password.decode()))
    return Settings(values, tuple(hosts))


@contextmanager
def _attempt(given: Mapping[str, str], spoilt: str) -> Iterator[pq.abc.PGconn]:
    """Yield a connection that has not been started."""
    attempt = pq.PGconn.connect_start(make_conninfo(**{**given, spoilt: _BAD}).encode())
    try:
        said = attempt.error_message.decode().strip()
        if _BAD not in said:
            raise UnsupportedSetting(
                f"The settings of Pulp's database are not valid: {said[:300]}."
            )
        yield attempt
    finally:
        attempt.finish()


def _values(attempt: pq.abc.PGconn) -> dict[str, str]:
    return {option.keyword.decode(): option.val.decode() for option in attempt.info if option.val}
