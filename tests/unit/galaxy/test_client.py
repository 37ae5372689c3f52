"""Calls of a Galaxy server: what the user learns from an answer that is no success."""

from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from pulp_contentroutes.galaxy.client import UploadFailed, _answer


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"errors": [{"detail": "No."}, {"detail": "Never."}]}, "No. Never. (502 Bad Gateway)"),
        ({"errors": [{"detail": None}]}, "/call answered 502 Bad Gateway."),
        ({"errors": None}, "/call answered 502 Bad Gateway."),
        ([], "/call answered 502 Bad Gateway."),
    ],
)
async def test_the_sentences_of_the_server_are_shown_and_no_other_document(
    aiohttp_server: Callable[[web.Application], Awaitable[TestServer]], document: Any, said: str
) -> None:
    async def refuse(request: web.Request) -> web.Response:
        return web.json_response(document, status=502)

    app = web.Application()
    app.add_routes([web.get("/call", refuse)])
    server = await aiohttp_server(app)
    async with aiohttp.ClientSession() as session:
        with pytest.raises(UploadFailed) as failed:
            await _answer(session, "GET", server.make_url("/call"))
    assert str(failed.value).endswith(said)
