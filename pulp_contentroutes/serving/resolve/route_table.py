"""URL → content route: every route in memory, kept true by the database's notifications.

While the table in memory is not certain (it is being read, changes are not heard of, or one has
just been), each request that could be for a route asks the database, by one statement.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final
from uuid import UUID

from pulp_contentroutes.serving.coherence.memory import Memory
from pulp_contentroutes.serving.database import route_sql
from pulp_contentroutes.serving.database.rows import Queries, Row, ids_among
from pulp_contentroutes.serving.errors import DatabaseUnavailable
from pulp_contentroutes.serving.model import ROUTES
from pulp_contentroutes.serving.resolve.route_rows import route_of
from pulp_contentroutes.serving.routing.content_routes import ContentRoute
from pulp_contentroutes.serving.routing.mount_patterns import patterns_of, stems_of
from pulp_contentroutes.serving.routing.route_tree import Match, RouteTree

log = logging.getLogger(__name__)

#: The routes that are read, and put into the tree, without a pause for requests.
_PAGE: Final = 200
_RETRY_SECONDS: Final = 1.0
_FIRST: Final = UUID(int=0)


class RouteTable(Memory):
    """The routes of all domains; `run` reads them, and must run as long as requests are served."""

    def __init__(self, database: Queries, max_routes: int, stale_if_error: float) -> None:
        self._database = database
        self._max_routes = max_routes
        self._stale_if_error = stale_if_error
        self._tree = RouteTree()
        self._routes: dict[UUID, ContentRoute] = {}
        #: The routes that are made of a row, by its id.
        self._by_key: defaultdict[str, set[UUID]] = defaultdict(set)
        #: The routes to be read again.
        self._changed: set[UUID] = set()
        #: The keys that were announced since the read that runs began: its rows may be older.
        self._heard: set[str] | None = None
        #: The number of times that everything had to be read, and that at which it was too much.
        self._resets = 0
        self._too_many_at: int | None = None
        #: Whether the tree has every route that was not changed since.
        self._is_complete = False
        self._is_trusted = False
        #: The time, on the loop's clock, when the tree was last certain.
        self._last_true = 0.0
        self._wake = asyncio.Event()
        #: The number of changes so far: a match is still true while it is the same.
        self.generation = 0

    @property
    def is_certain(self) -> bool:
        """Tell whether every route in memory is as it is in the database."""
        return self._is_trusted and self._is_settled

    @property
    def _is_settled(self) -> bool:
        """Tell whether all changes that were heard of have been read."""
        return self._is_complete and not self._changed and self._heard is None

    # Called by the listener.

    def invalidate(self, keys: Iterable[str]) -> None:
        if self._has_too_many:
            return
        changed = set(keys)
        if self._heard is not None:
            self._heard |= changed
        ids = set(ids_among(changed))
        found = ids if ROUTES in changed else ids & self._routes.keys()
        for key in changed & self._by_key.keys():
            found.update(self._by_key[key])
        if found:
            self.generation += 1
            self._changed |= found
            self._wake.set()

    @property
    def _has_too_many(self) -> bool:
        """Tell whether there were more routes than are kept when everything was read."""
        return self._too_many_at == self._resets

    def reset(self) -> None:
        self.generation += 1
        self._resets += 1
        self._is_complete = False
        self._wake.set()

    def resume(self) -> None:
        self._is_trusted = True
        self.reset()

    def suspend(self) -> None:
        if self.is_certain:
            self._last_true = asyncio.get_running_loop().time()
        self.generation += 1
        self._is_trusted = False

    # Called for requests.

    @property
    def has_hosts(self) -> bool:
        """Tell whether the host of a request can decide on its route."""
        return self._tree.has_hosts

    def may_match(self, path: str) -> bool:
        """Tell cheaply whether a path, decoded, may be that of a route in memory."""
        return self._tree.may_match(path)

    async def find(self, host: str, segments: Sequence[str]) -> Match | None:
        """Return the match of a URL, None if it belongs to no route; or raise DatabaseUnavailable.

        `host` is that of `host_of`, `segments` those of the path, decoded.
        """
        if self.is_certain:
            return self._tree.find(host, segments)
        try:
            return await self._ask(host, segments)
        except DatabaseUnavailable:
            age = asyncio.get_running_loop().time() - self._last_true
            if self._is_trusted or not self._is_settled or age > self._stale_if_error:
                raise
            return self._tree.find(host, segments)

    async def _ask(self, host: str, segments: Sequence[str]) -> Match | None:
        rows = await self._database.fetch(
            route_sql.ROUTES_OF_URL, patterns_of(host), stems_of(segments)
        )
        tree = RouteTree()
        for row in rows:
            route = route_of(row)
            if route is not None:
                tree.add(route)
        return tree.find(host, segments)

    # The background task.

    async def run(self) -> None:
        """Read the routes, and those that change, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            if not self._is_trusted:
                continue
            try:
                if not self._is_complete and not self._has_too_many:
                    await self._read_all()
                while self._changed and self._is_trusted and self._is_complete:
                    await self._read_changed()
            except DatabaseUnavailable as error:
                log.warning("The content routes were not read: %s", error)
                await asyncio.sleep(_RETRY_SECONDS)
                self._wake.set()
            except Exception:
                # This task is started anew, and must not wait for the next change then.
                self._wake.set()
                raise
            finally:
                self._heard = None

    async def _read_all(self) -> None:
        resets, last = self._resets, _FIRST
        self._forget()
        self._heard = set()
        # Changes from now on are read again afterwards.
        self._changed.clear()
        while True:
            rows = await self._database.fetch(route_sql.ROUTES_AFTER, last, _PAGE)
            for row in rows:
                self._put(row)
            if len(self._routes) > self._max_routes:
                log.warning(
                    "There are more than %d content routes (CONTENTROUTES_CACHED_ROUTES): each "
                    "request for one asks the database.",
                    self._max_routes,
                )
                self._forget()
                self._changed.clear()
                self._too_many_at = resets
                return
            if len(rows) < _PAGE:
                break
            last = rows[-1]["pulp_id"]
            await asyncio.sleep(0)
        self._is_complete = resets == self._resets
        self._heard = None
        self.generation += 1

    async def _read_changed(self) -> None:
        resets, self._heard = self._resets, set()
        reading = set(islice(self._changed, _PAGE))
        self._changed -= reading
        try:
            rows = await self._database.fetch(route_sql.ROUTES_BY_ID, list(reading))
        except BaseException:
            self._changed |= reading
            raise
        if resets == self._resets:
            # The others have changed once more meanwhile.
            read = reading - self._changed
            for route_id in read:
                self._remove(route_id)
            for row in rows:
                if row["pulp_id"] in read:
                    self._put(row)
        self._heard = None
        self.generation += 1

    def _forget(self) -> None:
        self._tree = RouteTree()
        self._routes.clear()
        self._by_key.clear()

    def _put(self, row: Row) -> None:
        route = route_of(row)
        if route is None:
            return
        if self._heard and not self._heard.isdisjoint(route.keys):
            self._changed.add(route.id)
        self._routes[route.id] = route
        self._tree.add(route)
        for key in route.keys:
            self._by_key[key].add(route.id)

    def _remove(self, route_id: UUID) -> None:
        route = self._routes.pop(route_id, None)
        if route is None:
            return
        self._tree.remove(route)
        for key in route.keys:
            self._by_key[key].discard(route_id)
            if not self._by_key[key]:
                del self._by_key[key]
