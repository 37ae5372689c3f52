"""The log entries that operators search for cover the fast path, too."""

import os

from tests.harness.pulp import Pulp
from tests.harness.waiting import wait_until


def test_a_line_in_the_log_has_a_correlation_id(pulp: Pulp) -> None:
    """An administrator searches the logs of all services for this id."""
    base = pulp.publish({"x": b"x" * 300_000})
    assert pulp.ours.get(f"{base}/x").status == 200
    name = pulp.instance.console.run(f"""
from pulpcore.plugin.models import ContentArtifact, Distribution
content = Distribution.objects.get(base_path={base!r}).publication.repository_version.content
print(ContentArtifact.objects.get(content__in=content, relative_path="x").artifact.file.path)
""")
    os.truncate(name, 10)
    offset = pulp.instance.log.stat().st_size
    pulp.instance.console.run("""
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
