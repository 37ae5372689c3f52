"""Servers to compare with: plain aiohttp, and nginx serving a folder."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pulp_contentroutes.standalone import configuration
from tests.benchmarks import processes
from tests.harness.waiting import free_ports

_ROOT: Final = Path(__file__).parents[2]

# keepalive_requests: with the default of 1000, a part of the load would be new connections.
_SITE: Final = """\
daemon off;
{user}
pid "{folder}/nginx.pid";
error_log stderr;
worker_processes 1;
events {{ worker_connections 1000; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 100000000;
    default_type application/octet-stream;
    client_body_temp_path "{folder}/body";
    proxy_temp_path "{folder}/proxy";
    fastcgi_temp_path "{folder}/fastcgi";
    uwsgi_temp_path "{folder}/uwsgi";
    scgi_temp_path "{folder}/scgi";
    server {{
        listen 127.0.0.1:{port};
        root "{files}";
    }}
}}
"""


@contextmanager
def aiohttp(how: str, loop: str, files: Path, log: Path) -> Iterator[tuple[int, int]]:
    """Run aiohttp_server; yield its port and process."""
    port = free_ports(1)
    module = "tests.benchmarks.aiohttp_server"
    command = [sys.executable, "-m", module, how, loop, str(port), str(files)]
    with processes.running(command, port, log, folder=_ROOT) as pid:
        yield port, pid


@contextmanager
def static_nginx(files: Path, folder: Path, log: Path) -> Iterator[tuple[int, int]]:
    """Run an nginx that serves `files`; yield its port and process."""
    port = free_ports(1)
    folder.mkdir()
    site = folder / "nginx.conf"
    # Root's temporary folders are closed to the account that nginx would switch to.
    user = "user root root;" if os.geteuid() == 0 else ""
    site.write_text(_SITE.format(user=user, folder=folder, port=port, files=files))
    command = [
        configuration.find_nginx() or "nginx",
        "-p",
        str(folder),
        "-c",
        str(site),
        "-e",
        "stderr",
    ]
    with processes.running(command, port, log) as pid:
        yield port, pid


@contextmanager
def redis(folder: Path, log: Path) -> Iterator[str]:
    """Run a Redis that keeps nothing on disk; yield its URL."""
    port = free_ports(1)
    command = [
        *("redis-server", "--port", str(port), "--bind", "127.0.0.1"),
        *("--dir", str(folder), "--save", "", "--appendonly", "no"),
    ]
    with processes.running(command, port, log):
        yield f"redis://127.0.0.1:{port}/0"
