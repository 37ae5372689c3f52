"""A real PostgreSQL, without Pulp."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from pulp_contentroutes.serving.database.pool import Database
from pulp_contentroutes.standalone.data_dir import remove_contents
from pulp_contentroutes.standalone.postgres import Cluster


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Yield the arguments of asyncpg for an empty database."""
    data = tmp_path_factory.mktemp("postgres")
    cluster = Cluster(data)
    cluster.initialise()
    with cluster.running():
        arguments = dict(cluster.database)
        arguments["database"] = arguments.pop("dbname")
        yield arguments
    cluster.remove_sockets()
    remove_contents(data)


@pytest.fixture
async def database(postgres: dict[str, Any]) -> AsyncIterator[Database]:
    opened = Database(postgres, is_pooled=False, connections=2, seconds=5)
    yield opened
    opened.close()


async def be_satisfied(connection: Any, has_users: bool) -> frozenset[str]:
    """Take any schema for one that has all that is required, and nothing optional; see `probe`."""
    return frozenset()
