"""The servers that a database may be on: they are tried one after the other, as libpq does.

asyncpg accepts a list, too, but has one time limit for all of it: a first host that is silently
gone would use up the whole limit.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import asyncpg

#: libpq's `prefer-standby`: any host, if none is a standby (libpq-connect, target_session_attrs).
_PREFER_STANDBY: Final = "prefer-standby"
_ROUNDS: Final = {_PREFER_STANDBY: ("standby", "any")}
#: The exceptions of asyncpg for a server that does not behave as it should.
FAILURES: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)


class Hosts:
    """The hosts in asyncpg's `arguments`, whose `host` and `port` may be lists of equal length.

    Each host gets an equal share of `seconds`. The last one that worked is tried first.
    """

    def __init__(self, arguments: Mapping[str, Any], seconds: float) -> None:
        given = dict(arguments)
        self._settings: dict[str, str] = given.pop("server_settings", {})
        host, port = given.pop("host", None), given.pop("port", None)
        hosts = host if isinstance(host, list) else [host]
        ports = port if isinstance(port, list) else [port] * len(hosts)
        self._addresses = list(zip(hosts, ports, strict=True))
        attributes = given.pop("target_session_attrs", None)
        self._rounds: tuple[str | None, ...] = _ROUNDS.get(attributes, (attributes,))
        self._arguments = given
        self._seconds = seconds / (len(self._addresses) * len(self._rounds))

    async def connect(self, session: Mapping[str, Any]) -> Any:
        """Return a connection; `session` has further arguments. Raise whatever asyncpg raises."""
        settings = {**session.get("server_settings", {}), **self._settings}
        arguments = {**self._arguments, **session, "server_settings": settings}
        attempts = ((each, address) for each in self._rounds for address in list(self._addresses))
        failures = []
        for attributes, address in attempts:
            host, port = address
            try:
                # We set the limit: asyncpg's own does not include the look-up of a host name.
                async with asyncio.timeout(self._seconds):
                    connection = await asyncpg.connect(
                        host=host,
                        port=port,
                        target_session_attrs=attributes,
                        timeout=self._seconds,
                        **arguments,
                    )
            except asyncpg.ProtocolViolationError:
                raise
            except FAILURES as error:
                failures.append((address, error))
            else:
                self._addresses.remove(address)
                self._addresses.insert(0, address)
                return connection
        if len(failures) == 1:
            raise failures[0][1]
        reasons = (f"{host} port {port}: {error or 'silent'}" for (host, port), error in failures)
        raise ConnectionError("; ".join(reasons))
