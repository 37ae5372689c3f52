"""Uploading to a Galaxy server: what the user learns from an answer that is no success."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from blockbuster import BlockBuster

from pulp_contentroutes.galaxy.client import UploadFailed, upload


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"errors": [{"detail": "No."}, {"detail": "Never."}]}, "No. Never. (502 Bad Gateway)"),
        ({"errors": [{"detail": None}]}, "/api/v3/imports/collections/ answered 502 Bad Gateway."),
        ({"errors": None}, "/api/v3/imports/collections/ answered 502 Bad Gateway."),
        ([], "/api/v3/imports/collections/ answered 502 Bad Gateway."),
    ],
)
async def test_the_sentences_of_the_server_are_shown_and_no_other_document(
    aiohttp_server: Callable[[web.Application], Awaitable[TestServer]],
    no_blocking_calls: BlockBuster,
    tmp_path: Path,
    document: Any,
    said: str,
) -> None:
    # The command has an event loop of its own, and opens files in it.
    no_blocking_calls.deactivate()

    async def refuse(request: web.Request) -> web.Response:
        await request.read()
        return web.json_response(document, status=502)

    app = web.Application()
    app.add_routes([web.post("/api/v3/imports/collections/", refuse)])
    server = await aiohttp_server(app)
    tarball = tmp_path / "a-b-1.0.0.tar.gz"
    tarball.write_bytes(b"packed")
    with pytest.raises(UploadFailed) as failed:
        async for _ in upload(str(server.make_url("/")), "", [tarball]):
            pass
    assert str(failed.value).endswith(said)
