"""Requests through the real nginx and Apache, with our snippets in every site they are made for."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientPayloadError
from aiohttp.http import HttpVersion11
from yarl import URL

from pulp_contentroutes.paths import CONTENT_PREFIX, GALAXY_PREFIX
from tests.snippets.conftest import SPARSE_SIZE, Front, Upstreams

#: The sites that we ship; only these carry the large transfers.
SHIPPED = ("nginx-ours", "apache-ours")
#: The sites whose locations of Pulp are ours, too.
WHOLE = (*SHIPPED, "nginx-serve")
NGINX = ("nginx-ours", "nginx-serve", "nginx-image", "nginx-compose")
MEBIBYTE = 1024 * 1024
GIBIBYTE = 1024 * MEBIBYTE
#: From nginx's log. The message for an upload, which does reach the disk, is another one.
SPOOLED = "an upstream response is buffered to a temporary file"

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(autouse=True)
def clear_requests(upstreams: Upstreams) -> None:
    """Forget the requests of earlier tests."""
    upstreams.seen.clear()


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


def prefixes(front: Front) -> list[str]:
    """Return the prefixes for which we write the locations, in this site."""
    ours = [CONTENT_PREFIX, GALAXY_PREFIX]
    return [*ours, "/pulp/content/", "/pulp/api/v3/", "/"] if front.name in WHOLE else ours


def content_prefixes(front: Front) -> list[str]:
    return [prefix for prefix in prefixes(front) if prefix.endswith("/content/")]


async def test_host_scheme_and_client_address_arrive(front: Front) -> None:
    headers = {"Host": "pulp.example.com:8443", "X-Forwarded-For": "192.0.2.1"}
    for prefix in prefixes(front):
        async with front.session.get(front.url + prefix + "x", headers=headers) as response:
            assert response.status == 200
        seen = front.last.headers
        assert seen["host"] == "pulp.example.com:8443"
        assert seen["x-forwarded-proto"] == "http"
        assert seen["x-forwarded-for"] == "192.0.2.1, 127.0.0.1"


async def test_a_certificate_that_the_client_wrote_does_not_get_through(front: Front) -> None:
    """Certificate guards believe this header."""
    headers = {"X-CLIENT-CERT": "forged", "x-client-cert": "forged too"}
    for prefix in prefixes(front):
        async with front.session.get(front.url + prefix + "x", headers=headers) as response:
            assert response.status == 200
        assert not front.last.headers.get("x-client-cert"), prefix


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
        assert (status, front.seen) == (404, [])
    else:
        assert (status, front.last.raw_path) == (200, f"{CONTENT_PREFIX}a%2Fb")


async def test_a_redirect_is_passed_on_as_the_app_sent_it(front: Front) -> None:
    url = f"{front.url}{CONTENT_PREFIX}moved"
    async with front.session.get(url, allow_redirects=False) as response:
        location = URL(response.headers["Location"])
    assert response.status == 301
    assert location.path == f"{CONTENT_PREFIX}moved/"


@pytest.mark.parametrize("front", NGINX, indirect=True)
async def test_a_redirect_to_a_host_that_is_called_as_an_upstream_is_passed_on(
    front: Front,
) -> None:
    """By its own rule, nginx would treat it as a redirect to the upstream."""
    for prefix in prefixes(front):
        host = "pulp-content" if prefix.endswith("/content/") else "pulp-api"
        to = f"http://{host}{prefix}x/"
        url = f"{front.url}{prefix}moved"
        async with front.session.get(url, params={"to": to}, allow_redirects=False) as response:
            assert (response.status, response.headers["Location"]) == (301, to)


@pytest.mark.parametrize("front", ["apache-ours", "apache-installer"], indirect=True)
async def test_a_redirect_to_the_upstreams_own_address_leads_to_the_clients(
    front: Front, upstreams: Upstreams
) -> None:
    for prefix in prefixes(front):
        own = upstreams.content if prefix.endswith("/content/") else upstreams.api
        url, to = f"{front.url}{prefix}moved", f"http://{own}{prefix}x/"
        async with front.session.get(url, params={"to": to}, allow_redirects=False) as response:
            assert response.headers["Location"] == f"{front.url}{prefix}x/"


@pytest.mark.parametrize("query", ["", "?q=%2F+%20&r"])
async def test_a_prefix_without_its_slash_leads_to_it_at_the_clients_own_address(
    front: Front, query: str
) -> None:
    """The port and the scheme of the client are not always those of the web server."""
    for prefix in prefixes(front)[:4]:
        url = URL(f"{front.url}{prefix[:-1]}{query}", encoded=True)
        headers = {"Host": "pulp.example.com:8443"}
        async with front.session.get(url, headers=headers, allow_redirects=False) as response:
            assert (response.status, response.headers["Location"]) == (301, prefix + query)
        if front.seen:
            assert front.seen.pop().service == ("content" if "/content/" in prefix else "api")


async def test_what_only_begins_like_a_prefix_is_something_else(front: Front) -> None:
    for prefix in prefixes(front)[:4]:
        async with front.session.get(f"{front.url}{prefix[:-1]}s") as response:
            assert (response.status, await response.text()) == (200, "api")


async def test_a_body_that_breaks_off_breaks_off(front: Front) -> None:
    """Under HTTP/1.0, a body without a length would look complete."""
    for prefix in prefixes(front):
        async with front.session.get(f"{front.url}{prefix}breaks-off") as response:
            with pytest.raises(ClientPayloadError):
                await response.read()
        assert front.last.http == HttpVersion11


@pytest.mark.parametrize("front", ["nginx-ours", "nginx-serve"], indirect=True)
async def test_connections_to_the_content_app_are_kept(front: Front) -> None:
    for prefix in content_prefixes(front):
        for _ in range(2):
            async with front.session.get(f"{front.url}{prefix}x") as response:
                assert response.status == 200
        first, second = (each.peer for each in front.seen[-2:])
        assert first == second


async def test_an_upload_beyond_the_limit_of_pulps_sites_passes(front: Front) -> None:
    """Pulp's images stop at 10 MB: a larger collection could not be published."""
    mebibytes = 300 if front.name in SHIPPED else 11

    async def body() -> AsyncIterator[bytes]:
        for _ in range(mebibytes):
            yield bytes(MEBIBYTE)

    async with front.session.post(f"{front.url}{GALAXY_PREFIX}x", data=body()) as response:
        assert response.status == 200
    assert (front.last.method, front.last.body_size) == ("POST", mebibytes * MEBIBYTE)


