"""Requests as they were sent → their files: route and resolve in one look-up."""

from typing import Final, NamedTuple

from aiohttp import web

from pulp_contentroutes.serving.coherence.bounded_cache import BoundedCache
from pulp_contentroutes.serving.model import Representation, Snapshot
from pulp_contentroutes.serving.resolve.snapshots import Snapshots
from pulp_contentroutes.serving.routing.routes import RouteKey, Routes

_ENTRIES: Final = 20_000
_BYTES: Final = 8 * 1024 * 1024
#: The bytes that Python needs for an entry beside the text of its URL.
_OVERHEAD: Final = 300


class Remembered(NamedTuple):
    snapshot: Snapshot
    found: Representation
    domain: str


class RequestMemory:
    """The files of earlier requests, found by everything that routes look at."""

    def __init__(self, routes: Routes, snapshots: Snapshots) -> None:
        self._routes = routes
        self._snapshots = snapshots
        self._entries: BoundedCache[RouteKey, Remembered] = BoundedCache(
            _ENTRIES, _BYTES, lambda key, _: _OVERHEAD + len(key)
        )

    def find(self, request: web.Request) -> Remembered | None:
        """Return the snapshot, the file and the domain of such a request if they are still true."""
        entry = self._entries.get(self._key(request))
        if entry is None or not self._snapshots.is_trusted:
            return None
        found = entry.found
        is_current = entry.snapshot.is_current and found.is_current and found.source.is_current
        return entry if is_current else None

    def remember(self, request: web.Request, entry: Remembered) -> None:
        # A file of a superseded publication expires, and hooks are asked for each request.
        if entry.found.expires is None and not entry.snapshot.is_asked:
            self._entries.put(self._key(request), entry)

    def _key(self, request: web.Request) -> RouteKey:
        # Only guards look at a query, and it is another one in each signed URL.
        key = self._routes.key(request)
        return key.partition("?")[0] if "?" in key else key
