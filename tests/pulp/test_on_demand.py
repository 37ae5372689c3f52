"""Content that is still at its upstream streams through the content route."""

import hashlib
import os
from collections.abc import Iterator

import pytest

from tests.harness.http1 import PREFIXES, ask
from tests.harness.pulp import Pulp
from tests.harness.upstream import Upstream, run_upstream


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """A server with a manifest and one file that Pulp has never seen."""
    data = os.urandom(65536)
    manifest = f"big.bin,{hashlib.sha256(data).hexdigest()},{len(data)}\n"
    with run_upstream() as server:
        server.files = {"/big.bin": data, "/PULP_MANIFEST": manifest.encode()}
        yield server


@pytest.mark.parametrize("policy", ["on_demand", "streamed"])
def test_remote_content_streams_on_our_prefix(pulp: Pulp, upstream: Upstream, policy: str) -> None:
    data = upstream.files["/big.bin"]
    repository = pulp.rest.synchronize(f"{upstream.url}PULP_MANIFEST", policy)
    publication = pulp.publication(repository)
    base = pulp.distribution(publication=publication)["base_path"]
    for _ in range(2):
        answer = pulp.ours.get(f"{base}/big.bin")
        assert (answer.status, answer.body) == (200, data)
    ranged = pulp.ours.get(f"{base}/big.bin", Range="bytes=16-31")
    assert (ranged.status, ranged.body) == (206, data[16:32])
    downloads = upstream.requested.count("/big.bin")
    # An on-demand file is stored by the first request, a streamed one never.
    assert downloads == (1 if policy == "on_demand" else 3)


@pytest.mark.parametrize("policy", ["on_demand", "streamed"])
@pytest.mark.parametrize("prefix", PREFIXES)
def test_an_upstream_steers_neither_the_proxy_nor_the_client(
    pulp: Pulp, upstream: Upstream, prefix: str, policy: str
) -> None:
    """Or nginx would answer with the API's status, or keep the answer for a year."""
    upstream.headers = [
        ("X-Accel-Redirect", "/pulp/api/v3/status/"),
        ("X-Accel-Expires", "31536000"),
        ("X-Sendfile", "/etc/passwd"),
        ("Set-Cookie", "session=theirs"),
        ("Cache-Control", "public, max-age=31536000"),
        ("Content-Disposition", "attachment"),
        ("Server", "theirs"),
    ]
    repository = pulp.rest.synchronize(f"{upstream.url}PULP_MANIFEST", policy)
    publication = pulp.publication(repository)
    base = pulp.distribution(publication=publication)["base_path"]
    for port in (pulp.instance.content_port, pulp.instance.port):
        answer = ask(port, f"{PREFIXES[prefix]}{base}/big.bin")
        assert (answer.status, answer.body) == (200, upstream.files["/big.bin"])
        assert answer["cache-control"] == "public, max-age=0, must-revalidate"
        assert "theirs" not in str(answer.headers)
        assert not answer.headers.keys() & {
            "x-accel-redirect", "x-accel-expires", "x-sendfile", "set-cookie",
            "content-disposition",
        }  # fmt: skip
