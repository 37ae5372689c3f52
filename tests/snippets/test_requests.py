"""A web server passes on the client's own request: it is not stricter, and changes nothing."""

import asyncio
import re
from dataclasses import dataclass

import pytest
from yarl import URL

from pulp_contentroutes.paths import CONTENT_PREFIX
from tests.snippets.conftest import Front, Seen, Upstreams
from tests.snippets.test_proxies import NGINX, WHOLE, prefixes

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: Head of a request after its method and path; `{}` stands for the path.
REQUESTS = {
    "without Host": "GET {} HTTP/1.0\r\n\r\n",
    "HTTP/1.0": "GET {} HTTP/1.0\r\nHost: pulp.example.com:8080\r\n\r\n",
    "HTTP/1.1": "GET {} HTTP/1.1\r\nHost: pulp.example.com:8080\r\nConnection: close\r\n\r\n",
    "absolute": "GET http://pulp.example.com{} HTTP/1.1\r\nHost: pulp.example.com\r\n"
    "Connection: close\r\n\r\n",
    "HEAD without Host": "HEAD {} HTTP/1.0\r\n\r\n",
    "OPTIONS": "OPTIONS {} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "PATCH": "PATCH {} HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody",
    "DELETE": "DELETE {} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "POST without Host": "POST {} HTTP/1.0\r\nContent-Length: 4\r\n\r\nbody",
    "chunked": "POST {} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
    "Connection: close\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
    "IPv6": "GET {} HTTP/1.1\r\nHost: [::1]:8080\r\nConnection: close\r\n\r\n",
    "underscore": "GET {} HTTP/1.1\r\nHost: pulp_web:8080\r\nConnection: close\r\n\r\n",
    "capitals": "GET {} HTTP/1.1\r\nHost: Pulp.Example.Com\r\nConnection: close\r\n\r\n",
    "long header": "GET {} HTTP/1.1\r\nHost: a\r\nAuthorization: Basic "
    + 7000 * "x"
    + "\r\nConnection: close\r\n\r\n",
}
#: The hosts that Django accepts.
HOST = r"[a-z0-9.-]+(:\d+)?"
PATHS = ["x", "x?q=1&r=%2F", "%41%2B~;a=b", "a%20b%C3%BC", "a//b", "a/./b", "a/../b"]


@dataclass(frozen=True)
class Answer:
    status: str
    headers: str
    body: bytes


async def ask(address: str, request: str) -> Answer:
    """Send `request` to host:port as it is and return the whole answer."""
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(request.encode())
        async with asyncio.timeout(30):
            answer = await reader.read()
    finally:
        writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    line, _, headers = head.decode().partition("\r\n")
    return Answer(line.partition(" ")[2], headers, body)


def address(front: Front) -> str:
    return URL(front.url).authority


def essence(seen: Seen) -> tuple[str, str, int, str | None]:
    """Return the client's part of a request, without the additions of a proxy."""
    raw_path = seen.raw_path.removeprefix("http://pulp.example.com")
    return seen.method, raw_path, seen.body_size, seen.headers.get("authorization")


@pytest.mark.parametrize("name", REQUESTS)
async def test_a_request_gets_the_answer_that_it_gets_without_a_web_server(
    front: Front, upstreams: Upstreams, name: str
) -> None:
    for prefix in prefixes(front):
        request = REQUESTS[name].replace("{}", prefix + "x")
        direct = upstreams.content if prefix.endswith("/content/") else upstreams.api
        expected = await ask(direct, request)
        said = front.last
        answer = await ask(address(front), request)
        assert (answer.status, answer.body) == (expected.status, expected.body)
        assert essence(front.last) == essence(said)
        host = front.last.headers["host"]
        if "host" in said.headers:
            assert host == said.headers["host"]
        else:
            # The web server's choice; Django answers 400 for "_", a usual server_name.
            assert re.fullmatch(HOST, host)


@pytest.mark.parametrize("front", NGINX, indirect=True)
async def test_a_host_in_the_url_is_the_host(front: Front) -> None:
    """RFC 9112 §3.2.2; nginx sees an HTTP/3 request likewise, without a Host header.

    Apache passes on its ServerName.
    """
    for prefix in prefixes(front):
        request = f"GET http://pulp.example.com{prefix}x HTTP/1.0\r\n\r\n"
        assert (await ask(address(front), request)).status == "200 OK"
        assert front.last.headers["host"] == "pulp.example.com"


@pytest.mark.parametrize("front", NGINX, indirect=True)
async def test_a_host_that_is_not_a_name_is_replaced(front: Front) -> None:
    """Django refuses a site's name like `_`; here the URL's host is not a name."""
    for prefix in prefixes(front):
        request = f"GET http://[::1]{prefix}x HTTP/1.0\r\n\r\n"
        assert (await ask(address(front), request)).status == "200 OK"
        assert re.fullmatch(HOST, front.last.headers["host"])


@pytest.mark.parametrize("front", WHOLE, indirect=True)
async def test_a_header_that_pulp_takes_is_taken(front: Front, upstreams: Upstreams) -> None:
    """pulpcore-content accepts 16 KiB, web servers accept 8 by default."""
    head = f"GET {CONTENT_PREFIX}x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
    request = f"{head}Authorization: Bearer {15000 * 'x'}\r\n\r\n"
    assert (await ask(upstreams.content, request)).status == "200 OK"
    assert (await ask(address(front), request)).status == "200 OK"


@pytest.mark.parametrize("path", PATHS)
async def test_a_path_arrives_as_it_was_sent(front: Front, path: str) -> None:
    for prefix in prefixes(front):
        request = f"GET {prefix}{path} HTTP/1.0\r\nHost: a\r\n\r\n"
        assert (await ask(address(front), request)).status == "200 OK"
        assert front.last.raw_path == prefix + path
