"""The nginx in front of the plugins: our own site with the packaged locations of every plugin.

It has a log of its requests, in which a test finds those that a client has sent, and how each
answer came about (CONTENTROUTES_DEBUG_HEADER).
"""

import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tests.harness.http1 import ask
from tests.harness.waiting import wait_until
from tests.plugins.commands import find_program
from tests.snippets.fronts import SNIPPETS, Command, example, run_server, site

_LOG_FORMAT = (
    'log_format requests escape=json \'{"method": "$request_method", "target": "$request_uri", '
    '"status": $status, "came_about": "$upstream_http_x_contentroutes", "range": "$http_range"}\';'
)


@dataclass(frozen=True)
class Request:
    """A request of a client, and its answer."""

    method: str
    target: str
    status: int
    #: The header X-Contentroutes; empty if the content app has not answered.
    came_about: str
    range: str

    @property
    def path(self) -> str:
        """The path of the URL, decoded."""
        return unquote(urlsplit(self.target).path)


@dataclass(frozen=True)
class Front:
    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def record(self) -> Iterator[list[Request]]:
        """Yield a list that has the requests of the block, once the block has ended."""
        requests: list[Request] = []
        offset = self.log.stat().st_size
        yield requests
        # nginx has one process, which writes a line before it accepts a later request.
        marker = f"/{uuid.uuid4()}"
        ask(self.port, marker)

        def is_logged() -> bool:
            return marker.encode() in self.log.read_bytes()[offset:]

        wait_until(is_logged, what=f"{marker} in {self.log}")
        for line in self.log.read_bytes()[offset:].splitlines():
            request = Request(**json.loads(line))
            if request.target == marker:
                break
            requests.append(request)


@contextmanager
def run_front(folder: Path, port: int, api: int, content: int, plugins: Path) -> Iterator[Front]:
    """Run nginx on `port`; `plugins` is the folder of the environment with the plugins."""
    locations = folder / "locations"
    locations.mkdir(parents=True)
    front = Front(port, folder / "requests.log")
    (locations / "log.conf").write_text(f'access_log "{front.log}" requests;\n')
    for snippet in _find_snippets(plugins):
        (locations / f"{snippet.parts[-4]}.conf").symlink_to(snippet)
    changes = {
        "listen 80;": f"listen 127.0.0.1:{port};",
        "server 127.0.0.1:24817;": f"server 127.0.0.1:{api};",
        "server 127.0.0.1:24816;": f"server 127.0.0.1:{content};",
        "include /etc/nginx/pulp/*.conf;": f'include "{locations}/*.conf";',
    }
    text = f"{_LOG_FORMAT}\n{example('nginx/pulp.conf', changes)}"
    (folder / "site.conf").write_text(text)
    user = "user root root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(site("nginx-main.conf", folder=folder, user=user))
    nginx = find_program("nginx", "nginx")
    command = [nginx, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]
    with run_server(Command([*command, "-t"], command), port, folder / "nginx.log"):
        yield front


def _find_snippets(environment: Path) -> Iterator[Path]:
    """Yield the packaged locations of every plugin that has some."""
    packages = "lib/python3*/site-packages"
    snippets = "pulp_*/app/webserver_snippets/nginx.conf"
    yield from environment.glob(f"{packages}/{snippets}")
    # Ours is not copied into the environment.
    yield SNIPPETS / "nginx.conf"
