"""Several servers: the first usable one is used, as with libpq."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from pulp_contentroutes.serving.database.pool import Database
from pulp_contentroutes.serving.errors import DatabaseUnavailable


@pytest.fixture
async def silent() -> AsyncIterator[str]:
    """Yield the folder of a server that accepts connections, and answers nothing."""
    held: list[asyncio.StreamWriter] = []
    # The path of a socket has at most 107 bytes.
    with TemporaryDirectory() as folder:
        server = await asyncio.start_unix_server(
            lambda _, writer: held.append(writer), Path(folder) / ".s.PGSQL.5432"
        )
        yield folder
        for writer in held:
            writer.close()
        server.close()


def on(postgres: dict[str, Any], *hosts: str, seconds: float = 5, **more: Any) -> Database:
    servers = {"host": list(hosts), "port": [5432] * len(hosts)}
    return Database({**postgres, **servers, **more}, False, connections=1, seconds=seconds)


async def test_a_host_that_is_down_is_passed_over(postgres: dict[str, Any]) -> None:
    database = on(postgres, "/nowhere", postgres["host"])
    assert await database.fetch("SELECT 1 AS n")
    database.close()


async def test_a_host_that_is_silent_leaves_time_for_the_next(
    postgres: dict[str, Any], silent: str
) -> None:
    """Or a primary that vanished would keep the fast path off until it is back."""
    database = on(postgres, silent, postgres["host"], seconds=1)
    clock = asyncio.get_running_loop().time
    for limit in (1.5, 0.4):
        started = clock()
        (await database.connect()).terminate()
        # The second time, the good host is tried first.
        assert clock() - started < limit
    database.close()


async def test_the_kind_of_server_that_is_wanted_is_looked_for(postgres: dict[str, Any]) -> None:
    host = postgres["host"]
    for attributes in ("any", "primary", "read-write", "prefer-standby"):
        database = on(postgres, "/nowhere", host, target_session_attrs=attributes)
        assert await database.fetch("SELECT 1 AS n")
        database.close()
    database = on(postgres, "/nowhere", host, target_session_attrs="standby")
    with pytest.raises(DatabaseUnavailable) as raised:
        await database.fetch("SELECT 1")
    # Every host is named with its reason.
    assert "/nowhere port 5432: " in str(raised.value)
    assert f"{host} port 5432: None of the hosts match" in str(raised.value)
    database.close()
