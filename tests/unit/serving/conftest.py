"""The whole fast path on a fake database, in an application of its own."""

import asyncio
import base64
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient

from pulp_contentroutes.serving.access.admission import Admission
from pulp_contentroutes.serving.access.authorizer import Authorizer
from pulp_contentroutes.serving.access.client_address import ClientAddresses
from pulp_contentroutes.serving.access.guards import GuardNeeds
from pulp_contentroutes.serving.access.signed_urls import SignedUrls
from pulp_contentroutes.serving.access.throttle import FailedLogins
from pulp_contentroutes.serving.access.tokens import Tokens
from pulp_contentroutes.serving.answers import Answers
from pulp_contentroutes.serving.coherence.memory import Memory
from pulp_contentroutes.serving.database.schema import DEB_DISTRIBUTED
from pulp_contentroutes.serving.http.responder import Responder
from pulp_contentroutes.serving.model import Fields
from pulp_contentroutes.serving.pipeline import Pipeline
from pulp_contentroutes.serving.request_state import record_listing, recorded_listings, routed_of
from pulp_contentroutes.serving.resolve.checkpoints import Checkpoints
from pulp_contentroutes.serving.resolve.path_lookup import PathLookup
from pulp_contentroutes.serving.resolve.resolver import Resolver
from pulp_contentroutes.serving.resolve.route_table import RouteTable
from pulp_contentroutes.serving.resolve.snapshots import DistributionTypes, Snapshots
from pulp_contentroutes.serving.router import Router
from pulp_contentroutes.serving.routing.routes import OtherUrls, PluginRoute, Route, Routes
from pulp_contentroutes.serving.sources.files import Files
from pulp_contentroutes.serving.types import container
from pulp_contentroutes.serving.types.rule import ServedType
from tests.fakes import FakeDatabase, FakeGuards, FakeHooks, FakeStorages
from tests.unit.serving.authentication import Authentication

Client = TestClient[web.Request, web.Application]
MakeClient = Callable[[web.Application], Awaitable[Client]]

DATA = os.urandom(3000)
HANDED_OVER = 418
#: The same below a mount.
HANDED_OVER_AT_MOUNT = 419
#: Mounts of content routes, and the paths that they serve.
MOUNTS = {"/debian/": "base", "/deep/o+ne/": "base/dir"}
OURS = "/ours/"
PULPS = "/pulps/"
MAX_PATH_BYTES = 200
STALE_SECONDS = 60.0
FAILED_LOGINS = 3
KEY = b"of signed URLs"
#: pulpcore's, since 3.122.
CACHE_CONTROL = "public, max-age=0, must-revalidate"
#: The route of pulp_container.
BLOBS = "/pulp/container/{path:.+}/blobs/sha256:{digest:.+}"
TYPES = DistributionTypes(
    publishing=frozenset({"file.file"}),
    plain=frozenset({"container.container", "core.plain", "file.file"}),
    ruled={
        "core.ruled": ServedType(lambda path: path == "made", frozenset({"fresh.xml"})),
        "core.labelled": ServedType(lambda path: False, labels=frozenset({"special"})),
        "core.published": ServedType(
            lambda path: False, frozenset({"fresh.xml"}), publications=DEB_DISTRIBUTED
        ),
    },
    asked=frozenset({"core.asked", "core.labelled", "core.published"}),
    retain_superseded=True,
)


def pulp_fields(path: str) -> Fields:
    content_type = (("Content-Type", "text/plain"),) if path.endswith(".txt") else ()
    return (*content_type, ("Cache-Control", CACHE_CONTROL))


@dataclass
class FastPath:
    """All parts of the fast path, for tests that look inside."""

    database: FakeDatabase
    root: Path
    files: Files
    snapshots: Snapshots
    resolver: Resolver
    answers: Answers
    pipeline: Pipeline
    table: RouteTable
    marked: list[None]
    counted: list[tuple[str, int]]
    guards: FakeGuards
    hooks: FakeHooks
    tokens: Tokens
    authorizer: Authorizer
    admission: Admission
    authentication: Authentication
    #: The memories that the listener notifies.
    memories: tuple[Memory, ...]

    def invalidate(self, keys: Iterable[str]) -> None:
        changed = tuple(keys)
        for memory in self.memories:
            memory.invalidate(changed)

    def reset(self) -> None:
        for memory in self.memories:
            memory.reset()

    def resume(self) -> None:
        for memory in self.memories:
            memory.resume()

    def suspend(self) -> None:
        for memory in self.memories:
            memory.suspend()

    async def until_certain(self) -> None:
        """Wait until the table of content routes was read."""
        while not self.table.is_certain:  # noqa: ASYNC110  not worth an event in a test
            await asyncio.sleep(0)


async def answer_at_mount(request: web.Request) -> web.Response:
    """Stand in for Pulp's handler of a mount: the body is the path that it would serve.

    A directory in one of several distributions is recorded, as by Pulp's handler. Paths with
    `missing` and `refused` in them raise what it would.
    """
    for name, error in (("missing", web.HTTPNotFound), ("refused", web.HTTPForbidden)):
        if name in request.match_info["path"]:
            raise error
    routed = routed_of(request)
    if routed and len(routed.mounts) > 1 and request.path.endswith("/"):
        record_listing(request, request.match_info["path"])
    return web.Response(status=HANDED_OVER_AT_MOUNT, text=request.match_info["path"])


