"""Our sites with TLS: certificates of the server, and of clients for certificate guards."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import pytest
import pytest_asyncio
from aiohttp import ClientError, ClientSession, ClientTimeout
from yarl import URL

from pulp_contentroutes.paths import CONTENT_PREFIX, GALAXY_PREFIX
from tests.harness.certificates import Authority, Pair, context_trusting
from tests.snippets import fronts, test_requests
from tests.snippets.conftest import Seen, Upstreams, reserved_port

pytestmark = pytest.mark.asyncio(loop_scope="module")

PREFIXES = (CONTENT_PREFIX, GALAXY_PREFIX, "/pulp/content/", "/pulp/api/v3/", "/")
#: The prefixes in a site of Pulp's, with pulp-tls.conf beside our locations.
OURS = PREFIXES[:2]


@dataclass(frozen=True)
class TlsFront:
    name: str
    folder: Path
    http: str
    port: int
    seen: list[Seen]
    session: ClientSession
    #: The authority of the server's certificate.
    authority: Authority
    #: The certificate of a client whose authority the web server does not know.
    client: Pair

    @property
    def https(self) -> str:
        return f"https://localhost:{self.port}"

    @property
    def prefixes(self) -> tuple[str, ...]:
        return OURS if self.name == "nginx-image" else PREFIXES

    def context(self, client: Pair | None = None) -> ssl.SSLContext:
        files = client.write(self.folder, "client") if client else None
        return context_trusting(self.authority, files)


@pytest_asyncio.fixture(
    scope="module", loop_scope="module", params=["nginx-ours", "nginx-image", "apache-ours"]
)
async def front(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, upstreams: Upstreams
) -> AsyncIterator[TlsFront]:
    folder = tmp_path_factory.mktemp(request.param)
    authority = Authority("authority of servers")
    server = authority.issue("server", hosts=["localhost"]).write(folder, "server")
    client = Authority("authority of clients").issue("client")
    with reserved_port() as port, reserved_port() as tls_port:
        place = fronts.Place(
            folder,
            f"127.0.0.1:{port}",
            upstreams.api,
            upstreams.content,
            fronts.Tls(f"127.0.0.1:{tls_port}", *server),
        )
        command = fronts.write(request.param, place)
        with fronts.run_server(command, tls_port, folder / "server.log"):
            async with ClientSession(timeout=ClientTimeout(total=60)) as session:
                http = f"http://127.0.0.1:{port}"
                yield TlsFront(
                    *(request.param, folder, http, tls_port),
                    *(upstreams.seen, session, authority, client),
                )


@pytest.fixture(autouse=True)
def clear_requests(upstreams: Upstreams) -> None:
    """Forget the requests of earlier tests."""
    upstreams.seen.clear()


@pytest.mark.parametrize("path", ["", "x", "a%2Fb%252f+%C3%BC?q=%2F+%20&r", "dir/"])
async def test_http_leads_to_the_same_url_with_tls(front: TlsFront, path: str) -> None:
    for prefix in PREFIXES:
        url = URL(f"{front.http}{prefix}{path}", encoded=True)
        headers = {"Host": "pulp.example.com:8080", "X-CLIENT-CERT": "forged"}
        async with front.session.get(url, headers=headers, allow_redirects=False) as response:
            location = response.headers["Location"]
        assert (response.status, location) == (301, f"https://pulp.example.com{prefix}{path}")
    assert front.seen == []


async def test_a_whole_url_in_a_request_leads_to_the_same_with_tls(front: TlsFront) -> None:
    """RFC 9112 §3.2.2: every server accepts it."""
    url = f"http://pulp.example.com{CONTENT_PREFIX}a%2Fb?q=%2F"
    request = f"GET {url} HTTP/1.1\r\nHost: pulp.example.com\r\nConnection: close\r\n\r\n"
    answer = await test_requests.ask(URL(front.http).authority, request)
    location = url.replace("http:", "https:")
    assert answer.status.startswith("301 ")
    assert f"\r\nlocation: {location}\r\n".lower() in f"\r\n{answer.headers}\r\n".lower()


async def test_pulp_sees_that_the_client_has_come_by_tls(front: TlsFront) -> None:
    """The URLs that Pulp makes begin with https."""
    for prefix in front.prefixes:
        headers = {"Host": "pulp.example.com:8443"}
        url = f"{front.https}{prefix}x"
        async with front.session.get(url, headers=headers, ssl=front.context()) as response:
            expected = "content" if prefix.endswith("/content/") else "api"
            assert (response.status, await response.text()) == (200, expected)
        seen = front.seen[-1].headers
        assert seen["x-forwarded-proto"] == "https"
        assert seen["host"] == "pulp.example.com:8443"


async def test_the_certificate_of_the_handshake_arrives_and_no_other(front: TlsFront) -> None:
    """The certificate may be of any authority: the guard knows its own."""
    forged = {"X-CLIENT-CERT": "forged"}
    certified, anonymous = front.context(front.client), front.context()
    for prefix in front.prefixes:
        url = f"{front.https}{prefix}x"
        async with front.session.get(url, headers=forged, ssl=certified) as response:
            assert response.status == 200
        assert certificate_in(front.seen[-1]) == front.client.certificate.strip()
        async with front.session.get(url, headers=forged, ssl=anonymous) as response:
            assert response.status == 200
        assert certificate_in(front.seen[-1]) == ""


def certificate_in(seen: Seen) -> str:
    """Return the certificate as certificate guards read it."""
    header = seen.headers.get("x-client-cert", "")
    assert "\n" not in header
    return unquote(header).strip()


async def test_an_expired_certificate_is_refused(front: TlsFront) -> None:
    """The web server itself refuses it, for every URL."""
    expired = Authority("authority of clients").issue("client", is_expired=True)
    url = f"{front.https}{CONTENT_PREFIX}x"
    try:
        async with front.session.get(url, ssl=front.context(expired)) as response:
            assert response.status == 400
    except ClientError:
        pass
    assert front.seen == []


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_resumed_session_has_the_certificate_of_its_first_handshake(
    front: TlsFront, version: ssl.TLSVersion
) -> None:
    context = front.context(front.client)
    context.minimum_version = context.maximum_version = version
    session = await asyncio.to_thread(ask, front.port, context, None)
    assert certificate_in(front.seen[-1]) == front.client.certificate.strip()
    await asyncio.to_thread(ask, front.port, context, session)
    assert certificate_in(front.seen[-1]) == front.client.certificate.strip()
    assert len(front.seen) == 2


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
async def test_old_protocols_are_refused(front: TlsFront) -> None:
    context = front.context()
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError, match="alert protocol version"):
        await asyncio.to_thread(ask, front.port, context, None)
    assert front.seen == []


def ask(
    port: int, context: ssl.SSLContext, session: ssl.SSLSession | None
) -> ssl.SSLSession | None:
    """Send a request, and return the session of its connection."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=30) as connection,
        context.wrap_socket(connection, server_hostname="localhost", session=session) as tls,
    ):
        assert tls.session_reused is (session is not None)
        tls.sendall(
            f"GET {CONTENT_PREFIX}x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode()
        )
        answer = b"".join(iter(lambda: tls.recv(65536), b""))
        assert answer.startswith(b"HTTP/1.1 200 ")
        # With TLS 1.3, tickets come with the answer.
        return tls.session
