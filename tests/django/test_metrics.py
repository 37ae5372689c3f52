"""Pulp's counter of served bytes includes the fast path; background tasks have metrics, too."""

import asyncio
from typing import Any

import pytest
from aiohttp import web
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from pulpcore import metrics
from pytest_django import Settings

from pulp_contentroutes.app.edge.content_handler import ContentRouteHandler
from pulp_contentroutes.app.edge.fast_path import FastPath, _count_bytes
from pulp_contentroutes.app.edge.metrics import FAILURES, HANDOVERS, RUNNING, observe
from pulp_contentroutes.serving.background import Background
from pulp_contentroutes.serving.handover import Handover
from pulp_contentroutes.serving.notifications.listener import Listener


class Recorder:
    def __init__(self) -> None:
        self.counted: list[tuple[int, str]] = []

    def add(self, amount: int, attributes: dict[str, str]) -> None:
        assert attributes["worker_process"]
        self.counted.append((amount, attributes["domain_name"]))


def test_served_bytes_are_counted_for_their_domain(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Operators bill by this counter."""
    settings.OTEL_ENABLED = settings.DOMAIN_ENABLED = True
    # No metrics are to be exported.
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    counter, recorder = metrics.ArtifactsSizeCounter.build(), Recorder()
    monkeypatch.setattr(counter, "counter", recorder)
    monkeypatch.setattr("pulp_contentroutes.app.edge.fast_path.artifacts_size_counter", counter)
    count = _count_bytes()
    assert count
    count("default", 4096)
    count("acme", 0)
    assert recorder.counted == [(4096, "default"), (0, "acme")]


def test_nothing_is_counted_where_pulp_counts_nothing(settings: Settings) -> None:
    settings.OTEL_ENABLED = False
    assert _count_bytes() is None


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> InMemoryMetricReader:
    """Return a reader of our measurements, in place of a collector."""
    reader = InMemoryMetricReader()
    meter = MeterProvider([reader], shutdown_on_exit=False).get_meter("pulp.metrics")
    monkeypatch.setattr("pulp_contentroutes.app.edge.metrics.init_otel_meter", lambda _: meter)
    return reader


def measured(reader: InMemoryMetricReader) -> dict[tuple[str, str], float]:
    """Return the values by measurement, and by background task or reason."""
    data = reader.get_metrics_data()
    metrics = data.resource_metrics[0].scope_metrics[0].metrics if data else ()
    points: list[tuple[str, Any]] = [
        (each.name, point) for each in metrics for point in each.data.data_points
    ]
    assert all(point.attributes["worker_process"] for _, point in points)
    return {
        (name, point.attributes.get("task") or point.attributes["reason"]): point.value
        for name, point in points
    }


async def test_background_tasks_that_fail_are_measured(
    settings: Settings, reader: InMemoryMetricReader
) -> None:
    """Otherwise an ended watcher would show weeks later, by a file that was deleted long ago."""
    settings.OTEL_ENABLED = True
    background, has_failed = Background(), asyncio.Event()

    async def fail() -> None:
        has_failed.set()
        raise OSError("Stale file handle")

    background.run("failing", fail)
    background.run("waiting", asyncio.Event().wait)
    observe(background, {})
    await has_failed.wait()
    await asyncio.sleep(0)
    assert measured(reader) == {
        (FAILURES, "failing"): 1,
        (FAILURES, "waiting"): 0,
        (RUNNING, "failing"): 0,
        (RUNNING, "waiting"): 1,
    }
    await background.end()


async def test_requests_that_are_left_to_pulp_are_measured_by_their_reason(
    settings: Settings, reader: InMemoryMetricReader
) -> None:
    """They tell an operator why content is served slowly."""
    settings.OTEL_ENABLED = True
    counts = {Handover.REMOTE: 2}
    observe(Background(), counts)
    counts[Handover.DIRECTORY] = 1
    assert measured(reader) == {(HANDOVERS, "remote"): 2, (HANDOVERS, "directory"): 1}


async def test_no_background_task_is_measured_where_pulp_measures_nothing(
    settings: Settings, reader: InMemoryMetricReader
) -> None:
    settings.OTEL_ENABLED = False
    background = Background()
    background.run("waiting", asyncio.Event().wait)
    observe(background, {})
    assert measured(reader) == {}
    await background.end()


@pytest.fixture
def fast_path(settings: Settings) -> FastPath:
    """Return a fast path that is made, as in a worker, before the event loop runs."""
    settings.OTEL_ENABLED = settings.CONTENTROUTES_FAST_PATH = True
    return FastPath(ContentRouteHandler())


async def test_a_worker_supervises_what_runs_beside_its_requests(
    fast_path: FastPath, reader: InMemoryMetricReader, monkeypatch: pytest.MonkeyPatch
) -> None:

    async def listen(_: Listener) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Listener, "run", listen)
    running = fast_path.running(web.Application())
    await anext(running)
    tasks = {task for name, task in measured(reader) if name == RUNNING}
    assert tasks == {"content routes", "listener", "open files", "uses of tokens"}
    with pytest.raises(StopAsyncIteration):
        await anext(running)
    assert measured(reader) == {}
