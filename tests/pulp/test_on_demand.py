"""Content that is still at its upstream streams through the content route."""

import hashlib
import os
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.pulp.conftest import Pulp

SIZE = 65536


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: Any) -> None:
        self.server.requested.append(self.path)  # type: ignore[attr-defined]


@pytest.fixture
def upstream(tmp_path: Path) -> Iterator[ThreadingHTTPServer]:
    """A server with a manifest and one file of SIZE bytes that Pulp has never seen."""
    data = os.urandom(SIZE)
    (tmp_path / "big.bin").write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    (tmp_path / "PULP_MANIFEST").write_text(f"big.bin,{digest},{len(data)}\n")
    handler = partial(_Quiet, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.requested = []  # type: ignore[attr-defined]
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("policy", ["on_demand", "streamed"])
def test_remote_content_streams_on_our_prefix(
    pulp: Pulp, upstream: ThreadingHTTPServer, tmp_path: Path, policy: str
) -> None:
    data = (tmp_path / "big.bin").read_bytes()
    url = f"http://127.0.0.1:{upstream.server_port}/PULP_MANIFEST"
    repository = pulp.rest.synced(url, policy)
    publication = pulp.rest.publication(repository)
    base = pulp.rest.distribution(publication=publication)["base_path"]
    for _ in range(2):
        answer = pulp.ours.get(f"{base}/big.bin")
        assert (answer.status, answer.body) == (200, data)
    ranged = pulp.ours.get(f"{base}/big.bin", Range="bytes=16-31")
    assert (ranged.status, ranged.body) == (206, data[16:32])
    downloads = upstream.requested.count("/big.bin")  # type: ignore[attr-defined]
    # An on-demand file is stored by the first request, a streamed one never.
    assert downloads == (1 if policy == "on_demand" else 3)
