"""The nginx in front of the suites: our own site and packaged locations, and a second port.

The site is `snippets/nginx/pulp.conf` with one change that is not an address: the header of a
client's certificate comes from the client, as in Pulp's own test environment, for the suites speak
HTTP without TLS. The second port is the API as it would be if content had another prefix: in its
answers, and nowhere else, Pulp's content prefix is replaced by ours. So the suites, which take the
URLs of content from the API, ask for everything at our prefix, with requests and answers as they
are.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pulp_contentroutes import paths
from tests.harness.waiting import connects, wait_until
from tests.snippets.fronts import SNIPPETS, example, program, site

PULP_PREFIX = "/pulp/content/"
_CERTIFICATE = ("$ssl_client_escaped_cert", "$http_x_client_cert")

_API_WITH_OUR_PREFIX = """
server {{
    listen 127.0.0.1:{port};
    client_max_body_size 0;
    location / {{
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_set_header Host $http_host;
        # A compressed answer could not be changed.
        proxy_set_header Accept-Encoding "";
        proxy_redirect off;
        sub_filter_types application/json;
        sub_filter_once off;
        sub_filter '{theirs}' '{ours}';
        proxy_pass http://pulp-api;
    }}
}}
"""


@contextmanager
def run_front(folder: Path, port: int, api_port: int, api: int, content: int) -> Iterator[None]:
    """Run nginx on `port`, and with our prefix in the API's answers on `api_port`."""
    text = example(
        "nginx/pulp.conf",
        {
            "listen 80;": f"listen 127.0.0.1:{port};",
            "server 127.0.0.1:24817;": f"server 127.0.0.1:{api};",
            "server 127.0.0.1:24816;": f"server 127.0.0.1:{content};",
            "include /etc/nginx/pulp/*.conf;": f'include "{folder}/pulp_contentroutes.conf";',
        },
    )
    snippet = (SNIPPETS / "nginx.conf").read_text(encoding="utf-8")
    text += _API_WITH_OUR_PREFIX.format(
        port=api_port, theirs=PULP_PREFIX, ours=paths.CONTENT_PREFIX
    )
    user = "user root root;" if os.geteuid() == 0 else ""
    files = {
        "nginx.conf": site("nginx-main.conf", folder=folder, user=user),
        "site.conf": text.replace(*_CERTIFICATE),
        "pulp_contentroutes.conf": snippet.replace(*_CERTIFICATE),
    }
    folder.mkdir()
    for name, written in files.items():
        (folder / name).write_text(written, encoding="utf-8")
    command = [program("nginx", "nginx"), "-p", str(folder), "-c", str(folder / "nginx.conf")]
    log = folder / "nginx.log"
    with (
        log.open("wb") as output,
        subprocess.Popen([*command, "-e", "stderr"], stdout=output, stderr=output) as server,
    ):

        def listens() -> bool:
            assert server.poll() is None, log.read_text()
            return connects(port) and connects(api_port)

        try:
            wait_until(listens, what="nginx of the suites")
            yield
        finally:
            server.terminate()
