"""A snapshot is trusted exactly as long as changes are announced."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from pulp_contentroutes.serving.database import sql
from pulp_contentroutes.serving.errors import DatabaseUnavailable
from pulp_contentroutes.serving.handover import Handover
from pulp_contentroutes.serving.model import BASE_PATHS, Missing, Snapshot, Target
from pulp_contentroutes.serving.resolve.snapshots import base_path_lengths
from tests.unit.serving.conftest import FastPath

FILE = Target("default", "base/x")
#: Changes of a distribution, or of its content → the changed columns of its row.
CHANGES: dict[str, dict[str, Any]] = {
    "another publication": {"publication_id": uuid4()},
    "a guard": {"content_guard_id": uuid4()},
    "a superseded publication": {"has_fallback": True},
}


async def snapshot_of(fast_path: FastPath, target: Target = FILE) -> Snapshot:
    snapshot = await fast_path.resolver.snapshot(target)
    assert isinstance(snapshot, Snapshot)
    return snapshot


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a", ["a"]),
        ("a/", ["a"]),
        ("a/b", ["a", "a/b"]),
        ("a/b/", ["a", "a/b"]),
        ("a/b/c.txt", ["a", "a/b", "a/b/c.txt"]),
        ("a/b/c/d/e", ["a", "a/b", "a/b/c", "a/b/c/d", "a/b/c/d/e"]),
    ],
)
def test_a_path_has_the_base_paths_that_pulp_tries(path: str, expected: list[str]) -> None:
    assert [path[:length] for length in base_path_lengths(path)] == expected


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


async def test_what_lies_above_distributions_is_handed_over(fast_path: FastPath) -> None:
    fast_path.database.add_distribution("deep/down")
    for path in ("deep", "deep/"):
        assert (
            await fast_path.resolver.snapshot(Target("default", path))
            is Handover.SEVERAL_DISTRIBUTIONS
        )


async def test_overlapping_base_paths_are_handed_over(fast_path: FastPath) -> None:
    """Pulp forbids overlapping base paths, and answers 500 if old data has them."""
    fast_path.database.add_distribution("base/x")
    assert await fast_path.resolver.snapshot(FILE) is Handover.SEVERAL_DISTRIBUTIONS


async def test_without_the_listener_every_request_asks(fast_path: FastPath) -> None:
    await snapshot_of(fast_path)
    fast_path.suspend()
    fast_path.database.asked.clear()
    snapshots = await fast_path.database.answer_together(
        *(snapshot_of(fast_path) for _ in range(3))
    )
    assert len(set(snapshots)) == 3
    assert fast_path.database.count(sql.SNAPSHOT) == 3


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


SILENCES = {
    "while nothing is heard": ("suspend",),
    "right after changes are heard again": ("suspend", "resume"),
    "in the second silence": ("suspend", "resume", "suspend"),
}


@pytest.mark.parametrize("silence", SILENCES)
async def test_what_was_in_memory_is_served_for_a_while_when_the_database_is_down(
    fast_path: FastPath, monkeypatch: pytest.MonkeyPatch, silence: str
) -> None:
    """Or all readers would be left to Pulp's handler, which waits for the database, too."""
    before = await snapshot_of(fast_path)
    for news in SILENCES[silence]:
        getattr(fast_path, news)()
    fast_path.database.is_down = True
    assert await snapshot_of(fast_path) is before
    with pytest.raises(DatabaseUnavailable):
        await snapshot_of(fast_path, Target("default", "never/asked"))
    monkeypatch.setattr(fast_path.snapshots, "_stale_if_error", 0.0)
    with pytest.raises(DatabaseUnavailable):
        await snapshot_of(fast_path)


async def test_a_load_that_fails_ends_in_the_plan_that_another_one_has_brought(
    fast_path: FastPath,
) -> None:
    """The first load lost its connection; the next one found the database available again."""
    before = await snapshot_of(fast_path)
    fast_path.suspend()
    cut_off = fast_path.database.gate = asyncio.Event()
    early = asyncio.create_task(snapshot_of(fast_path))
    await asyncio.sleep(0)
    fast_path.resume()
    fast_path.database.gate = None
    assert await snapshot_of(fast_path) is before
    fast_path.database.is_down = True
    cut_off.set()
    assert await early is before


@pytest.mark.parametrize("silence", SILENCES)
async def test_what_is_known_to_have_changed_is_never_served_stale(
    fast_path: FastPath, silence: str
) -> None:
    before = await snapshot_of(fast_path)
    fast_path.invalidate(before.keys)
    for news in SILENCES[silence]:
        getattr(fast_path, news)()
    fast_path.database.is_down = True
    with pytest.raises(DatabaseUnavailable):
        await snapshot_of(fast_path)


@pytest.mark.parametrize("is_heard", [False, True])
async def test_what_went_in_a_time_of_silence_is_not_served_stale(
    fast_path: FastPath, is_heard: bool
) -> None:
    await snapshot_of(fast_path)
    fast_path.suspend()
    del fast_path.database.distributions["base"]
    if is_heard:
        fast_path.resume()
    assert await fast_path.resolver.snapshot(FILE) is Missing.PROVEN
    fast_path.suspend()
    fast_path.database.is_down = True
    with pytest.raises(DatabaseUnavailable):
        await snapshot_of(fast_path)


@pytest.mark.parametrize("news", ["invalidate", "reset"])
async def test_what_was_doubted_is_not_served_stale_once_it_has_changed(
    fast_path: FastPath, news: str
) -> None:
    before = await snapshot_of(fast_path)
    fast_path.suspend()
    fast_path.resume()
    getattr(fast_path, news)(*([before.keys] if news == "invalidate" else []))
    fast_path.database.is_down = True
    with pytest.raises(DatabaseUnavailable):
        await snapshot_of(fast_path)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param({}, None, id="a complete publication of a plain type"),
        pytest.param(
            {"distribution_type": "core.overrides"},
            Handover.DISTRIBUTION_TYPE,
            id="a type that answers in its own way",
        ),
        pytest.param(
            {"is_publication_complete": False}, Handover.INCOMPLETE, id="an incomplete publication"
        ),
        pytest.param(
            {"is_version_complete": False}, Handover.INCOMPLETE, id="an incomplete version"
        ),
    ],
)
async def test_only_what_pulpcore_itself_would_serve_is_ours(
    fast_path: FastPath, values: dict[str, object], expected: Handover | None
) -> None:
    fast_path.database.add_distribution("base", **values)
    assert (await snapshot_of(fast_path)).handover is expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param({}, Missing.PROVEN, id="a version"),
        pytest.param({"remote_id": "a remote"}, Handover.REMOTE, id="a remote could still have it"),
        pytest.param(
            {"version_id": None, "publication_id": None},
            Handover.NOTHING_SERVED,
            id="neither version nor repository",
        ),
        pytest.param(
            {"version_id": None, "publication_id": None, "repository_id": "a repository"},
            Missing.PROVEN,
            id="a repository without a version",
        ),
    ],
)
async def test_a_miss_is_proven_only_without_a_remote_and_with_a_repository(
    fast_path: FastPath, values: dict[str, object], expected: Missing | Handover
) -> None:
    fast_path.database.add_distribution("base", **values)
    assert (await snapshot_of(fast_path)).nowhere is expected
