"""The settings of a database as libpq understands them: with its environment, service file and
password file, and without a word to the network.

libpq checks all settings before it connects, the ones that we spoil among the last. By then it has
read the others.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from psycopg import pq
from psycopg.conninfo import make_conninfo

from pulp_contentroutes.serving.errors import UnsupportedSetting

#: Read from a second, spoilt, attempt.
_SPOILT, _SPOILT_INSTEAD = "gssencmode", "channel_binding"
_BAD: Final = "spoilt"


@dataclass(frozen=True, slots=True)
class Host:
    """A server of the list that `host`, `hostaddr` and `port` make."""

    #: A name, an address, or the folder of a socket.
    name: str
    #: The address to connect to in place of the name's, empty if none was given.
    address: str
    port: int
    #: From a password file, or as given; empty if there is none.
    password: str


@dataclass(frozen=True, slots=True)
class Settings:
    """By libpq's names, all that have a value."""

    values: Mapping[str, str]
    hosts: tuple[Host, ...]


def read_settings(parameters: Mapping[str, Any]) -> Settings:
    """Return what libpq would connect to with `parameters`; or raise UnsupportedSetting."""
    known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()}
    given = {
        name: str(value)
        for name, value in parameters.items()
        if name in known and value is not None
    }
    with _attempted(given, _SPOILT) as attempt:
        values = _values(attempt)
    with _attempted(given, _SPOILT_INSTEAD) as attempt:
        values[_SPOILT] = _values(attempt).get(_SPOILT, "")
    names = values.get("host", "").split(",")
    addresses = values["hostaddr"].split(",") if values.get("hostaddr") else [""] * len(names)
    # One of the two lists may be missing, and one port is everyone's.
    names += [""] * (len(addresses) - len(names))
    ports = values.get("port", "").split(",")
    ports = ports * len(names) if len(ports) == 1 else ports
    hosts = []
    for name, address, port in zip(names, addresses, ports, strict=True):
        own = {**given, "host": name, "hostaddr": address, "port": port}
        with _attempted(own, _SPOILT) as attempt:
            host = name or ("" if address else attempt.host.decode())
            hosts.append(Host(host, address, int(attempt.port), attempt.password.decode()))
    return Settings(values, tuple(hosts))


@contextmanager
def _attempted(given: Mapping[str, str], spoilt: str) -> Iterator[pq.abc.PGconn]:
    """Yield a connection that has not been begun."""
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
