"""Answers of Pulp's handler: without headers of an upstream, and private behind a guard."""

import pytest
from aiohttp import web
from multidict import CIMultiDict

from pulp_contentroutes.serving.access.guards import GuardNeeds
from pulp_contentroutes.serving.request_state import mark_guarded
from tests.unit.serving.conftest import OURS, PULPS, Client, FastPath, MakeClient, get, guarded

#: Headers that an upstream may send, and that must not reach a proxy or a client.
HOSTILE = [
    ("X-Accel-Redirect", "/pulp/api/v3/status/"),
    ("X-Accel-Expires", "31536000"),
    ("X-Accel-Buffering", "no"),
    ("X-Accel-Limit-Rate", "1"),
    ("X-Sendfile", "/etc/passwd"),
    ("X-Lighttpd-Send-File", "/etc/passwd"),
    ("Set-Cookie", "a=1"),
    ("Set-Cookie", "b=2"),
    ("Refresh", "0; url=http://elsewhere/"),
    ("Location", "http://elsewhere/"),
    ("Content-Disposition", "attachment"),
    ("Content-Security-Policy", "default-src *"),
    ("Strict-Transport-Security", "max-age=31536000"),
    ("Access-Control-Allow-Origin", "*"),
    ("Clear-Site-Data", '"*"'),
    ("Surrogate-Control", "max-age=31536000"),
    ("CDN-Cache-Control", "max-age=31536000"),
    ("Expires", "Thu, 31 Dec 2099 00:00:00 GMT"),
    ("Age", "5"),
    ("Vary", "*"),
    ("Link", "<http://elsewhere/>; rel=preload"),
    ("WWW-Authenticate", "Basic"),
    ("Via", "1.1 upstream"),
]
OF_THE_REPRESENTATION = {"Content-Type": "text/x-odd", "ETag": '"theirs"'}


@pytest.fixture
async def streaming(fast_path: FastPath, aiohttp_client: MakeClient) -> Client:
    """Return a client of the fast path with a handler that, like Pulp's, streams and lists."""

    async def answer(request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        if path.endswith("found/"):
            # As our handler does when it asks the guard of a distribution.
            mark_guarded(request)
        if path.endswith("/"):
            return web.Response(text="a listing")
        if path.endswith("moved"):
            raise web.HTTPMovedPermanently(f"{request.path}/")
        response = web.StreamResponse(headers=CIMultiDict({"X-PULP-ARTIFACT-SIZE": "4"}))
        for name, value in [*HOSTILE, *OF_THE_REPRESENTATION.items()]:
            response.headers.add(name, value)
        response.headers["Cache-Control"] = "public, max-age=31536000, s-maxage=1"
        response.headers["Server"] = "theirs"
        response.headers["Date"] = "Thu, 01 Jan 1970 00:00:00 GMT"
        await response.prepare(request)
        await response.write(b"data")
        return response

    pipeline = fast_path.pipeline
    app = web.Application(middlewares=[pipeline.outermost, pipeline.innermost])
    app.on_response_prepare.append(pipeline.correct_headers)
    app.add_routes([web.get(prefix + "{path:.+}", answer) for prefix in (OURS, PULPS, "/other/")])
    return await aiohttp_client(app)


@pytest.mark.parametrize("prefix", [OURS, PULPS])
async def test_no_header_of_an_upstream_reaches_a_client(
    streaming: Client, fast_path: FastPath, prefix: str
) -> None:
    """nginx obeys X-Accel-Redirect, browsers Set-Cookie."""
    fast_path.database.add_file("x", b"", fast_path.root, artifact_id=None)
    async with streaming.get(f"{prefix}base/x") as answer:
        assert await answer.read() == b"data"
    assert {name.lower() for name in answer.headers} == {
        "content-type", "etag", "x-pulp-artifact-size", "cache-control", "date", "server",
        "transfer-encoding",
    }  # fmt: skip
    for name, value in OF_THE_REPRESENTATION.items():
        assert answer.headers[name] == value
    assert answer.headers["Cache-Control"] == "public, max-age=0, must-revalidate"
    assert "theirs" not in answer.headers["Server"]
    assert "1970" not in answer.headers["Date"]


async def test_other_routes_keep_their_headers(streaming: Client) -> None:
    async with streaming.get("/other/x") as answer:
        assert await answer.read() == b"data"
    assert answer.headers.getall("Set-Cookie") == ["a=1", "b=2"]


@pytest.mark.parametrize("prefix", [OURS, PULPS])
@pytest.mark.parametrize("dot", ["", "./"])
@pytest.mark.parametrize(
    ("path", "status", "expected"),
    [
        pytest.param("far", 200, "private, max-age=0, must-revalidate", id="streamed"),
        pytest.param("dir/", 200, "private", id="a listing"),
        pytest.param("moved", 301, "private", id="a redirect"),
    ],
)
async def test_what_pulp_answers_behind_a_guard_is_private(
    streaming: Client,
    fast_path: FastPath,
    prefix: str,
    dot: str,
    path: str,
    status: int,
    expected: str,
) -> None:
    guarded(fast_path, GuardNeeds.REQUEST)
    for name in ("far", "moved"):
        fast_path.database.add_file(name, b"", fast_path.root, artifact_id=None)
    headers = {"X-Key": "yes"}
    url = f"{prefix}base/{dot}{path}"
    async with streaming.get(url, headers=headers, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Cache-Control"]) == (status, expected)


async def test_what_pulp_answers_without_a_guard_is_as_pulp_says(
    streaming: Client, fast_path: FastPath
) -> None:
    fast_path.database.add_file("dir/x", b"", fast_path.root)
    answer = await get(streaming, "base/dir/")
    assert (answer.status, "Cache-Control" in answer.headers) == (200, False)


async def test_a_guard_that_only_pulp_has_found_is_known_though_a_password_was_left_out(
    streaming: Client, fast_path: FastPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request without the password is a clone of the one whose answer is prepared."""

    async def leave_out(request: web.Request, **_: bool) -> web.Request:
        return request.clone(headers={})

    fast_path.answers.is_on = False
    monkeypatch.setattr(fast_path.admission, "begin_authentication", leave_out)
    answer = await get(streaming, "base/found/")
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "private")
