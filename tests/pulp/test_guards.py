"""Guards stand before everything, and see the canonical content path; with Pulp's cache, too."""

import base64
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.pulp.conftest import Pulp
from tests.pulp.raw_http import Route
from tests.pulp.standalone import PASSWORD, free_ports


@pytest.fixture(scope="session")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis of our own."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("'redis-server' is not installed (Debian package redis-server)")
    port, folder = free_ports(1), tmp_path_factory.mktemp("redis")
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with subprocess.Popen([program, *options], stdout=subprocess.DEVNULL) as server:
        yield f"redis://127.0.0.1:{port}/0"
        server.terminate()


@pytest.fixture(scope="session", params=["without cache", "with cache"])
def content_port(request: pytest.FixtureRequest, pulp: Pulp) -> Iterator[int]:
    """The port of a content app without and with Pulp's response cache.

    Pulp's cache asks the guard by a way of its own.
    """
    if request.param == "without cache":
        yield pulp.instance.content_port
        return
    url: str = request.getfixturevalue("redis")
    with pulp.instance.further_content_app(CACHE_ENABLED="true", REDIS_URL=url) as port:
        yield port


@pytest.fixture
def ours(pulp: Pulp, content_port: int) -> Route:
    return pulp.route("ours", content_port)


def guard(pulp: Pulp, kind: str, **values: str) -> str:
    """Return the href of a new content guard."""
    domain = f"{pulp.domain}/" if pulp.domain else ""
    response = requests.post(
        f"{pulp.instance.front}/pulp/{domain}api/v3/contentguards/core/{kind}/",
        json={"name": pulp.rest.name(), **values},
        auth=("admin", PASSWORD),
        timeout=60,
    )
    assert response.status_code == 201, response.text
    return str(response.json()["pulp_href"])


@pytest.mark.parametrize("path", ["x", "missing", "", "dir", "dir/"])
def test_nothing_is_revealed_before_the_guard(
    pulp: Pulp, ours: Route, folder: Path, path: str
) -> None:
    href = guard(pulp, "header", header_name="x-key", header_value="secret")
    distribution = pulp.rest.published({"x": b"x", "dir/y": b"y"}, folder, content_guard=href)
    refused = ours.get(f"{distribution['base_path']}/{path}", If_None_Match="*")
    assert refused.status == 403
    assert refused.body == b"403: Access denied."


def test_the_cache_is_in_use(pulp: Pulp, ours: Route, content_port: int, folder: Path) -> None:
    """Otherwise the tests with a cache would test nothing; what has no guard never reaches it."""
    href = guard(pulp, "header", header_name="x-key", header_value="secret")
    files = {"x": b"x", "dir/y": b"y"}
    base = pulp.rest.published(files, folder, content_guard=href)["base_path"]
    key = base64.b64encode(b"secret").decode()
    for path in ("x", "dir/", "missing"):
        answers = [ours.get(f"{base}/{path}", x_key=key) for _ in range(2)]
        cached = [answer.headers.get("x-pulp-cache") for answer in answers]
        expected = ["MISS", "HIT"] if content_port != pulp.instance.content_port else [None, None]
        assert cached == expected
        assert answers[0].body == answers[1].body


def test_a_header_guard_admits_who_has_the_header(pulp: Pulp, ours: Route, folder: Path) -> None:
    href = guard(pulp, "header", header_name="x-key", header_value="secret")
    base = pulp.rest.published({"x": b"x"}, folder, content_guard=href)["base_path"]
    key = base64.b64encode(b"secret").decode()
    # Twice: the second answer comes from the cache, where there is one.
    for _ in range(2):
        assert ours.get(f"{base}/x", x_key=key).body == b"x"
        assert ours.get(f"{base}/x").status == 403


def test_a_signed_url_of_the_content_prefix_is_valid_on_ours(
    pulp: Pulp, ours: Route, folder: Path
) -> None:
    """The redirect guard signs path and query, so it must be shown the canonical path."""
    href = guard(pulp, "content_redirect")
    path = "dir/a+b_%2f_\u00fc.txt"
    base = pulp.rest.published({path: b"x"}, folder, content_guard=href)["base_path"]
    signed = pulp.instance.shell(f"""
from pulpcore.plugin.models import ContentRedirectContentGuard
guard = ContentRedirectContentGuard.objects.get(pk={href.split("/")[-2]!r})
print(guard.preauthenticate_url("http://any.example" + {pulp.stock.url(f"{base}/{path}")!r}))
""")
    query = signed.partition("?")[2]
    encoded = ours.url(f"{base}/{path}").removeprefix(ours.prefix)
    assert pulp.stock.raw(f"{encoded}?{query}").status == 200
    for _ in range(2):
        assert ours.raw(f"{encoded}?{query}").body == b"x"
        assert ours.raw(encoded).status == 403
    assert ours.raw(f"{encoded}?{query[:-1]}0").status == 403
    other = ours.url(f"{base}/other").removeprefix(ours.prefix)
    assert ours.raw(f"{other}?{query}").status == 403


def test_an_rbac_guard_knows_the_user(pulp: Pulp, ours: Route, folder: Path) -> None:
    href = guard(pulp, "rbac")
    base = pulp.rest.published({"x": b"x"}, folder, content_guard=href)["base_path"]
    credentials = base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
    assert ours.get(f"{base}/x").status == 403
    assert ours.get(f"{base}/x", Authorization=f"Basic {credentials}").body == b"x"
