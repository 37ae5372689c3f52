"""Routes of several distributions, and guards of routes, over real HTTP."""

from contextvars import ContextVar
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web

from pulp_contentroutes.serving.access.guards import GuardNeeds
from pulp_contentroutes.serving.database import sql
from pulp_contentroutes.serving.handover import Handover
from tests.unit.serving.conftest import (
    DATA,
    FAILED_LOGINS,
    HANDED_OVER_AT_MOUNT,
    Client,
    FastPath,
    answer_to,
    basic,
)
from tests.unit.serving.content_routes.routes import add, ask


@pytest.fixture
def group(fast_path: FastPath) -> list[dict[str, Any]]:
    """Add two distributions and the files of both: the fake has one set of files for all."""
    return [fast_path.database.add_distribution(name) for name in ("one", "two")]


async def test_the_first_distribution_that_has_a_file_answers(
    client: Client, fast_path: FastPath, group: list[dict[str, Any]]
) -> None:
    for path, data in (("a/x", b"first" * 100), ("b/x", b"second" * 100), ("b/y", b"y" * 100)):
        fast_path.database.add_file(path, data, fast_path.root)
    await add(fast_path, "/all/", paths=["one/a", "two/b"])
    for _ in ("looked up", "from memory"):
        assert await (await ask(client, "/all/x")).read() == b"first" * 100
        assert await (await ask(client, "/all/y")).read() == b"y" * 100
        assert (await ask(client, "/all/z")).status == 404
    assert fast_path.pipeline.handovers == {}


async def test_the_first_request_of_a_path_costs_one_statement(
    client: Client, fast_path: FastPath
) -> None:
    names = [f"d{number}" for number in range(5)]
    for name in names:
        fast_path.database.add_distribution(name)
    fast_path.database.add_file("d4/x", DATA, fast_path.root)
    await add(fast_path, "/all/", paths=[f"{name}/{name}" for name in names])
    # The snapshots of all.
    assert (await ask(client, "/all/nothing")).status == 404
    fast_path.database.asked.clear()
    assert await (await ask(client, "/all/x")).read() == DATA
    assert fast_path.database.asked == [sql.LOOK_UP_SEVERAL]


async def test_a_file_that_an_earlier_distribution_gets_is_served_from_then_on(
    client: Client, fast_path: FastPath, group: list[dict[str, Any]]
) -> None:
    fast_path.database.add_file("b/x", b"second" * 100, fast_path.root)
    await add(fast_path, "/all/", paths=["one/a", "two/b"])
    for _ in range(2):
        assert await (await ask(client, "/all/x")).read() == b"second" * 100
    fast_path.database.add_file("a/x", b"first" * 100, fast_path.root)
    changed = fast_path.database.add_distribution("one")
    fast_path.invalidate([str(group[0]["distribution_id"])])
    assert await (await ask(client, "/all/x")).read() == b"first" * 100
    assert changed["distribution_id"] != group[0]["distribution_id"]


async def test_a_group_reveals_nothing_of_a_distribution_that_refuses(
    client: Client, fast_path: FastPath
) -> None:
    guard_id = fast_path.guards.add(GuardNeeds.REQUEST)
    fast_path.database.add_distribution("one", content_guard_id=guard_id)
    fast_path.database.add_distribution("two")
    for path in ("a/x", "b/x", "a/secret", "b/public"):
        fast_path.database.add_file(path, path.encode() * 100, fast_path.root)
    await add(fast_path, "/all/", paths=["one/a", "two/b"])
    for _ in range(2):
        for path in ("x", "public"):
            answer = await ask(client, f"/all/{path}")
            assert await answer.read() == f"b/{path}".encode() * 100
            assert "private" in answer.headers["Cache-Control"]
        refused = [await ask(client, f"/all/{path}") for path in ("secret", "nothing")]
        assert [each.status for each in refused] == [403, 403]
        assert await refused[0].read() == await refused[1].read()
        admitted = await ask(client, "/all/x", X_Key="yes")
        assert await admitted.read() == b"a/x" * 100
        assert await (await ask(client, "/all/secret", X_Key="yes")).read() == b"a/secret" * 100
        assert (await ask(client, "/all/nothing", X_Key="yes")).status == 404


