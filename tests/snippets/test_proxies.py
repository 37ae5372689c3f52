"""Requests through the real nginx and Apache, with our snippets in every site they are made for."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession, ClientTimeout
from aiohttp.test_utils import unused_port
from yarl import URL

from pulp_contentroutes.paths import CONTENT_PREFIX, GALAXY_PREFIX
from tests.snippets import fronts
from tests.snippets.conftest import (
    SPARSE_SIZE,
    Front,
    Start,
    Upstreams,
    succeeded,
)

UPLOAD_SIZE = 300 * 1024 * 1024
MEBIBYTE = 1024 * 1024


@pytest.fixture(
    params=["nginx-ours", "nginx-image", "nginx-compose", "apache-ours", "apache-installer"]
)
async def front(
    request: pytest.FixtureRequest, tmp_path: Path, upstreams: Upstreams, start: Start
) -> AsyncIterator[Front]:
    """A running web server; its configuration test has passed."""
    server, _, which = request.param.partition("-")
    folder = tmp_path / "front"
    folder.mkdir()
    port = unused_port()
    make = fronts.nginx if server == "nginx" else fronts.apache
    api, content = (f"127.0.0.1:{each.port}" for each in (upstreams.api, upstreams.content))
    command = make(folder, which, f"127.0.0.1:{port}", api, content)
    await succeeded(*command.check)
    await start(command.run, port)
    async with ClientSession(timeout=ClientTimeout(total=120)) as session:
        yield Front(request.param, f"http://127.0.0.1:{port}", upstreams, session)


@pytest.mark.parametrize(
    ("path", "service"),
    [
        (f"{CONTENT_PREFIX}base/file", "content"),
        (CONTENT_PREFIX, "content"),
        (f"{GALAXY_PREFIX}base/api/", "api"),
        (GALAXY_PREFIX, "api"),
        ("/pulp/content/base/file", "content"),
        ("/pulp/api/v3/status/", "api"),
        ("/pulp_ansible/galaxy/", "api"),
        ("/pulp/container/x", "content"),
        ("/", "api"),
    ],
)
async def test_each_prefix_reaches_its_service(front: Front, path: str, service: str) -> None:
    async with front.session.get(front.url + path) as response:
        assert (response.status, await response.text()) == (200, service)
    assert front.last.raw_path == path


@pytest.mark.parametrize("prefix", [CONTENT_PREFIX, GALAXY_PREFIX])
async def test_host_scheme_and_client_address_arrive(front: Front, prefix: str) -> None:
    headers = {"Host": "pulp.example.com:8443", "X-Forwarded-For": "192.0.2.1"}
    async with front.session.get(front.url + prefix + "x", headers=headers) as response:
        assert response.status == 200
    seen = front.last.headers
    assert seen["host"] == "pulp.example.com:8443"
    assert seen["x-forwarded-proto"] == "http"
    assert seen["x-forwarded-for"] == "192.0.2.1, 127.0.0.1"


@pytest.mark.parametrize("prefix", [CONTENT_PREFIX, GALAXY_PREFIX])
async def test_a_certificate_that_the_client_wrote_does_not_get_through(
    front: Front, prefix: str
) -> None:
    """Certificate guards believe this header."""
    headers = {"X-CLIENT-CERT": "forged", "x-client-cert": "forged too"}
    async with front.session.get(front.url + prefix + "x", headers=headers) as response:
        assert response.status == 200
    assert not front.last.headers.get("x-client-cert")


async def test_a_certificate_header_set_after_the_apache_snippet_gets_through(front: Front) -> None:
    """Apache's administrator adds it for this path; nginx sets it from the TLS handshake alone."""
    async with front.session.get(f"{front.url}{CONTENT_PREFIX}verified/x") as response:
        assert response.status == 200
    expected = "verified" if front.name.startswith("apache") else None
    assert front.last.headers.get("x-client-cert") == expected


@pytest.mark.parametrize(
    "encoded", ["a%2Bb%20%252f%20%C3%BC%23%3F.txt", "a+b%25/c", "~%5E%3A;,=@&$!'()*"]
)
async def test_an_awkward_path_arrives_as_it_was_sent(front: Front, encoded: str) -> None:
    url = URL(f"{front.url}{CONTENT_PREFIX}{encoded}?q=%2F+%20", encoded=True)
    async with front.session.get(url) as response:
        assert response.status == 200
    assert front.last.raw_path == f"{CONTENT_PREFIX}{encoded}?q=%2F+%20"


async def test_an_encoded_slash_arrives_as_it_was_sent(front: Front) -> None:
    """Only an Apache site can allow it (AllowEncodedSlashes); the installer's does not."""
    url = URL(f"{front.url}{CONTENT_PREFIX}a%2Fb", encoded=True)
    async with front.session.get(url) as response:
        status = response.status
    if front.name == "apache-installer":
        assert (status, front.upstreams.seen) == (404, [])
    else:
        assert (status, front.last.raw_path) == (200, f"{CONTENT_PREFIX}a%2Fb")


async def test_a_redirect_is_passed_on_as_the_app_sent_it(front: Front) -> None:
    url = f"{front.url}{CONTENT_PREFIX}moved"
    async with front.session.get(url, allow_redirects=False) as response:
        location = URL(response.headers["Location"])
    assert response.status == 301
    assert location.path == f"{CONTENT_PREFIX}moved/"


async def test_a_300_mb_upload_passes(front: Front) -> None:
    block = b"\0" * MEBIBYTE

    async def body() -> AsyncIterator[bytes]:
        for _ in range(UPLOAD_SIZE // MEBIBYTE):
            yield block

    url = f"{front.url}{GALAXY_PREFIX}base/api/v3/artifacts/collections/"
    async with front.session.post(url, data=body()) as response:
        assert response.status == 200
    assert (front.last.method, front.last.body_size) == ("POST", UPLOAD_SIZE)


async def test_a_1_5_gb_download_passes_without_touching_the_disk(
    front: Front, tmp_path: Path
) -> None:
    received = 0
    async with front.session.get(f"{front.url}{CONTENT_PREFIX}base/sparse") as response:
        assert response.headers["Content-Length"] == str(SPARSE_SIZE)
        async for chunk in response.content.iter_any():
            received += len(chunk)
    assert received == SPARSE_SIZE
    # nginx says so in its log when it spools a response.
    assert "temporary file" not in (tmp_path / "server.log").read_text()


async def test_a_range_survives(front: Front) -> None:
    url = f"{front.url}{CONTENT_PREFIX}base/sparse"
    async with front.session.get(url, headers={"Range": "bytes=1500000000-1500000009"}) as response:
        assert (response.status, await response.read()) == (206, b"\0" * 10)
        expected = f"bytes 1500000000-1500000009/{SPARSE_SIZE}"
        assert response.headers["Content-Range"] == expected


async def test_head_survives(front: Front) -> None:
    async with front.session.head(f"{front.url}{CONTENT_PREFIX}base/sparse") as response:
        assert response.status == 200
        assert response.headers["Content-Length"] == str(SPARSE_SIZE)
        assert response.headers["Accept-Ranges"] == "bytes"
    assert front.last.method == "HEAD"


async def test_a_304_survives(front: Front) -> None:
    url = f"{front.url}{CONTENT_PREFIX}base/sparse"
    async with front.session.head(url) as response:
        etag = response.headers["ETag"]
    async with front.session.get(url, headers={"If-None-Match": etag}) as response:
        assert (response.status, await response.read()) == (304, b"")
        assert response.headers["ETag"] == etag
