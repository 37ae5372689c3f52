"""The demo, as data: its names and its files."""

import hashlib
from importlib.resources import files
from typing import Final

#: The name and the base path of the file repository.
NAME: Final = "demo"
#: The name and the base path of the Galaxy server.
GALAXY: Final = "galaxy-demo"
#: The management command that makes them.
COMMAND: Final = "contentroutes-demo"
#: Pulp's file plugin does not accept names with a space, a question mark or a number sign.
AWKWARD: Final = "names/a+b_%2f_ü.txt"


def contents() -> dict[str, bytes]:
    """Return the demo's files: small ones, one of 1 MiB, and one with an awkward name."""
    snippets = files("pulp_contentroutes.app.webserver_snippets")
    block = hashlib.sha256(b"pulp_contentroutes").digest()
    return {
        "hello.txt": b"Hello from pulp_contentroutes.\n",
        "one-mebibyte.bin": block * (1024 * 1024 // len(block)),
        "snippets/apache.conf": (snippets / "apache.conf").read_bytes(),
        "snippets/nginx.conf": (snippets / "nginx.conf").read_bytes(),
        AWKWARD: f"Names round-trip: {AWKWARD}\n".encode(),
    }
