"""Everything that can be measured, started or made when a measurement first asks for it."""

import random
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from pulp_contentroutes.paths import CONTENT_PREFIX
from pulp_contentroutes.standalone.postgres import Cluster
from tests.benchmarks import pulp, references, units
from tests.benchmarks.mounts import Mounts
from tests.benchmarks.plugins import run_plugins
from tests.harness.pulp import Pulp

STOCK_PREFIX: Final = "/pulp/content/"
FILES: Final = {"4KiB.bin": 4096, "1MiB.bin": 1024**2, "100MiB.bin": 100 * 1024**2}

STOCK: Final = "stock"
STOCK_REDIS: Final = "stock + Redis"
OURS: Final = "ours"
OURS_UVLOOP: Final = "ours, uvloop"
OURS_NGINX: Final = "ours through nginx"
MEMORY: Final = "aiohttp, from memory"
MEMORY_UVLOOP: Final = "aiohttp, from memory, uvloop"
FILE: Final = "aiohttp FileResponse"
FILE_UVLOOP: Final = "aiohttp FileResponse, uvloop"
NGINX: Final = "nginx static"

#: Kinds of guards, and the values that they are made with.
HEADER_GUARD: Final = "core/header"
TOKEN_GUARD: Final = "contentroutes/token"
RBAC_GUARD: Final = "core/rbac"
GUARDS: Final[Mapping[str, Mapping[str, str]]] = {
    HEADER_GUARD: {"header_name": "X-Key", "header_value": "secret"},
    TOKEN_GUARD: {},
    RBAC_GUARD: {},
}

_NO_ACCELERATION: Final = {"CONTENTROUTES_ACCELERATE_CONTENT_PREFIX": "false"}


@dataclass(frozen=True, slots=True)
class Server:
    """A running server; `root` stands before the path of a distribution."""

    name: str
    root: str
    #: The process whose memory counts, or the one above it.
    pid: int
    #: Only Pulp has distributions; the other servers serve the same files by name.
    has_distributions: bool = True

    @property
    def origin(self) -> str:
        """Scheme, host and port, for URLs of content routes."""
        return self.root[: self.root.index("/", len("http://"))]

    def url(self, base_path: str, path: str = "") -> str:
        return self.root + (f"{base_path}/{path}" if self.has_distributions else path)


@dataclass(frozen=True, slots=True)
class Guarded:
    """A guarded distribution, and an API token of `admin`, whom its guard admits."""

    base_path: str
    token: str


@dataclass(frozen=True, slots=True)
class PluginFiles:
    """A file of each plugin, as a target, and the servers that have them: STOCK and OURS."""

    targets: Mapping[str, str]
    servers: Mapping[str, Server]


@dataclass
class Site:
    """Starts servers and makes content; `stack` ends all of it."""

    folder: Path
    stack: ExitStack
    say: Callable[[str], None]
    _servers: dict[str, Server] = field(default_factory=dict)
    _units: dict[int, units.Units] = field(default_factory=dict)
    _files: str = ""
    _publication: str = ""
    _guarded: dict[str, Guarded] = field(default_factory=dict)
    _mounts: Mounts | None = None

    def __post_init__(self) -> None:
        self.say("starting a Pulp")
        self._pulp = self.stack.enter_context(pulp.running(self.folder / "data"))
        self._content = Pulp(self._pulp)
        self._static = self.folder / "static"
        self._static.mkdir()

    def server(self, name: str) -> Server:
        if name not in self._servers:
            self.say(f"starting: {name}")
            # The reference servers read their files when they start.
            self.files()
            self._servers[name] = self._start(name)
        return self._servers[name]

    def files(self) -> str:
        """Return the base path of a distribution of FILES."""
        if not self._files:
            self.say("uploading " + ", ".join(FILES))
            # The same bytes in every run, which do not compress.
            source = random.Random(1)
            contents = {name: source.randbytes(size) for name, size in FILES.items()}
            for name, data in contents.items():
                (self._static / name).write_bytes(data)
            self._publication = self._content.publication(self._content.repository(contents))
            made = self._content.distribution(publication=self._publication)
            self._files = str(made["base_path"])
        return self._files

    def guarded(self, kind: str) -> Guarded:
        """Return a distribution of FILES behind a guard of one of GUARDS."""
        if kind not in self._guarded:
            self.files()
            rest, values = self._content.rest, {"publication": self._publication}
            guard = rest.guard(kind, **GUARDS[kind])
            made = self._content.distribution(**values, content_guard=guard)
            self._guarded[kind] = Guarded(str(made["base_path"]), rest.token()["token"])
        return self._guarded[kind]

    def mounts(self) -> Mounts:
        """Return the content routes; the one to FILES is made by the first call."""
        if self._mounts is None:
            database = Cluster(self._pulp.data).database
            self._mounts = Mounts(self._content, database, self.files(), self.say)
        return self._mounts

    def plugins(self) -> PluginFiles:
        self.say("making a Pulp with the plugins that people use (some minutes)")
        running = self.stack.enter_context(run_plugins(self.folder / "plugins"))
        instance, log = running.site.instance, self.folder / "plugins.log"
        app = pulp.content_app(instance, log, _NO_ACCELERATION)
        port, pid = self.stack.enter_context(app)
        ours = instance.content_port, pulp.content_pid(instance)
        # Their memory is not that of a Pulp without plugins.
        return PluginFiles(
            running.targets,
            {
                STOCK: Server("stock with plugins", _url(port, ""), pid, has_distributions=False),
                OURS: Server(
                    "ours with plugins", _url(ours[0], ""), ours[1], has_distributions=False
                ),
            },
        )

    def units(self, count: int) -> units.Units:
        """Return a repository version of `count` units."""
        if count not in self._units:
            self.say(f"making a repository version of {count:,} units")
            database = Cluster(self._pulp.data).database
            self._units[count] = units.make(self._content, database, count)
        return self._units[count]

    def _start(self, name: str) -> Server:
        if name in (OURS, OURS_NGINX):
            port = self._pulp.port if name == OURS_NGINX else self._pulp.content_port
            return Server(name, _url(port, CONTENT_PREFIX), pulp.content_pid(self._pulp))
        log = self.folder / f"{name}.log"
        if name in (STOCK, STOCK_REDIS, OURS_UVLOOP):
            prefix = CONTENT_PREFIX if name == OURS_UVLOOP else STOCK_PREFIX
            app = pulp.content_app(self._pulp, log, self._settings(name))
            port, pid = self.stack.enter_context(app)
            return Server(name, _url(port, prefix), pid)
        starters = {
            MEMORY: partial(references.aiohttp, "memory", "asyncio", self._static),
            MEMORY_UVLOOP: partial(references.aiohttp, "memory", "uvloop", self._static),
            FILE: partial(references.aiohttp, "file", "asyncio", self._static),
            FILE_UVLOOP: partial(references.aiohttp, "file", "uvloop", self._static),
            NGINX: partial(references.static_nginx, self._static, self.folder / "nginx"),
        }
        port, pid = self.stack.enter_context(starters[name](log))
        return Server(name, _url(port, "/"), pid, has_distributions=False)

    def _settings(self, name: str) -> dict[str, str]:
        if name == OURS_UVLOOP:
            return {"UVLOOP_ENABLED": "true"}
        if name == STOCK:
            return _NO_ACCELERATION
        redis = self.stack.enter_context(references.redis(self.folder, self.folder / "redis.log"))
        return {**_NO_ACCELERATION, "CACHE_ENABLED": "true", "REDIS_URL": redis}


def _url(port: int, prefix: str) -> str:
    return f"http://127.0.0.1:{port}{prefix}"
