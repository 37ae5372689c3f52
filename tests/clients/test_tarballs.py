"""Tarballs as they arrive through nginx: clients take them for damaged if they are encoded."""

import hashlib

import requests

from tests.clients.commands import stored
from tests.pulp.galaxy import Galaxy
from tests.pulp.standalone import requires_nginx


@requires_nginx
def test_a_tarball_has_no_content_encoding(server: Galaxy, token: str) -> None:
    data = stored(server, token)
    detail = server.get("api/v3/collections/acme/tools/versions/1.2.3/").json()
    assert detail["download_url"].startswith(server.pulp.instance.front)
    assert detail["artifact"]["sha256"] == hashlib.sha256(data).hexdigest()
    for accepted in ("identity", "gzip, deflate, br", "*"):
        headers = {"Accept-Encoding": accepted}
        answer = requests.get(detail["download_url"], headers=headers, stream=True, timeout=60)
        assert answer.status_code == 200
        assert "Content-Encoding" not in answer.headers
        assert answer.headers["Content-Length"] == str(len(data))
        assert answer.raw.read(decode_content=False) == data
