"""On-demand content comes with the headers of its upstream, which must not command a proxy."""

import asyncio
from pathlib import Path

import pytest

from pulp_contentroutes.paths import CONTENT_PREFIX, GALAXY_PREFIX
from tests.snippets.conftest import Front
from tests.snippets.fronts import ROOT, SERVE, SNIPPETS
from tests.snippets.test_proxies import WHOLE

PREFIXES = (CONTENT_PREFIX, GALAXY_PREFIX)
#: Headers that nginx treats as commands, each with a value whose effect can be seen.
COMMANDS = {
    "X-Accel-Redirect": "/pulp/api/v3/status/",
    "X-Accel-Expires": "3600",
    "X-Accel-Limit-Rate": "1",
    "X-Accel-Buffering": "no",
    "X-Accel-Charset": "koi8-r",
}
NGINX_FILES = (
    SNIPPETS / "nginx.conf",
    ROOT / "snippets" / "nginx" / "pulp.conf",
    SERVE,
)


async def check(front: Front, prefix: str, name: str, value: str) -> None:
    """Ask for a file whose answer has this header: it must be the file, and without the header."""
    service = "api" if prefix == GALAXY_PREFIX else "content"
    for status, folder in ((200, "base"), (404, "gone")):
        url = f"{front.url}{prefix}{folder}/with-headers"
        async with (
            asyncio.timeout(5),
            front.session.get(url, params={name: value}, allow_redirects=False) as response,
        ):
            assert (response.status, await response.text()) == (status, service)
            assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
            assert name not in response.headers


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", COMMANDS)
async def test_no_upstream_commands_nginx(front: Front, name: str) -> None:
    """Nor does Apache pass the command on to an nginx in front of it."""
    for prefix in (*PREFIXES, *(["/pulp/content/"] if front.name in WHOLE else [])):
        await check(front, prefix, name, COMMANDS[name])


@pytest.mark.asyncio(loop_scope="module")
async def test_no_upstream_has_a_file_of_the_web_server_sent(front: Front) -> None:
    secret = front.log.with_name("secret")
    secret.write_text("a key of the server")
    for prefix in (*PREFIXES, *(["/pulp/content/"] if front.name in WHOLE else [])):
        await check(front, prefix, "X-Sendfile", str(secret))


@pytest.mark.parametrize("file", NGINX_FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_every_command_is_ignored_wherever_content_is_passed_on(file: Path) -> None:
    """Also those whose effect depends on additions of a site: a cache, a charset filter."""
    text = file.read_text(encoding="utf-8")
    ignored = f"proxy_ignore_headers {' '.join(COMMANDS)};"
    assert text.count(ignored) == text.count("proxy_hide_header X-Sendfile;") >= 1
    if file == NGINX_FILES[0]:
        assert text.count(ignored) == text.count("proxy_pass http")
