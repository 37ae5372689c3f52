"""Fakes of PostgreSQL and Pulp for unit tests; tests/contracts hold for them, too."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

from aiohttp import web

from pulp_contentroutes.serving.access.credentials import Accepted, digest_of, new_token
from pulp_contentroutes.serving.access.guards import Guard, GuardNeeds
from pulp_contentroutes.serving.database import access_sql, route_sql, schema, sql
from pulp_contentroutes.serving.database.rows import Row
from pulp_contentroutes.serving.errors import DatabaseUnavailable
from pulp_contentroutes.serving.handover import Handover
from pulp_contentroutes.serving.resolve.snapshots import StorageState
from pulp_contentroutes.serving.routing.mount_patterns import parse_mount
from pulp_contentroutes.serving.types.hooks import Verdict
from tests.rows import CREATED, NO_DISTRIBUTION, NOTHING, route_row, stored

T = TypeVar("T")


class FakeDatabase:
    """A database that answers our statements with given rows, counts them, can be down, or slow."""

    def __init__(self) -> None:
        self.tables = frozenset(schema.OPTIONAL_COLUMNS)
        self.distributions: dict[str, dict[str, Any]] = {}
        self.files: dict[str, dict[str, Any]] = {}
        self.superseded: dict[str, dict[str, Any]] = {}
        #: Rows of the publications that plugins serve before the content set.
        self.published: dict[str, dict[str, Any]] = {}
        #: The row of the newest checkpoint, the same for every query.
        self.checkpoints: list[dict[str, Any]] = []
        #: Rows by digest, and by guard or None.
        self.tokens: dict[tuple[Any, ...], dict[str, Any]] = {}
        self.touched: list[UUID] = []
        #: Rows of content routes by their ids, and the statements that have read them.
        self.routes: dict[UUID, dict[str, Any]] = {}
        self.asked_for_routes: list[str] = []
        self.asked: list[str] = []
        #: The arguments of each statement.
        self.values: list[tuple[Any, ...]] = []
        self.is_down = False
        #: If not None, statements wait for this event.
        self.gate: asyncio.Event | None = None

    async def fetch(self, statement: str, *values: Any) -> Sequence[Row]:
        if statement in route_sql.STATEMENTS:
            self.asked_for_routes.append(statement)
        else:
            self.asked.append(statement)
            self.values.append(values)
        # The rows as of the start of the statement, as in a snapshot of PostgreSQL.
        rows = self._rows(statement, values)
        if self.gate:
            await self.gate.wait()
        if self.is_down:
            raise DatabaseUnavailable("It is down.")
        return rows

    def _rows(self, statement: str, values: tuple[Any, ...]) -> Sequence[Row]:
        if statement in {sql.SNAPSHOT, sql.SNAPSHOT_WITHOUT_SUPERSEDED}:
            _, lengths, _, directory, _ = values
            bases = [directory[:length] for length in lengths]
            rows = [dict(self.distributions[base]) for base in bases if base in self.distributions]
            is_above = any(base.startswith(directory) for base in self.distributions)
            return rows or [{**NO_DISTRIBUTION, "is_above_another": is_above}]
        if statement == sql.LOOK_UP_SEVERAL:
            return [self._rows(sql.LOOK_UP, each)[0] for each in zip(*values, strict=True)]
        if statement == sql.LOOK_UP:
            path, directory = values[4], values[5]
            is_directory = any(each.startswith(directory) for each in self.files)
            return [self.files.get(path) or {**NOTHING, "is_directory": is_directory}]
        if statement in route_sql.STATEMENTS:
            return self._route_rows(statement, values)
        if statement == sql.CHECKPOINT:
            return self.checkpoints
        if statement == access_sql.TOKEN:
            return [self.tokens[values]] if values in self.tokens else []
        if statement == access_sql.TOUCH_TOKENS:
            self.touched += values[0]
            return []
        if statement == sql.LOOK_UP_ARTIFACT:
            return [row for row in self.files.values() if row["content_artifact_id"] == values[0]]
        if statement in sql.LOOK_UP_PUBLISHED.values():
            return [self.published[values[1]]] if values[1] in self.published else []
        assert statement == sql.LOOK_UP_SUPERSEDED
        return [self.superseded[values[1]]] if values[1] in self.superseded else []

    def _route_rows(self, statement: str, values: tuple[Any, ...]) -> Sequence[Row]:
        rows = sorted(self.routes.values(), key=lambda row: row["pulp_id"])
        if statement == route_sql.ROUTES_AFTER:
            last, limit = values
            return [row for row in rows if row["pulp_id"] > last][:limit]
        if statement == route_sql.ROUTES_BY_ID:
            return [row for row in rows if row["pulp_id"] in values[0]]
        hosts, stems = values
        return [
            row for row in rows if row["host"] in hosts and parse_mount(row["mount"]).stem in stems
        ]

    async def answer_together(self, *questions: Coroutine[Any, Any, T]) -> list[T]:
        """Answer queries only after all of them have reached the database."""
        self.gate = asyncio.Event()
        tasks = [asyncio.create_task(question) for question in questions]
        await asyncio.sleep(0)
        self.gate.set()
        answers = await asyncio.gather(*tasks)
        self.gate = None
        return answers

    async def until_asked(self, statement: str, count: int = 1) -> None:
        """Wait until the statement has been executed `count` times."""
        while self.count(statement) < count:  # noqa: ASYNC110  not worth an event in a fake
            await asyncio.sleep(0)

    def count(self, statement: str) -> int:
        return self.asked.count(statement)

    def add_distribution(self, base_path: str, **values: Any) -> dict[str, Any]:
        self.distributions[base_path] = {
            **NO_DISTRIBUTION,
            "distribution_id": uuid4(),
            "distribution_type": "file.file",
            "base_path": base_path,
            "checkpoint": False,
            "publishes": True,
            "domain_id": uuid4(),
            "domain_updated": CREATED,
            "storage_class": "a storage",
            "storage_settings": "{}",
            "publication_id": uuid4(),
            "is_publication_complete": True,
            "pass_through": False,
            "publication_created": CREATED,
            "version_id": uuid4(),
            "version_repository_id": uuid4(),
            "number": 1,
            "is_version_complete": True,
            "version_created": CREATED,
            "has_fallback": False,
            "repository_labels": [],
            "is_above_another": False,
            **values,
        }
        return self.distributions[base_path]

    def add_route(self, mount: str, host: str = "", **values: Any) -> UUID:
        """Add a content route, and return its id."""
        row = route_row(mount, host, **values)
        self.routes[row["pulp_id"]] = row
        return UUID(str(row["pulp_id"]))

    def add_token(
        self, guard_id: UUID | None = None, may_download: bool = False, **values: Any
    ) -> str:
        """Add a valid token with its permission on a guard, and return it."""
        token = new_token()
        row = {"token_id": uuid4(), "expires": None, **values}
        self.tokens[digest_of(token), None] = row | {"may_download": False}
        if guard_id:
            self.tokens[digest_of(token), guard_id] = row | {"may_download": may_download}
        return token

    def add_file(self, path: str, data: bytes, root: Path, **values: Any) -> dict[str, Any]:
        name = uuid4().hex
        (root / name).write_bytes(data)
        self.files[path] = stored(name, len(data), **values)
        return self.files[path]


class FakeHooks:
    """Hooks that answer as they are told to, by path; at any other path they say "go on"."""

    def __init__(self) -> None:
        self.verdicts: dict[str, Verdict | Handover] = {}
        self.asked: list[str] = []

    async def ask(self, pulp_type: str, distribution_id: UUID, path: str) -> Verdict | Handover:
        self.asked.append(path)
        await asyncio.sleep(0)
        return self.verdicts.get(path, Verdict(None, (), False))


class FakeGuards:
    """Guards with the given needs, which permit requests with the header `X-Key: yes`."""

    def __init__(self) -> None:
        self.guards: dict[UUID, Guard] = {}
        self.loaded: list[UUID] = []
        #: The guards that were compared with their rows in the database.
        self.compared: list[UUID] = []
        #: The guards that were asked after Pulp had authenticated the user.
        self.asked: list[Guard] = []
        #: If not None, loads wait for this event.
        self.gate: asyncio.Event | None = None
        #: The guards that no password or token satisfies, besides those that look at the request.
        self.without_credentials: set[UUID] = set()
        #: The credentials that satisfy guards that ask Pulp.
        self.accepted_by_pulp = Accepted.PASSWORDS_AND_TOKENS
        #: The guard that Pulp's own handler asks; it cannot be known while the database is down.
        self.pulps: UUID | None = None
        self.is_down = False

    def add(self, needs: GuardNeeds) -> UUID:
        guard_id = uuid4()
        self.put(guard_id, needs, lambda request: request.headers.get("X-Key") == "yes")
        return guard_id

    def put(
        self, guard_id: UUID, needs: GuardNeeds, permits: Callable[[web.Request], bool]
    ) -> None:
        """Add the guard, or replace it from now on."""

        async def is_unchanged() -> bool:
            self.compared.append(guard_id)
            return self.guards.get(guard_id) is guard

        guard = Guard(needs, permits, None if needs is GuardNeeds.PULP else is_unchanged)
        self.guards[guard_id] = guard

    async def load(self, guard_id: UUID) -> Guard | None:
        self.loaded.append(guard_id)
        guard = self.guards.get(guard_id)
        if self.gate:
            await self.gate.wait()
        return guard

    async def permits(self, guard: Guard, request: web.Request) -> bool:
        self.asked.append(guard)
        return guard.permits(request)

    async def accepted_credentials(self, guard_id: UUID) -> Accepted:
        if guard_id in self.without_credentials:
            return Accepted.NONE
        accepted = {GuardNeeds.TOKEN: Accepted.TOKENS, GuardNeeds.PULP: self.accepted_by_pulp}
        return accepted.get(self.guards[guard_id].needs, Accepted.NONE)

    async def asked_by_pulp(self, request: web.Request) -> UUID | None:
        if self.is_down:
            raise DatabaseUnavailable("It is down.")
        return self.pulps


class FakeStorages:
    """Storages that keep all artifacts in one folder, or (`None`) outside the file system."""

    def __init__(self, root: Path | None) -> None:
        self._root = root
        #: The requested domains, and the state of their storages.
        self.asked: list[tuple[UUID, StorageState]] = []

    async def root(self, domain_id: UUID, state: StorageState) -> str | None:
        self.asked.append((domain_id, state))
        return None if self._root is None else str(self._root)
