"""One standalone Pulp: its data folder, its addresses, and the environment of its processes."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pulp_contentroutes.standalone import environment
from pulp_contentroutes.standalone.options import Options


@dataclass(frozen=True, slots=True)
class Address:
    """A TCP address; `str()` is its form in bind options and in the host part of a URL."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """Return the URL for a client on this machine, without a final slash."""
        address = ipaddress.ip_address(self.host)
        if address.is_unspecified:
            return f"http://{Address('127.0.0.1' if address.version == 4 else '::1', self.port)}"
        return f"http://{self}"


@dataclass(frozen=True, slots=True)
class Instance:
    folder: Path
    options: Options
    #: The nginx program in front, None without one.
    nginx: str | None
    #: Keyword arguments of a libpq connection; from --database-url, or the embedded PostgreSQL.
    database: Mapping[str, str]

    @property
    def front(self) -> Address | None:
        return Address(self.options.bind, self.options.port) if self.nginx else None

    @property
    def api(self) -> Address:
        if self.nginx:
            return Address("127.0.0.1", self.options.port + 1)
        return Address(self.options.bind, self.options.port)

    @property
    def content(self) -> Address:
        return Address(self.api.host, self.api.port + 1)

    @property
    def addresses(self) -> dict[str, Address]:
        """Return the addresses to listen on, by the name of the service."""
        named = {"nginx": self.front, "api": self.api, "content": self.content}
        return {name: address for name, address in named.items() if address}

    @property
    def is_bound_to_all(self) -> bool:
        return ipaddress.ip_address(self.options.bind).is_unspecified

    @property
    def api_url(self) -> str:
        """Return the URL of the API as clients know it."""
        return (self.front or self.api).url

    @property
    def content_url(self) -> str:
        """Return the URL of the content app as clients know it."""
        return (self.front or self.content).url

    def setting(self, name: str, default: str) -> str:
        """Return a setting given with --set, or Pulp's `default`."""
        return self.options.settings.get(name, default)

    @property
    def settings_file(self) -> Path:
        return self.folder / "settings.py"

    @property
    def run(self) -> Path:
        return self.folder / "run"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def variables(self) -> dict[str, str]:
        """Return the environment variables with which any Pulp command works on this instance."""
        return {
            "DJANGO_SETTINGS_MODULE": "pulpcore.app.settings",
            "PULP_SETTINGS": str(self.settings_file),
            **{f"PULP_{name}": value for name, value in self.options.settings.items()},
        }

    @property
    def environment(self) -> dict[str, str]:
        """Return the whole environment of a Pulp process."""
        return environment.for_pulp(self.variables)
