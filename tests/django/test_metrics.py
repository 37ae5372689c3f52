"""Pulp's counter of served bytes counts the fast path's, too."""

import pytest
from pulpcore import metrics
from pytest_django import Settings

from pulp_contentroutes.app.fast_path import _count_bytes


class Recorder:
    def __init__(self) -> None:
        self.counted: list[tuple[int, str]] = []

    def add(self, amount: int, attributes: dict[str, str]) -> None:
        assert attributes["worker_process"]
        self.counted.append((amount, attributes["domain_name"]))


def test_served_bytes_are_counted_for_their_domain(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bills are made of it."""
    settings.OTEL_ENABLED = settings.DOMAIN_ENABLED = True
    # Nothing is to be sent anywhere.
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    counter, recorder = metrics.ArtifactsSizeCounter.build(), Recorder()
    monkeypatch.setattr(counter, "counter", recorder)
    monkeypatch.setattr("pulp_contentroutes.app.fast_path.artifacts_size_counter", counter)
    count = _count_bytes()
    assert count
    count("default", 4096)
    count("acme", 0)
    assert recorder.counted == [(4096, "default"), (0, "acme")]


def test_nothing_is_counted_where_pulp_counts_nothing(settings: Settings) -> None:
    settings.OTEL_ENABLED = False
    assert _count_bytes() is None
