"""The content of a soak, and the honest clients that read it."""

import base64
import hashlib
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.benchmarks.soak import publisher
from tests.harness.http1 import Route
from tests.harness.pulp import Pulp

SMALL, MIDDLE, LARGE = 4096, 2**20, 8 * 2**20
#: Kinds of honest clients.
PUBLISHED: Final = "a publish every second"
REPLACED: Final = "files replaced on disk"
#: How files are replaced; each way has files of its own.
WAYS: Final = ("copy", "rename", "truncate")
_RANGE: Final = (1_000_001, 3_000_000)


@dataclass(frozen=True, slots=True)
class Target:
    """One request of an honest client, and its right answer."""

    url: str
    #: None for a file of the publisher, whose bytes depend on the publication.
    body: bytes | None = field(repr=False)
    headers: tuple[tuple[str, str], ...] = ()
    status: int = 200


@dataclass(frozen=True, slots=True)
class Reader:
    """One honest client: asks for its targets in turn on one kept connection through nginx."""

    kind: str
    targets: tuple[Target, ...]
    per_second: float


@dataclass(frozen=True)
class Site:
    """Ports and paths; sent to the processes of the clients."""

    front: int
    content: int
    #: Base paths behind a guard that admits tokens, and behind one that asks Pulp for the user.
    by_token: str
    by_user: str
    #: Base path of unguarded files, and a path of MIDDLE bytes.
    stored: str
    idle: str
    idle_body: bytes = field(repr=False)
    #: Base path of the files that are replaced on disk, and the files by way.
    replaced: str
    artifacts: Mapping[str, tuple[Path, ...]]
    readers: tuple[Reader, ...] = field(repr=False)

    def ours(self, path: str) -> str:
        return Route.of("ours", self.front).url(path)

    def stock(self, path: str) -> str:
        return Route.of("stock", self.front).url(path)


def make_site(pulp: Pulp) -> Site:
    """Publish everything, and return the site; the publisher is ready in the console."""
    make = random.Random(12).randbytes
    files = {"small.bin": make(SMALL), "middle.bin": make(MIDDLE), "large.bin": make(LARGE)}
    stored = pulp.publish(files)
    header = pulp.rest.guard("core/header", header_name="X-Key", header_value="open")
    token = pulp.rest.guard("contentroutes/token")
    by_header = pulp.publish(files, content_guard=header)
    by_token = pulp.publish(files, content_guard=token)
    credentials = ("Authorization", f"Bearer {pulp.rest.token()['token']}")
    key = ("X-Key", base64.b64encode(b"open").decode())
    replaced = {f"{way}-{size}.bin": make(size) for way in WAYS for size in (SMALL, MIDDLE)}
    replaced_base = pulp.publish(replaced)
    pulp.instance.console.run(
        "from tests.benchmarks.soak.publisher import Publisher; publisher = Publisher()"
    )
    readers = (
        _reader("small files", stored, {"small.bin": files["small.bin"]}, 1, per_second=20),
        Reader("large files", tuple(_large(stored, files["large.bin"])), per_second=2),
        _reader("header guard", by_header, _without_large(files), 2, key, per_second=10),
        _reader("token guard", by_token, _without_large(files), 3, credentials, per_second=10),
        _reader(PUBLISHED, publisher.BASE_PATH, dict.fromkeys(publisher.SIZES), 4, per_second=10),
        _reader(REPLACED, replaced_base, replaced, 5, per_second=12),
    )
    return Site(
        front=pulp.instance.port,
        content=pulp.instance.content_port,
        by_token=by_token,
        by_user=pulp.publish(files, content_guard=pulp.rest.guard("core/rbac")),
        stored=stored,
        idle=Route.of("ours", pulp.instance.content_port).url(f"{stored}/middle.bin"),
        idle_body=files["middle.bin"],
        replaced=replaced_base,
        artifacts={
            way: tuple(_find(pulp, replaced[f"{way}-{size}.bin"]) for size in (SMALL, MIDDLE))
            for way in WAYS
        },
        readers=readers,
    )


def _reader(
    kind: str,
    base: str,
    files: Mapping[str, bytes | None],
    address: int,
    *headers: tuple[str, str],
    per_second: float,
) -> Reader:
    """Return a client of the files on both prefixes, with an address of its own."""
    sent = (("X-Forwarded-For", f"192.0.2.{address}"), *headers)
    targets = tuple(
        Target(Route.of(which, 0).url(f"{base}/{name}"), body, sent)
        for name, body in files.items()
        for which in ("ours", "stock")
    )
    return Reader(kind, targets, per_second)


def _large(base: str, body: bytes) -> list[Target]:
    """Return requests for the whole file and for a part of it, on both prefixes."""
    first, last = _RANGE
    part = body[first : last + 1]
    urls = [Route.of(which, 0).url(f"{base}/large.bin") for which in ("ours", "stock")]
    span = (("Range", f"bytes={first}-{last}"),)
    return [each for url in urls for each in (Target(url, body), Target(url, part, span, 206))]


def _without_large(files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {name: body for name, body in files.items() if len(body) < LARGE}


def _find(pulp: Pulp, body: bytes) -> Path:
    """Return the artifact's file of these bytes."""
    digest = hashlib.sha256(body).hexdigest()
    name: Any = pulp.instance.console.run(
        "from pulpcore.plugin.models import Artifact\n"
        f"print(Artifact.objects.get(sha256={digest!r}).file.name)"
    )
    return pulp.instance.data / "media" / str(name)
