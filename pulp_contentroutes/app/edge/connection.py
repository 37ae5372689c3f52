"""Django's database settings as arguments for asyncpg, which connects to the same database.

docs/fast-path.md lists how each setting of libpq is treated.
"""

import random
import ssl
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from django.conf import settings
from django.db import connections

from pulp_contentroutes.app.edge.libpq import Host, Settings, read_settings
from pulp_contentroutes.serving.database.pool import Database
from pulp_contentroutes.serving.errors import UnsupportedSetting

#: The user model whose tables our SQL knows.
_USERS = "auth.User"
#: libpq's name → asyncpg's.
_ARGUMENTS: Final = {
    "dbname": "database",
    "user": "user",
    "target_session_attrs": "target_session_attrs",
    "krbsrvname": "krbsrvname",
    "gsslib": "gsslib",
}
#: Settings that asyncpg accepts only in a URL.
_IN_URL: Final = (
    "sslmode",
    "sslcert",
    "sslkey",
    "sslrootcert",
    "sslcrl",
    "sslpassword",
    "ssl_min_protocol_version",
    "ssl_max_protocol_version",
)
#: Settings that asyncpg cannot obey: the values that ask for nothing, and why no other is possible.
#: No connection is made that would be less safe than the administrator wants.
_UNSUPPORTED: Final[Mapping[str, tuple[frozenset[str], str]]] = {
    "channel_binding": (frozenset({"disable", "prefer"}), "it has no channel binding"),
    "gssencmode": (frozenset({"disable", "prefer"}), "it has no GSS encryption"),
    "min_protocol_version": (frozenset({"3.0"}), "it speaks version 3.0 of the protocol"),
    "oauth_issuer": (frozenset(), "it does not log in with OAuth"),
    "require_auth": (frozenset(), "it cannot refuse a method of authentication"),
    "scram_client_key": (frozenset(), "it needs the password"),
}
#: The same, for sockets only and for TLS only.
_UNSUPPORTED_ON_SOCKETS: Final = {
    "requirepeer": (frozenset[str](), "it does not look at who runs the server"),
}
_UNSUPPORTED_WITH_TLS: Final = {
    "sslcertmode": (frozenset({"allow"}), "it always sends the certificate that it finds"),
    "sslcrldir": (frozenset[str](), "it reads revoked certificates from a file (sslcrl)"),
    "sslsni": (frozenset({"1"}), "it always names the host to the server"),
}
_SYSTEM: Final = "system"
_ALPN: Final = "postgresql"


def database() -> Database:
    """Return Pulp's database, as the fast path connects to it; or raise UnsupportedSetting."""
    configured = settings.DATABASES["default"]
    return Database(
        asyncpg_arguments(
            read_settings(connections["default"].get_connection_params()),
            configured.get("OPTIONS", {}).get("assume_role"),
        ),
        is_pooled=configured.get("DISABLE_SERVER_SIDE_CURSORS", False),
        connections=settings.CONTENTROUTES_DATABASE_CONNECTIONS,
        seconds=settings.CONTENTROUTES_DATABASE_TIMEOUT,
        has_users=settings.AUTH_USER_MODEL == _USERS,
    )


def asyncpg_arguments(given: Settings, assume_role: str | None = None) -> dict[str, Any]:
    """Return the arguments of `serving.database.hosts` for what libpq is `given`.

    Timeouts and limits are ours. Raise UnsupportedSetting for settings that asyncpg cannot obey.
    """
    values = given.values
    _refuse(values, _UNSUPPORTED)
    arguments: dict[str, Any] = {
        ours: values[theirs] for theirs, ours in _ARGUMENTS.items() if theirs in values
    }
    arguments |= _address(given)
    arguments |= _encryption(given)
    server_settings = {}
    if "options" in values:
        # "-c search_path=…" as libpq sends it, at the start of the session.
        server_settings["options"] = values["options"]
    if assume_role:
        server_settings["role"] = assume_role
    if server_settings:
        arguments["server_settings"] = server_settings
    return arguments


def _address(given: Settings) -> dict[str, Any]:
    hosts = list(given.hosts)
    if given.values.get("load_balance_hosts") == "random":
        random.shuffle(hosts)
    for host in hosts:
        if host.name.startswith("@"):
            raise _make_refusal("host", host.name, "it knows no abstract sockets")
    if any(_is_socket(host) for host in hosts):
        _refuse(given.values, _UNSUPPORTED_ON_SOCKETS)
    address = {
        "host": [host.address or host.name for host in hosts],
        "port": [host.port for host in hosts],
    }
    is_named = any(not host.address and not host.name.startswith("/") for host in hosts)
    if is_named and "password" not in given.values:
        # The password file is read for each connection, by host name: passwords change.
        return {**address, "passfile": given.values.get("passfile")}
    passwords = {host.password for host in hosts}
    if len(passwords) > 1:
        reason = "it has one password for all hosts with 'hostaddr', or sockets"
        raise _make_refusal("passfile", given.values.get("passfile", ""), reason)
    # None would make asyncpg look for a password file by itself.
    return {**address, "password": passwords.pop()}


def _is_socket(host: Host) -> bool:
    return not host.address and host.name.startswith("/")


def _encryption(given: Settings) -> dict[str, Any]:
    values = given.values
    mode = values.get("sslmode", "prefer")
    if mode == "disable" or all(_is_socket(host) for host in given.hosts):
        # Connections through sockets are not encrypted.
        return {"ssl": False}
    _refuse(values, _UNSUPPORTED_WITH_TLS)
    if mode == "verify-full" and any(host.address != "" for host in given.hosts):
        reason = "it would look for the address in the certificate, in place of the name"
        raise _make_refusal("hostaddr", values["hostaddr"], reason)
    encryption: dict[str, Any] = {}
    if values.get("sslnegotiation") == "direct":
        encryption["direct_tls"] = True
    if values.get("sslrootcert") == _SYSTEM:
        return {**encryption, "ssl": _system_context(values)}
    in_url = {name: values[name] for name in _IN_URL if name in values}
    return {**encryption, "dsn": f"postgresql:///?{urlencode(in_url)}"}


def _system_context(values: Mapping[str, str]) -> ssl.SSLContext:
    """Return a context that trusts this machine's certificates, as libpq does: `verify-full`."""
    context = ssl.create_default_context()
    context.set_alpn_protocols([_ALPN])
    for name, attribute in (
        ("ssl_min_protocol_version", "minimum_version"),
        ("ssl_max_protocol_version", "maximum_version"),
    ):
        if name in values:
            setattr(context, attribute, ssl.TLSVersion[values[name].replace(".", "_")])
    try:
        if "sslcert" in values:
            context.load_cert_chain(
                values["sslcert"], values.get("sslkey"), values.get("sslpassword", "")
            )
        if "sslcrl" in values:
            context.load_verify_locations(values["sslcrl"])
            context.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN
    except OSError as error:
        raise UnsupportedSetting(
            f"A certificate of Pulp's database cannot be read: {error}."
        ) from error
    return context


def _refuse(
    values: Mapping[str, str], unsupported: Mapping[str, tuple[frozenset[str], str]]
) -> None:
    for name, (harmless, reason) in unsupported.items():
        if values.get(name) and values[name] not in harmless:
            raise _make_refusal(name, values[name], reason)


def _make_refusal(name: str, value: str, reason: str) -> UnsupportedSetting:
    return UnsupportedSetting(
        f"asyncpg cannot obey {name}={value[:100]!r} of Pulp's database: {reason}."
    )
