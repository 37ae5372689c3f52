"""Reasons to leave a request to Pulp: counted, sent in a header on demand, and documented."""

import re
from pathlib import Path

import pytest
from aiohttp import web

from pulp_contentroutes.serving.access.guards import GuardNeeds
from pulp_contentroutes.serving.handover import Handover
from tests.unit.serving.conftest import (
    DATA,
    HANDED_OVER,
    OURS,
    PULPS,
    Client,
    FastPath,
    get,
    guarded,
)

HEADER = "X-Contentroutes"
_DOCUMENT = Path(__file__).parents[3] / "docs" / "fast-path.md"


@pytest.fixture
def has_debug_header() -> bool:
    return True


def test_the_documentation_lists_every_reason_with_its_sentence() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (.*) \|$", _DOCUMENT.read_text(), re.MULTILINE)
    assert rows == [(each.reason, each.value) for each in Handover]


async def test_a_file_says_whether_it_came_from_memory(client: Client, fast_path: FastPath) -> None:
    fast_path.database.add_file("x", DATA, fast_path.root)
    said = [(await get(client, "base/x")).headers[HEADER] for _ in range(2)]
    assert said == ["fast; looked-up", "fast; memory"]
    assert not fast_path.pipeline.handovers


@pytest.mark.parametrize("needs", [GuardNeeds.REQUEST, GuardNeeds.URL])
async def test_the_query_of_a_url_is_seen_by_guards_only(
    client: Client, fast_path: FastPath, needs: GuardNeeds
) -> None:
    """A signed URL is another one for each client, and leads to the same file."""
    guard_id = guarded(fast_path, needs)
    fast_path.guards.put(guard_id, needs, lambda request: "signed" in request.query)
    said = [(await get(client, f"base/x?signed={n}")).headers[HEADER] for n in range(3)]
    assert said == ["fast; looked-up", "fast; memory", "fast; memory"]
    assert (await get(client, "base/x?unsigned")).status == 403
    assert (await get(client, "base/x")).status == 403


@pytest.mark.parametrize("has_debug_header", [False])
async def test_by_default_nothing_is_said(client: Client, fast_path: FastPath) -> None:
    fast_path.database.add_file("x", DATA, fast_path.root)
    for path in ("base/x", "base/x", "base", "base/missing"):
        assert HEADER not in (await get(client, path)).headers
    assert fast_path.pipeline.handovers == {Handover.REDIRECT: 1}


@pytest.mark.parametrize(
    ("values", "path", "expected"),
    [
        ({}, "base", Handover.REDIRECT),
        ({}, "base/", Handover.DIRECTORY),
        ({"remote_id": "any"}, "base/missing", Handover.REMOTE),
        ({"distribution_type": "odd.odd"}, "base/x", Handover.DISTRIBUTION_TYPE),
        ({"is_publication_complete": False}, "base/x", Handover.INCOMPLETE),
        ({"is_above_another": True}, "base/x", Handover.SEVERAL_DISTRIBUTIONS),
        ({"checkpoint": True}, "base/20260102T030406Z/x", Handover.CHECKPOINT),
    ],
    ids=lambda each: each.reason if isinstance(each, Handover) else "",
)
async def test_what_is_known_of_a_distribution_is_a_reason(
    client: Client, fast_path: FastPath, values: dict[str, object], path: str, expected: Handover
) -> None:
    fast_path.database.add_distribution("base", **values)
    answer = await get(client, path)
    assert answer.status == HANDED_OVER
    assert answer.headers[HEADER] == f"handed-over; {expected.reason}"
    assert fast_path.pipeline.handovers == {expected: 1}


@pytest.mark.parametrize(
    ("method", "url", "expected"),
    [
        ("POST", f"{OURS}base/x", Handover.METHOD),
        ("GET", f"{PULPS}base//x", Handover.ODD_PATH),
        ("GET", f"{PULPS}base/other/x", Handover.OTHER_HANDLER),
    ],
    ids=lambda each: each.reason if isinstance(each, Handover) else "",
)
async def test_what_is_known_of_a_request_is_a_reason(
    client: Client, fast_path: FastPath, method: str, url: str, expected: Handover
) -> None:
    await client.request(method, url)
    assert fast_path.pipeline.handovers == {expected: 1}


async def test_a_worker_that_is_off_says_so(client: Client, fast_path: FastPath) -> None:
    fast_path.answers.is_on = False
    answer = await get(client, "base/x")
    assert answer.headers[HEADER] == "handed-over; off"


async def test_a_client_whom_pulp_has_authenticated_gets_a_fast_answer(
    client: Client, fast_path: FastPath
) -> None:
    guarded(fast_path, GuardNeeds.PULP)
    answer = await get(client, "base/x", X_Key="yes", X_User="me")
    assert (answer.status, answer.headers[HEADER]) == (200, "fast; authenticated")
    assert not fast_path.pipeline.handovers


async def test_a_fault_while_passwords_wait_goes_to_pulp(
    client: Client, fast_path: FastPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(request: web.Request, **_: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(fast_path.admission, "begin_authentication", fail)
    answer = await get(client, "base")
    assert answer.status == HANDED_OVER
