"""Content guards of Pulp: how the fast path loads and compares them."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from pulpcore.plugin.models import ContentGuard

from pulp_contentroutes.app.edge.connection import database
from pulp_contentroutes.app.edge.pulp_guards import _NEEDS, _THREAD, PulpGuards
from pulp_contentroutes.serving.access.guards import Guard, GuardNeeds
from pulp_contentroutes.serving.errors import DatabaseUnavailable
from tests.fakes import FakeDatabase

T = TypeVar("T")
Ask = Callable[[Guard | None], Awaitable[T]]


def test_a_guard_is_loaded_while_pulps_thread_is_busy() -> None:
    """A password keeps the thread busy for half a second; clients of other guards must not wait."""
    password_checked = threading.Event()

    async def load() -> object:
        busy = asyncio.create_task(sync_to_async(password_checked.wait)(60))
        await asyncio.sleep(0)
        try:
            async with asyncio.timeout(30):
                return await PulpGuards(FakeDatabase(), 30).load(uuid4())
        finally:
            password_checked.set()
            await busy

    assert asyncio.run(load()) is None


def test_a_guard_that_is_not_loaded_in_time_is_unavailable() -> None:
    """Or clients would wait until PostgreSQL answers."""
    answered = threading.Event()
    _THREAD.submit(answered.wait, 60)
    try:
        with pytest.raises(DatabaseUnavailable):
            asyncio.run(PulpGuards(FakeDatabase(), 0.05).load(uuid4()))
    finally:
        answered.set()


# Changes that are found by comparison.


def commit(change: Callable[[], T]) -> T:
    """Make a change outside the test's transaction, as the fast path has connections of its own."""
    return _THREAD.submit(change).result(60)


def run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


@contextmanager
def made(pulp_type: str) -> Iterator[Any]:
    model = ContentGuard.get_model_for_pulp_type(pulp_type)
    guard = commit(lambda: model.objects.create(name=uuid4().hex))
    try:
        yield guard
    finally:
        commit(lambda: ContentGuard.objects.filter(pk=guard.pk).delete())


def load_and(guard: Any, ask: Ask[T]) -> T:
    """Load the guard as the fast path does, and pass it to `ask`."""

    async def load() -> T:
        opened = database()
        try:
            return await ask(await PulpGuards(opened, 30).load(guard.pk))
        finally:
            opened.close()

    return asyncio.run(load())


def is_unchanged_after(guard: Any, change: Callable[[], object]) -> bool:
    async def change_and_compare(loaded: Guard | None) -> bool:
        assert loaded is not None
        assert loaded.is_unchanged is not None
        assert await loaded.is_unchanged()
        await asyncio.to_thread(commit, change)
        return await loaded.is_unchanged()

    return load_and(guard, change_and_compare)


def rename(guard: Any) -> object:
    return ContentGuard.objects.filter(pk=guard.pk).update(name=uuid4().hex)


def write_its_own_row(guard: Any) -> object:
    """Update the row in the table of the guard's type, without changing a value."""
    fields = guard._meta
    run(
        f"UPDATE {fields.db_table} SET {fields.pk.column} = {fields.pk.column}"
        f" WHERE {fields.pk.column} = '{guard.pk}'"
    )
    return None


def delete(guard: Any) -> object:
    return ContentGuard.objects.filter(pk=guard.pk).delete()


@pytest.mark.parametrize("change", [rename, write_its_own_row, delete])
@pytest.mark.parametrize("pulp_type", _NEEDS)
def test_a_guard_that_was_changed_is_found_by_comparison(
    pulp_type: str, change: Callable[[Any], object]
) -> None:
    with made(pulp_type) as guard:
        assert not is_unchanged_after(guard, lambda: change(guard))


@pytest.mark.parametrize("pulp_type", _NEEDS)
def test_a_change_of_another_guard_is_none(pulp_type: str) -> None:
    with made(pulp_type) as guard, made(pulp_type) as other:
        assert is_unchanged_after(guard, lambda: write_its_own_row(other))


@pytest.mark.parametrize("when", ["before it is loaded", "after"])
def test_a_guard_whose_changes_nobody_announces_is_not_kept(when: str) -> None:
    trigger = "TRIGGER contentroutes_core_headercontentguard_update"

    def disable() -> None:
        run(f"ALTER TABLE core_headercontentguard DISABLE {trigger}")

    async def kind(loaded: Guard | None) -> tuple[GuardNeeds, bool]:
        assert loaded is not None
        return loaded.needs, loaded.is_unchanged is None

    with made("core.header") as guard:
        try:
            if when == "after":
                assert not is_unchanged_after(guard, disable)
            else:
                commit(disable)
            assert load_and(guard, kind) == (GuardNeeds.PULP, True)
        finally:
            commit(lambda: run(f"ALTER TABLE core_headercontentguard ENABLE ALWAYS {trigger}"))
        assert load_and(guard, kind) == (GuardNeeds.REQUEST, False)


def test_a_guard_that_asks_for_users_is_never_kept() -> None:
    async def kind(loaded: Guard | None) -> tuple[GuardNeeds, bool]:
        assert loaded is not None
        return loaded.needs, loaded.is_unchanged is None

    with made("core.rbac") as guard:
        assert load_and(guard, kind) == (GuardNeeds.PULP, True)
