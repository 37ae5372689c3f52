"""Valid tokens are cached for some seconds, and only while the listener runs."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from pulp_contentroutes.serving.access import tokens as module
from pulp_contentroutes.serving.access.credentials import digest_of, new_token
from pulp_contentroutes.serving.access.tokens import Tokens
from pulp_contentroutes.serving.database import access_sql
from pulp_contentroutes.serving.model import ACCESS, BASE_PATHS
from tests.fakes import FakeDatabase

NOW = 1_800_000_000.0


class Clock:
    now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "time", clock)
    return clock


@pytest.fixture
def database() -> FakeDatabase:
    return FakeDatabase()


@pytest.fixture
def tokens(database: FakeDatabase) -> Tokens:
    tokens = Tokens(database)
    tokens.resume()
    return tokens


def added(database: FakeDatabase, guard_id: UUID | None = None, **values: object) -> str:
    """Return the digest of a new token."""
    return digest_of(database.add_token(guard_id, may_download=True, **values))


async def test_a_token_is_queried_again_after_five_seconds(
    tokens: Tokens, database: FakeDatabase, clock: Clock
) -> None:
    """Changes that are not announced take effect after this time."""
    digest = added(database)
    grant = await tokens.find(digest, None)
    assert grant
    assert tokens.get_nowait(digest, None) is grant
    clock.now = NOW + 4.9
    assert await tokens.find(digest, None) is grant
    clock.now = NOW + 5
    assert tokens.get_nowait(digest, None) is None
    assert await tokens.find(digest, None) is not grant
    assert database.count(access_sql.TOKEN) == 2


async def test_a_token_is_not_cached_beyond_its_expiry(
    tokens: Tokens, database: FakeDatabase, clock: Clock
) -> None:
    digest = added(database, expires=datetime.fromtimestamp(NOW + 2, UTC))
    assert await tokens.find(digest, None)
    clock.now = NOW + 1.9
    assert tokens.get_nowait(digest, None)
    clock.now = NOW + 2
    assert tokens.get_nowait(digest, None) is None


async def test_invalid_tokens_are_not_cached(tokens: Tokens, database: FakeDatabase) -> None:
    """A flood of guesses must not evict valid tokens."""
    guess = digest_of(new_token())
    for _ in range(2):
        assert await tokens.find(guess, None) is None
        assert tokens.get_nowait(guess, None) is None
    assert database.count(access_sql.TOKEN) == 2


async def test_permissions_are_cached_per_guard(tokens: Tokens, database: FakeDatabase) -> None:
    guard_id, other_id = uuid4(), uuid4()
    digest = added(database, guard_id)
    grant = await tokens.find(digest, guard_id)
    assert grant
    assert grant.may_download
    assert tokens.get_nowait(digest, other_id) is None
    assert tokens.get_nowait(digest, None) is None
    valid = await tokens.find(digest, None)
    assert valid
    assert not valid.may_download
    assert valid.token_id == grant.token_id
    assert await tokens.find(digest, guard_id) is grant


async def test_only_changes_of_access_clear_the_cache(
    tokens: Tokens, database: FakeDatabase
) -> None:
    digest = added(database)
    grant = await tokens.find(digest, None)
    tokens.invalidate([BASE_PATHS, str(uuid4())])
    assert tokens.get_nowait(digest, None) is grant
    tokens.invalidate([BASE_PATHS, ACCESS])
    assert tokens.get_nowait(digest, None) is None


async def test_nothing_is_cached_until_the_listener_runs(
    database: FakeDatabase,
) -> None:
    tokens, digest = Tokens(database), added(database)
    for _ in range(2):
        assert await tokens.find(digest, None)
        assert tokens.get_nowait(digest, None) is None
    assert database.count(access_sql.TOKEN) == 2


async def test_nothing_is_cached_while_the_listener_is_down(
    tokens: Tokens, database: FakeDatabase
) -> None:
    digest = added(database)
    grant = await tokens.find(digest, None)
    tokens.suspend()
    assert tokens.get_nowait(digest, None) is None
    for _ in range(2):
        assert await tokens.find(digest, None) is not grant
    tokens.resume()
    assert tokens.get_nowait(digest, None) is None
    assert database.count(access_sql.TOKEN) == 3


@pytest.mark.parametrize("is_trusted", [True, False])
async def test_concurrent_requests_share_a_query_only_while_the_listener_runs(
    tokens: Tokens, database: FakeDatabase, is_trusted: bool
) -> None:
    """Without it, a query that others join may have begun before a revocation."""
    if not is_trusted:
        tokens.suspend()
    digest = added(database)
    grants = await database.answer_together(*(tokens.find(digest, None) for _ in range(3)))
    assert all(grants)
    assert database.count(access_sql.TOKEN) == (1 if is_trusted else 3)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda tokens: tokens.invalidate([ACCESS]), id="a revocation"),
        pytest.param(lambda tokens: tokens.resume(), id="a reconnected listener"),
    ],
)
async def test_rows_read_before_a_change_are_not_cached(
    tokens: Tokens, database: FakeDatabase, change: Callable[[Tokens], None]
) -> None:
    digest = added(database)
    database.gate = asyncio.Event()
    asked = asyncio.create_task(tokens.find(digest, None))
    await database.until_asked(access_sql.TOKEN)
    change(tokens)
    database.gate.set()
    assert await asked
    assert tokens.get_nowait(digest, None) is None
    assert await tokens.find(digest, None)
    assert database.count(access_sql.TOKEN) == 2


async def test_each_token_has_a_query_of_its_own(tokens: Tokens, database: FakeDatabase) -> None:
    digests = [added(database) for _ in range(2)]
    grants = await database.answer_together(*(tokens.find(each, None) for each in digests))
    expected = [database.tokens[digest, None]["token_id"] for digest in digests]
    assert [grant and grant.token_id for grant in grants] == expected


async def test_a_query_from_before_a_revocation_is_not_shared(
    tokens: Tokens, database: FakeDatabase
) -> None:
    digest = added(database)
    database.gate = asyncio.Event()
    early = asyncio.create_task(tokens.find(digest, None))
    await database.until_asked(access_sql.TOKEN)
    database.tokens.clear()
    tokens.invalidate([ACCESS])
    late = asyncio.create_task(tokens.find(digest, None))
    await asyncio.sleep(0)
    database.gate.set()
    assert await early
    assert await late is None


async def test_the_cache_is_bounded(
    database: FakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_REMEMBERED", 2)
    tokens = Tokens(database)
    tokens.resume()
    digests = [added(database) for _ in range(3)]
    for digest in digests:
        assert await tokens.find(digest, None)
    assert [tokens.get_nowait(digest, None) is None for digest in digests] == [True, False, False]


# Last use.


async def test_each_use_is_written_once(tokens: Tokens, database: FakeDatabase) -> None:
    await tokens.find(digest_of(new_token()), None)
    await tokens.flush_usage()
    assert database.count(access_sql.TOUCH_TOKENS) == 0
    digest = added(database)
    for _ in range(3):
        await tokens.find(digest, None)
        await tokens.flush_usage()
    assert database.touched == [database.tokens[digest, None]["token_id"]] * 3


async def test_pending_uses_are_bounded(
    tokens: Tokens, database: FakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise they would grow while the database is down."""
    monkeypatch.setattr(module, "_WAITING", 2)
    for _ in range(3):
        assert await tokens.find(added(database), None)
    await tokens.flush_usage()
    assert len(database.touched) == 2


async def test_uses_that_cannot_be_written_are_logged_and_dropped(
    tokens: Tokens, database: FakeDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        assert await tokens.find(added(database), None)
    database.is_down = True
    await tokens.flush_usage()
    assert caplog.messages == ["The last use of 2 API tokens was not written: It is down."]
    database.is_down = False
    await tokens.flush_usage()
    assert database.count(access_sql.TOUCH_TOKENS) == 1
