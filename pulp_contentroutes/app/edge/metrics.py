"""What OpenTelemetry collects of ours, beside Pulp's own measurements."""

import os
import socket
from collections.abc import Iterable, Mapping

from django.conf import settings
from opentelemetry.metrics import CallbackOptions, Observation
from pulpcore.metrics import init_otel_meter

from pulp_contentroutes.serving.background import Background
from pulp_contentroutes.serving.handover import Handover

FAILURES = "contentroutes.background.failures"
RUNNING = "contentroutes.background.running"
HANDOVERS = "contentroutes.handovers"


def observe(background: Background, handovers: Mapping[Handover, int]) -> None:
    """Let a meter read how background tasks are, and how many requests were left to Pulp and why.

    Both are of this worker. Nothing is measured where Pulp measures nothing.
    """
    if not settings.OTEL_ENABLED:
        return
    # As pulpcore names its processes in the measurements of served bytes.
    worker = {"worker_process": f"{os.getpid()}@{socket.gethostname()}"}

    def failures(_: CallbackOptions) -> Iterable[Observation]:
        return [Observation(each.failures, {"task": each.name, **worker}) for each in background]

    def running(_: CallbackOptions) -> Iterable[Observation]:
        return [
            Observation(int(each.is_well), {"task": each.name, **worker}) for each in background
        ]

    def handed_over(_: CallbackOptions) -> Iterable[Observation]:
        # A copy: this runs in a thread of the meter's.
        counts = dict(handovers)
        return [Observation(counts[each], {"reason": each.reason, **worker}) for each in counts]

    meter = init_otel_meter("pulp-content")
    meter.create_observable_counter(
        FAILURES, [failures], description="How often a background task ended, and began anew"
    )
    meter.create_observable_gauge(
        RUNNING, [running], description="1 for a background task that does its work, otherwise 0"
    )
    meter.create_observable_counter(
        HANDOVERS, [handed_over], description="Requests that were left to Pulp's own handler"
    )
