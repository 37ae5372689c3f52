"""What operators measure and search for counts the fast path, too."""

import os
from pathlib import Path

from tests.pulp.conftest import Pulp
from tests.pulp.standalone import Standalone, run, wait_until

COUNT = """
from django.test import override_settings

class Recorder:
    def add(self, amount, attributes):
        print(amount, attributes["domain_name"], bool(attributes["worker_process"]))

with override_settings(OTEL_ENABLED=True):
    from pulpcore import metrics
    metrics.artifacts_size_counter = metrics.ArtifactsSizeCounter.build()
    metrics.artifacts_size_counter.counter = Recorder()
    from pulp_contentroutes.app.fast_path import _count_bytes
    count = _count_bytes()
count("default", 4096)
count("acme", 0)
"""


def test_pulps_counter_of_served_bytes_is_told(domains: Standalone) -> None:
    """Billing by domain is made of it."""
    counted = run(
        *("manage", "--data", str(domains.data), "shell", "--no-imports", "-c", COUNT),
        env={**os.environ, "OTEL_SDK_DISABLED": "true"},
    )
    assert counted.stdout.split("\n")[:2] == ["4096 default True", "0 acme True"], counted.stderr


def test_a_line_in_the_log_has_a_correlation_id(pulp: Pulp, folder: Path) -> None:
    """It is what an administrator searches the logs of all services for."""
    base = pulp.rest.published({"x": b"x" * 300_000}, folder)["base_path"]
    assert pulp.ours.get(f"{base}/x").status == 200
    name = pulp.instance.shell(f"""
from pulpcore.plugin.models import ContentArtifact, Distribution
content = Distribution.objects.get(base_path={base!r}).publication.repository_version.content
print(ContentArtifact.objects.get(content__in=content, relative_path="x").artifact.file.path)
""")
    os.truncate(name, 10)
    offset = pulp.instance.log.stat().st_size
    pulp.instance.shell("""
from django.db import connection
connection.cursor().execute("NOTIFY pulp_contentroutes, '*'")
""")

    def logged() -> bool:
        assert pulp.ours.get(f"{base}/x").status in (200, 500)
        return b"damaged" in pulp.instance.log.read_bytes()[offset:]

    wait_until(logged)
    lines = pulp.instance.log.read_bytes()[offset:].decode().splitlines()
    [line] = [line for line in lines if "damaged" in line][:1]
    correlation_id = line.partition("pulp [")[2].partition("]")[0]
    assert len(correlation_id) == 32
    assert int(correlation_id, 16)
