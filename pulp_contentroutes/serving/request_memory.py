"""Requests as they were sent → their files: route and resolve in one look-up."""

from typing import Final, NamedTuple
from uuid import UUID

from aiohttp import hdrs, web

from pulp_contentroutes.serving.coherence.bounded_cache import BoundedCache
from pulp_contentroutes.serving.model import Representation, Snapshot
from pulp_contentroutes.serving.resolve.route_table import RouteTable
from pulp_contentroutes.serving.resolve.snapshots import Snapshots
from pulp_contentroutes.serving.routing.mount_patterns import host_of
from pulp_contentroutes.serving.routing.routes import Routes

_ENTRIES: Final = 20_000
_BYTES: Final = 8 * 1024 * 1024
#: The bytes that Python needs for an entry beside the text of its URL.
_OVERHEAD: Final = 400

#: The path as it was sent; for URLs of content routes with the host, if that can decide.
Key = str | tuple[str, str]


class Remembered(NamedTuple):
    snapshot: Snapshot
    found: Representation
    domain: str
    #: The guards that must admit each client.
    guards: tuple[UUID, ...] = ()
    #: The distributions that a content route tries before this one, and that lack the file.
    before: tuple[Snapshot, ...] = ()
    #: The generation of the table of content routes; None if none has led here.
    generation: int | None = None


class RequestMemory:
    """The files of earlier requests, found by everything that routes look at."""

    def __init__(self, routes: Routes, table: RouteTable, snapshots: Snapshots) -> None:
        self._routes = routes
        self._table = table
        self._snapshots = snapshots
        self._entries: BoundedCache[Key, Remembered] = BoundedCache(
            _ENTRIES, _BYTES, lambda key, _: _OVERHEAD + _length_of(key)
        )

    def find(self, request: web.Request) -> Remembered | None:
        """Return the file of such a request, and what led to it, if all of it is still true."""
        path = self._path(request)
        entry = self._entries.get(path)
        is_routed = self._table.has_hosts if entry is None else entry.generation is not None
        if is_routed:
            entry = self._find_routed(request, path, entry)
        if entry is None or not self._snapshots.is_trusted:
            return None
        found = entry.found
        is_current = entry.snapshot.is_current and found.is_current and found.source.is_current
        return entry if is_current else None

    def remember(self, request: web.Request, entry: Remembered) -> None:
        # A file of a superseded publication expires, and hooks are asked for each request.
        if entry.found.expires is not None or entry.snapshot.is_asked:
            return
        if any(snapshot.is_asked for snapshot in entry.before):
            return
        if entry.generation is not None and entry.generation != self._table.generation:
            # A route was changed while the file was looked up.
            return
        path = self._path(request)
        by_host = entry.generation is not None and self._table.has_hosts
        self._entries.put((_host_of(request), path) if by_host else path, entry)

    def _path(self, request: web.Request) -> str:
        # Only guards look at a query, and it is another one in each signed URL.
        path = self._routes.key(request)
        return path.partition("?")[0] if "?" in path else path

    def _find_routed(
        self, request: web.Request, path: str, entry: Remembered | None
    ) -> Remembered | None:
        """Return the entry of a content route if the table is still the same."""
        table = self._table
        if table.has_hosts:
            entry = self._entries.get((_host_of(request), path))
        if entry is None or entry.generation != table.generation or not table.is_certain:
            return None
        for snapshot in entry.before:
            if not snapshot.is_current:
                return None
        return entry


def _length_of(key: Key) -> int:
    return len(key) if isinstance(key, str) else len(key[0]) + len(key[1])


def _host_of(request: web.Request) -> str:
    # `request.host` of some aiohttp asks the resolver where the header is missing.
    return host_of(request.headers.get(hdrs.HOST, ""))