def merge_listings(request: web.Request) -> web.Response:
    """Return the names of the directories that were listed."""
    return web.Response(status=HANDED_OVER_AT_MOUNT, text=" ".join(recorded_listings(request)))


@pytest.fixture
def is_hidden() -> bool:
    """Return whether refusals are hidden; tests override it with a parameter of this name."""
    return False


@pytest.fixture
def has_debug_header() -> bool:
    """Return whether answers have the debug header; tests override it in the same way."""
    return False


def make_admission(authorizer: Authorizer, *, is_hidden: bool) -> Admission:
    addresses = ClientAddresses(["127.0.0.0/8"])
    failed = FailedLogins(FAILED_LOGINS, clock=lambda: 0.0)
    return Admission(authorizer, addresses, failed, SignedUrls(KEY), is_hidden=is_hidden)


@pytest.fixture
async def fast_path(
    tmp_path: Path, is_hidden: bool, has_debug_header: bool
) -> AsyncIterator[FastPath]:
    """Yield the fast path, listening and on, with a distribution `base`."""
    database, files = FakeDatabase(), Files(10)
    database.add_distribution("base")
    lookups = PathLookup(database, files.stored_file, pulp_fields, 1000, 1_000_000)
    snapshots = Snapshots(database, FakeStorages(tmp_path), TYPES, 100, STALE_SECONDS)
    checkpoints = Checkpoints(database)
    hooks = FakeHooks()
    resolver = Resolver(snapshots, lookups, checkpoints, hooks)
    marked: list[None] = []
    counted: list[tuple[str, int]] = []
    responder = Responder(10, lambda domain, number: counted.append((domain, number)))
    guards, tokens = FakeGuards(), Tokens(database)
    authorizer = Authorizer(guards, tokens)
    admission = make_admission(authorizer, is_hidden=is_hidden)
    for mount, path in MOUNTS.items():
        database.add_route(mount, paths=[path])
    table = RouteTable(database, 1000, STALE_SECONDS)
    prefixes = [Route(OURS, False, True), Route(PULPS, False, False)]
    routes = Routes(prefixes, MAX_PATH_BYTES, [PluginRoute(container.ROUTE, False)])
    answers = Answers(
        routes,
        Router(table, MAX_PATH_BYTES, has_domains=False),
        resolver,
        admission,
        responder,
        lambda: marked.append(None),
    )
    pipeline = Pipeline(
        routes,
        answers,
        admission,
        answer_at_mount,
        merge_listings,
        lambda: marked.append(None),
        cache_control=CACHE_CONTROL,
        has_debug_header=has_debug_header,
    )
    answers.is_on = True
    memories = (table, snapshots, lookups, checkpoints, files, authorizer.known_guards, tokens)
    made = FastPath(
        database, tmp_path, files, snapshots, resolver, answers, pipeline, table, marked, counted,
        guards, hooks, tokens, authorizer, admission, Authentication(), memories,
    )  # fmt: skip
    made.resume()
    reading = asyncio.create_task(table.run())
    await made.until_certain()
    yield made
    reading.cancel()
    files.close()


@pytest.fixture
async def client(fast_path: FastPath, aiohttp_client: MakeClient) -> Client:
    """Return a client of the fast path; requests that are handed over are answered HANDED_OVER."""

    async def handed_over(request: web.Request) -> web.Response:
        if "X-Refused-By-Pulp" in request.headers:
            raise web.HTTPForbidden(reason="What the guard says.")
        return web.Response(status=HANDED_OVER)

    pipeline = fast_path.pipeline
    authenticate = fast_path.authentication.middleware
    app = web.Application(middlewares=[pipeline.outermost, authenticate, pipeline.innermost])
    app.add_routes([web.get(prefix + "{path:.+}", handed_over) for prefix in (OURS, PULPS)])
    app.on_response_prepare.append(pipeline.correct_headers)
    app.router.register_resource(OtherUrls(fast_path.table.may_match))
    # A route of another plugin, below Pulp's prefix.
    app.add_routes([web.get(PULPS + "base/other/{name}", handed_over)])
    # That of a plugin, whose handler a rule knows.
    app.add_routes([web.get(BLOBS, handed_over)])
    # Another one below a mount; aiohttp has no route for the rest of it.
    app.add_routes([web.get("/debian/other/{name}", handed_over)])
    app.add_routes(
        [web.route("*", r"/{path:(?!debian|deep|moved|old|repos|all/|r/).*}", handed_over)]
    )
    return await aiohttp_client(app)


async def get(client: Client, path: str, method: str = "GET", **headers: str) -> ClientResponse:
    """Request a path below our prefix, and read the answer; `_` in header names becomes `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response = await client.request(method, OURS + path, headers=named)
    await response.read()
    return response


async def answer_to(client: Client, raw_path: str) -> tuple[int, str]:
    """Request a path as it is: aiohttp's client would remove its dot segments."""
    assert client.port is not None
    reader, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(f"GET {raw_path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    return int(head.split()[1]), body.decode()


def guarded(fast_path: FastPath, needs: GuardNeeds) -> UUID:
    """Put `base` behind a new guard, with the files `x` and `dir/y` in it."""
    guard_id = fast_path.guards.add(needs)
    fast_path.database.add_distribution("base", content_guard_id=guard_id)
    for path in ("x", "dir/y"):
        fast_path.database.add_file(path, DATA, fast_path.root)
    return guard_id


def basic(password: str) -> str:
    return f"Basic {base64.b64encode(f'somebody:{password}'.encode()).decode()}"
