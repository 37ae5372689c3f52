"""A table of content routes whose background task runs."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from pulp_contentroutes.serving.database import route_sql
from pulp_contentroutes.serving.resolve.route_table import RouteTable
from tests.fakes import FakeDatabase

MOST = 10
STALE_SECONDS = 60.0


class World:
    """A table whose background task runs."""

    def __init__(self) -> None:
        self.database = FakeDatabase()
        self.table = RouteTable(self.database, MOST, STALE_SECONDS)

    async def find(self, url: str, host: str = "") -> str | None:
        match = await self.table.find(host, url[1:].split("/"))
        return match.route.name if match else None

    async def settle(self) -> None:
        """Let the background task read everything that it has to."""
        for _ in range(200):
            await asyncio.sleep(0)

    @property
    def questions(self) -> int:
        """How many requests have asked the database."""
        return self.database.asked_for_routes.count(route_sql.ROUTES_OF_URL)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    reading = asyncio.create_task(made.table.run())
    yield made
    reading.cancel()