@pytest.mark.parametrize("front", NGINX, indirect=True)
@pytest.mark.parametrize(("size", "status"), [(720 * MEBIBYTE, 100), (720 * MEBIBYTE + 1, 413)])
async def test_nginx_takes_720_mib_and_not_a_byte_more(
    front: Front, size: int, status: int
) -> None:
    """The default CONTENTROUTES_COLLECTION_MAX_BYTES, in base64. Apache does not limit a proxy."""
    assert await announce(front, f"{GALAXY_PREFIX}x", size) == status


@pytest.mark.parametrize("front", ["nginx-ours", "nginx-serve"], indirect=True)
async def test_pulps_api_takes_uploads_of_any_size(front: Front) -> None:
    for prefix in ("/pulp/api/v3/", "/"):
        assert await announce(front, f"{prefix}x", 2**40) == 100


async def announce(front: Front, path: str, size: int) -> int:
    """Return the status by which nginx accepts or refuses a body before it is sent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", URL(front.url).port)
    head = f"POST {path} HTTP/1.1\r\nHost: pulp.example.com\r\nContent-Length: {size}\r\n"
    writer.write(f"{head}Expect: 100-continue\r\n\r\n".encode())
    answer = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return int(answer.split()[1])


async def test_the_download_of_a_slow_client_is_not_spooled_to_disk(front: Front) -> None:
    """nginx spools 1 GiB at most: a longer download stalls or ends there."""
    for prefix in content_prefixes(front):
        async with front.session.get(f"{front.url}{prefix}base/sparse"):
            # The body is not read while the front and the upstream answer these.
            for _ in range(20):
                async with front.session.get(front.url + prefix) as other:
                    assert other.status == 200
    assert SPOOLED not in front.log.read_text()


@pytest.mark.parametrize("front", SHIPPED, indirect=True)
async def test_a_download_of_more_than_a_gibibyte_passes_without_touching_the_disk(
    front: Front,
) -> None:
    headers = {"Range": f"bytes=0-{GIBIBYTE}"}
    received = 0
    url = f"{front.url}{CONTENT_PREFIX}base/sparse"
    async with front.session.get(url, headers=headers) as response:
        assert response.headers["Content-Length"] == str(GIBIBYTE + 1)
        async for chunk in response.content.iter_any():
            received += len(chunk)
    assert received == GIBIBYTE + 1
    assert SPOOLED not in front.log.read_text()


async def test_a_range_survives(front: Front) -> None:
    url = f"{front.url}{CONTENT_PREFIX}base/sparse"
    async with front.session.get(url, headers={"Range": "bytes=5000000000-5000000009"}) as response:
        assert (response.status, await response.read()) == (206, b"\0" * 10)
        expected = f"bytes 5000000000-5000000009/{SPARSE_SIZE}"
        assert response.headers["Content-Range"] == expected


async def test_a_range_that_pulp_ignores_is_ignored(front: Front) -> None:
    """Pulp may have a reason: parts of a listing that has changed meanwhile must not be joined."""
    for prefix in content_prefixes(front):
        for value in ("bytes=0-1", "bytes=-0", "bytes=0-0,2-2"):
            url, headers = f"{front.url}{prefix}x", {"Range": value}
            async with front.session.get(url, headers=headers) as response:
                assert (response.status, await response.text()) == (200, "content")
                assert "Accept-Ranges" not in response.headers


async def test_several_ranges_survive(front: Front) -> None:
    url = f"{front.url}{CONTENT_PREFIX}base/ranges"
    async with front.session.get(url, headers={"Range": "bytes=0-0,2-2"}) as response:
        assert (response.status, await response.read()) == (206, b"as it is")
        assert response.headers["Content-Type"] == "multipart/byteranges; boundary=x"
        assert response.headers["Accept-Ranges"] == "bytes"


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
