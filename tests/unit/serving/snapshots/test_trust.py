"""A snapshot is trusted exactly as long as changes are announced."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from pulp_contentroutes.serving.database import sql
from pulp_contentroutes.serving.model import BASE_PATHS, Missing, Target
from tests.unit.serving.conftest import FastPath
from tests.unit.serving.snapshots.conftest import FILE, snapshot_of

#: Changes of a distribution, or of its content → the changed columns of its row.
CHANGES: dict[str, dict[str, Any]] = {
    "another publication": {"publication_id": uuid4()},
    "a guard": {"content_guard_id": uuid4()},
    "a superseded publication": {"has_fallback": True},
}


async def test_a_plan_is_asked_for_once(fast_path: FastPath) -> None:
    first = await snapshot_of(fast_path)
    assert await snapshot_of(fast_path, Target("default", "base/y/z")) is first
    assert fast_path.database.count(sql.SNAPSHOT) == 1


async def test_everyone_who_asks_at_once_shares_the_question(fast_path: FastPath) -> None:
    snapshots = await fast_path.database.answer_together(
        *(snapshot_of(fast_path) for _ in range(5))
    )
    assert len(set(snapshots)) == 1
    assert fast_path.database.count(sql.SNAPSHOT) == 1


async def test_a_change_drops_the_plans_that_were_made_of_it_and_no_other(
    fast_path: FastPath,
) -> None:
    fast_path.database.add_distribution("other")
    other = Target("default", "other/x")
    mine, others = await snapshot_of(fast_path), await snapshot_of(fast_path, other)
    repository = str(fast_path.database.distributions["base"]["version_repository_id"])
    fast_path.invalidate([repository])
    assert await snapshot_of(fast_path) is not mine
    assert await snapshot_of(fast_path, other) is others


@pytest.mark.parametrize(
    "key",
    [
        "distribution_id", "publication_id", "version_id", "domain_id", "repository_id",
        "version_repository_id",
    ],
)  # fmt: skip
async def test_a_plan_depends_on_everything_it_was_made_of(fast_path: FastPath, key: str) -> None:
    fast_path.database.add_distribution("base", repository_id=uuid4())
    first = await snapshot_of(fast_path)
    fast_path.invalidate([str(fast_path.database.distributions["base"][key])])
    assert await snapshot_of(fast_path) is not first


async def test_a_plan_that_was_read_before_a_change_is_not_kept(fast_path: FastPath) -> None:
    database = fast_path.database
    database.gate = asyncio.Event()
    early = asyncio.create_task(snapshot_of(fast_path))
    await database.until_asked(sql.SNAPSHOT)
    number = database.distributions["base"]["number"]
    database.distributions["base"]["number"] = number + 1
    fast_path.invalidate([str(database.distributions["base"]["repository_id"])])
    late = asyncio.create_task(snapshot_of(fast_path))
    await database.until_asked(sql.SNAPSHOT, 2)
    database.gate.set()
    found = [(await task).content_set for task in (early, late)]
    assert [content_set.number for content_set in found if content_set] == [number, number + 1]
    current = (await snapshot_of(fast_path)).content_set
    assert current
    assert current.number == number + 1


async def test_a_renamed_distribution_is_found_under_its_new_name(fast_path: FastPath) -> None:
    row = fast_path.database.distributions["base"]
    await snapshot_of(fast_path)
    fast_path.database.distributions = {"new": {**row, "base_path": "new"}}
    fast_path.invalidate([str(row["distribution_id"]), BASE_PATHS])
    assert await fast_path.resolver.snapshot(FILE) is Missing.PROVEN
    assert (await snapshot_of(fast_path, Target("default", "new/x"))).base_path == "new"


async def test_a_path_without_a_distribution_is_asked_for_once(fast_path: FastPath) -> None:
    absent = Target("default", "no/such")
    for _ in range(3):
        assert await fast_path.resolver.snapshot(absent) is Missing.PROVEN
    assert fast_path.database.count(sql.SNAPSHOT) == 1
    fast_path.database.add_distribution("no")
    fast_path.invalidate([BASE_PATHS])
    assert (await snapshot_of(fast_path, absent)).base_path == "no"


async def test_after_a_time_of_silence_a_plan_is_asked_for_once_more(fast_path: FastPath) -> None:
    before = await snapshot_of(fast_path)
    fast_path.suspend()
    fast_path.resume()
    fast_path.database.asked.clear()
    assert [await snapshot_of(fast_path) for _ in range(2)] == [before] * 2
    assert fast_path.database.asked == [sql.SNAPSHOT]
    assert before.is_current


@pytest.mark.parametrize("change", CHANGES)
async def test_a_change_in_a_time_of_silence_is_found_after_it(
    fast_path: FastPath, change: str
) -> None:
    """Or a withdrawn file would be served for ever, or a newly guarded one to every client."""
    before = await snapshot_of(fast_path)
    fast_path.suspend()
    fast_path.database.distributions["base"] |= CHANGES[change]
    fast_path.resume()
    after = await snapshot_of(fast_path)
    assert after is not before
    assert (before.is_current, after.is_current) == (False, True)
    assert await snapshot_of(fast_path) is after
