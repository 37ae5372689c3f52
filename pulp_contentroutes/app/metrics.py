"""What OpenTelemetry collects of ours, beside Pulp's own measurements."""

import os
import socket
from collections.abc import Iterable

from django.conf import settings
from opentelemetry.metrics import CallbackOptions, Observation
from pulpcore.metrics import init_otel_meter

from pulp_contentroutes.serving.background import Background

FAILURES = "contentroutes.background.failures"
RUNNING = "contentroutes.background.running"


def observe(background: Background) -> None:
    """Let a meter read how the background tasks of this worker are, where Pulp has one."""
    if not settings.OTEL_ENABLED:
        return
    # As pulpcore names its processes in the measurements of served bytes.
    worker = f"{os.getpid()}@{socket.gethostname()}"

    def failures(_: CallbackOptions) -> Iterable[Observation]:
        return [Observation(each.failures, _attributes(each.name)) for each in background]

    def running(_: CallbackOptions) -> Iterable[Observation]:
        return [Observation(int(each.is_well), _attributes(each.name)) for each in background]

    def _attributes(task: str) -> dict[str, str]:
        return {"task": task, "worker_process": worker}

    meter = init_otel_meter("pulp-content")
    meter.create_observable_counter(
        FAILURES, [failures], description="How often a background task ended, and began anew"
    )
    meter.create_observable_gauge(
        RUNNING, [running], description="1 for a background task that does its work, otherwise 0"
    )
