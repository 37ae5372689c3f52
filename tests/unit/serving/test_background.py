"""Background tasks never end unnoticed: the end is logged and counted, and the task restarted."""

import ast
import asyncio
import logging
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import pulp_contentroutes
from pulp_contentroutes.serving import background as module
from pulp_contentroutes.serving.background import Background, Task

PACKAGE = Path(pulp_contentroutes.__file__).parent


class Job:
    """A job whose rounds end as given; after the last of them it waits."""

    def __init__(self, *ends: BaseException | None) -> None:
        self._ends = list(ends)
        self.rounds = 0
        self.is_done = asyncio.Event()

    async def __call__(self) -> None:
        self.rounds += 1
        if not self._ends:
            self.is_done.set()
            await asyncio.Event().wait()
        end = self._ends.pop(0)
        if end is not None:
            raise end


@pytest.fixture
async def background(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Background]:
    monkeypatch.setattr(module, "_FIRST_PAUSE_SECONDS", 0)
    background = Background()
    yield background
    await background.end()


def only(background: Background) -> Task:
    [task] = background
    return task


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(OSError(116, "Stale file handle"), id="failed"),
        pytest.param(asyncio.CancelledError(), id="was cancelled by what it waited for"),
        pytest.param(None, id="returned"),
    ],
)
async def test_a_task_that_ends_is_logged_and_started_anew(
    background: Background, caplog: pytest.LogCaptureFixture, end: BaseException | None
) -> None:
    job = Job(end, end)
    background.run("looking", job)
    await job.is_done.wait()
    assert job.rounds == 3
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 2
    assert "'looking'" in caplog.text
    assert end is None or caplog.records[0].exc_info is not None
    assert (only(background).failures, only(background).is_well) == (2, True)


async def test_a_round_that_fails_is_not_the_last(
    background: Background, caplog: pytest.LogCaptureFixture
) -> None:
    job = Job(None, ValueError("x"), None, None)
    background.repeat("looking", 0, job)
    await job.is_done.wait()
    assert job.rounds == 5
    assert only(background).failures == len(caplog.records) == 1
    assert not only(background).is_failing


async def test_pauses_grow_up_to_a_bound(
    background: Background, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or a task that fails at once would fill the log, and occupy a processor."""
    pauses, sleep = [], asyncio.sleep

    async def fall_asleep(seconds: float) -> None:
        pauses.append(seconds)
        await sleep(0)

    monkeypatch.setattr(module, "_FIRST_PAUSE_SECONDS", 1.0)
    monkeypatch.setattr(asyncio, "sleep", fall_asleep)
    job = Job(*[ValueError()] * 8)
    background.run("looking", job)
    await job.is_done.wait()
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]


async def test_a_task_that_hangs_is_not_well(
    background: Background, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that waits for a dead NFS server raises nothing."""
    job = Job()
    background.repeat("looking", 0, job)
    await job.is_done.wait()
    task = only(background)
    task.interval, task.last_round = 30, 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: 1119.0)
    assert task.is_well
    monkeypatch.setattr(time, "monotonic", lambda: 1121.0)
    assert not task.is_well


async def test_the_end_waits_for_every_task_and_raises_nothing() -> None:
    background, ended = Background(), []

    async def clean_up() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)
            raise OSError("x")

    for _ in range(3):
        background.run("cleaning up", clean_up)
    await asyncio.sleep(0)
    await background.end()
    assert ended == [True] * 3
    assert list(background) == []
    assert {task.get_coro().__name__ for task in asyncio.all_tasks()} <= {  # type: ignore[union-attr]
        "test_the_end_waits_for_every_task_and_raises_nothing"
    }


@pytest.mark.parametrize(
    "file", [*PACKAGE.glob("serving/**/*.py"), *PACKAGE.glob("app/**/*.py")], ids=lambda f: f.name
)
def test_every_task_is_started_by_the_supervisor(file: Path) -> None:
    names = {"create_task", "ensure_future", "Thread"}
    called = {
        getattr(node.func, "attr", getattr(node.func, "id", ""))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    }
    # The listener notices the end of its comparisons, and restarts; an import awaits its own task.
    owners = (
        "serving/background.py",
        "serving/notifications/listener.py",
        # Awaits it at once: a task is the only way to give a coroutine a context of its own.
        "serving/pipeline.py",
        "app/galaxy/tasks/imports.py",
    )
    assert not called & names or str(file.relative_to(PACKAGE)) in owners