async def test_pulp_answers_for_the_distribution_that_may_have_the_path(
    client: Client, fast_path: FastPath
) -> None:
    fast_path.database.add_distribution("one")
    fast_path.database.add_distribution("two", remote_id="any")
    await add(fast_path, "/all/", paths=["one/a", "two/b"])
    assert await answer_to(client, "/all/z") == (HANDED_OVER_AT_MOUNT, "two/b/z")
    assert fast_path.pipeline.handovers == {Handover.REMOTE: 1}


async def test_pulps_404_leads_to_the_next_distribution(
    client: Client, fast_path: FastPath
) -> None:
    fast_path.database.add_distribution("missing", remote_id="any")
    fast_path.database.add_distribution("refused", remote_id="any")
    fast_path.database.add_distribution("two", remote_id="any")
    await add(fast_path, "/all/", paths=["missing", "refused", "two/b"])
    assert await answer_to(client, "/all/z") == (HANDED_OVER_AT_MOUNT, "two/b/z")
    await add(fast_path, "/r/", paths=["missing", "refused", "missing"])
    assert (await ask(client, "/r/z")).status == 403
    await add(fast_path, "/moved/", paths=["missing", "missing"])
    assert (await ask(client, "/moved/z")).status == 404


async def test_pulps_handler_remembers_nothing_from_one_distribution_to_the_next(
    client: Client, fast_path: FastPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It keeps the distribution in a context variable, and would ask the guard of another one."""
    known: ContextVar[str] = ContextVar("known")

    async def answer(request: web.Request) -> web.Response:
        path = known.get(request.match_info["path"])
        known.set(path)
        if path.startswith("one/"):
            raise web.HTTPNotFound
        return web.Response(text=path)

    monkeypatch.setattr(fast_path.pipeline, "_content_handler", answer)
    for name in ("one", "two"):
        fast_path.database.add_distribution(name, remote_id="any")
    await add(fast_path, "/all/", paths=["one", "two"])
    assert await answer_to(client, "/all/z") == (200, "two/z")


async def test_a_directory_is_listed_for_all_distributions_that_have_it(
    client: Client, fast_path: FastPath
) -> None:
    for name in ("one", "missing", "two", "refused"):
        fast_path.database.add_distribution(name)
    for path in ("a/dir/x", "missing/dir/x", "b/dir/y", "refused/dir/x"):
        fast_path.database.add_file(path, DATA, fast_path.root)
    paths = ["one/a", "missing/missing", "two/b", "refused/refused"]
    await add(fast_path, "/all/", paths=paths)
    assert await answer_to(client, "/all/dir/") == (
        HANDED_OVER_AT_MOUNT,
        "one/a/dir/ two/b/dir/",
    )
    await add(fast_path, "/r/", paths=["missing/missing", "two/b"])
    assert await answer_to(client, "/r/dir/") == (HANDED_OVER_AT_MOUNT, "two/b/dir/")


async def test_hooks_of_an_earlier_distribution_are_asked_for_each_request(
    client: Client, fast_path: FastPath
) -> None:
    fast_path.database.add_distribution("one", distribution_type="core.asked")
    fast_path.database.add_distribution("two")
    fast_path.database.add_file("b/x", DATA, fast_path.root)
    await add(fast_path, "/all/", paths=["one/a", "two/b"])
    for count in (1, 2):
        assert await (await ask(client, "/all/x")).read() == DATA
        assert len(fast_path.hooks.asked) == count


async def test_a_file_that_comes_where_a_directory_was_not_listed_is_served(
    client: Client, fast_path: FastPath
) -> None:
    before = fast_path.database.add_distribution("one")
    fast_path.database.add_distribution("two")
    fast_path.database.add_file("a/x/y", DATA, fast_path.root)
    fast_path.database.add_file("b/x/index.html", DATA, fast_path.root)
    await add(fast_path, "/all/", paths=["one/a", "two/b"], listings=False)
    for _ in range(2):
        assert await (await ask(client, "/all/x/")).read() == DATA
    fast_path.database.add_file("a/x/index.html", b"the first" * 100, fast_path.root)
    fast_path.database.add_distribution("one")
    fast_path.invalidate([str(before["distribution_id"])])
    assert await (await ask(client, "/all/x/")).read() == b"the first" * 100


async def test_a_wrong_token_counts_once_however_many_guards_it_meets(
    client: Client, fast_path: FastPath
) -> None:
    """Or one request would stop all passwords from its address for a minute."""
    names = [f"d{number}" for number in range(FAILED_LOGINS + 1)]
    for name in names:
        guard_id = fast_path.guards.add(GuardNeeds.REQUEST)
        fast_path.database.add_distribution(name, content_guard_id=guard_id)
    await add(fast_path, "/all/", paths=names)
    wrong = {"Authorization": "Bearer pcr_short"}
    assert (await ask(client, "/all/x", **wrong)).status == 401
    assert (await ask(client, "/all/x", Authorization=basic("a"))).status != 429


# Guards of routes.


async def test_both_guards_must_admit_a_client(client: Client, fast_path: FastPath) -> None:
    of_route = fast_path.guards.add(GuardNeeds.REQUEST)
    of_content = fast_path.guards.add(GuardNeeds.REQUEST)
    fast_path.guards.put(of_route, GuardNeeds.REQUEST, lambda request: "X-Route" in request.headers)
    fast_path.database.add_file("x", DATA, fast_path.root)
    fast_path.database.add_distribution("base", content_guard_id=of_content)
    await add(fast_path, "/r/", paths=["base"], content_guard_id=of_route)
    for _ in ("looked up", "from memory"):
        assert (await ask(client, "/r/x")).status == 403
        assert (await ask(client, "/r/x", X_Key="yes")).status == 403
        assert (await ask(client, "/r/x", X_Route="yes")).status == 403
        answer = await ask(client, "/r/x", X_Key="yes", X_Route="yes")
        assert (answer.status, await answer.read()) == (200, DATA)
        assert "private" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("is_on", [True, False])
async def test_a_guard_that_needs_a_user_is_asked_before_pulps_handler(
    client: Client, fast_path: FastPath, is_on: bool
) -> None:
    guard_id = fast_path.guards.add(GuardNeeds.PULP)
    fast_path.database.add_file("dir/x", DATA, fast_path.root)
    await add(fast_path, "/r/", paths=["base"], content_guard_id=guard_id)
    fast_path.answers.is_on = is_on
    for url in ("/r/dir/x", "/r/dir/", "/r/missing"):
        refused = await ask(client, url, X_User="me")
        assert refused.status == 403
        assert (await ask(client, url)).status in (401, 403)
    admitted = await ask(client, "/r/dir/", X_User="me", X_Key="yes")
    assert admitted.status == HANDED_OVER_AT_MOUNT
    file = await ask(client, "/r/dir/x", X_User="me", X_Key="yes")
    assert file.status == (200 if is_on else HANDED_OVER_AT_MOUNT)


async def test_a_guard_that_cannot_be_asked_admits_nobody(
    client: Client, fast_path: FastPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard_id = fast_path.guards.add(GuardNeeds.PULP)
    await add(fast_path, "/r/", paths=["base"], content_guard_id=guard_id)

    async def fail(guard_id: UUID, request: web.Request) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(fast_path.admission, "check_with_user", fail)
    for url in ("/r/x", "/r/"):
        answer = await ask(client, url, X_User="me", X_Key="yes")
        assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    del fast_path.guards.guards[guard_id]
    fast_path.invalidate([str(guard_id)])
    assert (await ask(client, "/r/x", X_User="me", X_Key="yes")).status == 503
