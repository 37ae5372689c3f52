"""Types that serve a list of publications before the distribution's own, as pulp_deb does."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pulp_contentroutes.serving.database import sql
from pulp_contentroutes.serving.database.schema import DEB_DISTRIBUTED
from pulp_contentroutes.serving.handover import Handover
from tests.rows import stored
from tests.unit.serving.conftest import DATA, HANDED_OVER, Client, FastPath, get

LOOK_UP = sql.LOOK_UP_PUBLISHED[DEB_DISTRIBUTED]
NEWER = b"the file of a newer publication"
NAME = "ab" * 16


@pytest.fixture(autouse=True)
def distribution(fast_path: FastPath) -> dict[str, Any]:
    row = fast_path.database.add_distribution("base", distribution_type="core.published")
    for path in ("Release", "fresh.xml"):
        fast_path.database.add_file(path, DATA, fast_path.root)
    return row


def publish(fast_path: FastPath, path: str, **values: Any) -> None:
    """Publish a file in the list."""
    (fast_path.root / NAME).write_bytes(NEWER)
    fast_path.database.published[path] = stored(NAME, len(NEWER), **values)


async def body(client: Client, path: str) -> bytes:
    answer = await get(client, f"base/{path}")
    assert answer.status == 200
    return await answer.read()


async def test_a_file_of_the_list_wins(client: Client, fast_path: FastPath) -> None:
    publish(fast_path, "Release")
    for _ in range(3):
        assert await body(client, "Release") == NEWER
        assert await body(client, "fresh.xml") == DATA
    assert fast_path.database.count(LOOK_UP) == 2
    assert (await get(client, "base/missing")).status == 404


async def test_its_header_is_that_of_the_rule(client: Client, fast_path: FastPath) -> None:
    publish(fast_path, "fresh.xml")
    assert (await get(client, "base/fresh.xml")).headers["Cache-Control"] == "no-cache"


async def test_a_file_of_the_list_is_served_until_the_moment_at_which_it_expires(
    client: Client, fast_path: FastPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    expires = datetime.now(UTC) + timedelta(seconds=60)
    publish(fast_path, "Release", expires_at=expires)
    for _ in range(2):
        assert await body(client, "Release") == NEWER
    del fast_path.database.published["Release"]
    assert await body(client, "Release") == NEWER
    monkeypatch.setattr("time.time", lambda: expires.timestamp())
    assert await body(client, "Release") == DATA


async def test_a_change_of_the_list_is_followed(
    client: Client, fast_path: FastPath, distribution: dict[str, Any]
) -> None:
    assert await body(client, "Release") == DATA
    publish(fast_path, "Release")
    fast_path.invalidate([str(distribution["distribution_id"])])
    assert await body(client, "Release") == NEWER


async def test_pulp_answers_where_it_sends_no_date(
    client: Client, fast_path: FastPath, distribution: dict[str, Any]
) -> None:
    """Pulp dates a file by the version of the distribution, if there is one."""
    publish(fast_path, "Release")
    distribution["version_id"] = distribution["publication_id"] = None
    assert (await get(client, "base/Release")).status == HANDED_OVER
    assert fast_path.pipeline.handovers == {Handover.DISTRIBUTION_HOOK: 1}


async def test_hooks_are_asked_while_changes_of_the_list_are_not_announced(
    client: Client, fast_path: FastPath
) -> None:
    fast_path.database.tables = frozenset()
    assert await body(client, "Release") == DATA
    assert fast_path.hooks.asked == ["Release"]


async def test_hooks_are_asked_for_a_repository_with_a_label_that_the_rule_names(
    client: Client, fast_path: FastPath
) -> None:
    labels = {"plain": ["other"], "labelled": ["other", "special"]}
    for base_path, names in labels.items():
        fast_path.database.add_distribution(
            base_path, distribution_type="core.labelled", repository_labels=names
        )
        assert (await get(client, f"{base_path}/Release")).status == 200
    assert fast_path.hooks.asked == ["Release"]
