"""A demo: a file repository with real content, and a Galaxy server, over Pulp's REST API."""

import hashlib
import json
from importlib.resources import files
from pathlib import Path
from typing import Final

from pulp_contentroutes.standalone.files import write_private
from pulp_contentroutes.standalone.instance import Instance
from pulp_contentroutes.standalone.rest import Rest

MARKER: Final = "demo.json"
NAME: Final = "demo"
#: The name of the Galaxy server.
GALAXY: Final = "galaxy-demo"
#: Pulp's file plugin does not accept names with a space, a question mark or a number sign.
AWKWARD: Final = "names/a+b_%2f_ü.txt"


def is_loaded(folder: Path) -> bool:
    return galaxy_token(folder) is not None


def galaxy_token(folder: Path) -> str | None:
    """Return the token that may publish to the demo's Galaxy server, None if it is not loaded."""
    try:
        token: str = json.loads((folder / MARKER).read_text())["token"]
    except (OSError, ValueError, KeyError):
        # Older versions had no Galaxy server.
        return None
    return token


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


def load(instance: Instance, password: str) -> None:
    """Upload, publish and distribute the demo's files; keep existing objects.

    Raise RestFailed or Unhealthy.
    """
    with Rest(instance, password) as pulp:
        _load_files(pulp)
        loaded = {"token": _load_galaxy(pulp)}
    write_private(instance.folder / MARKER, json.dumps(loaded, indent=2) + "\n")


def _load_files(pulp: Rest) -> None:
    repository = pulp.find_or_create("repositories/file/file/", {"name": NAME})
    for path, data in contents().items():
        pulp.create(
            "content/file/files/",
            data={"relative_path": path, "repository": repository},
            files={"file": (Path(path).name, data)},
        )
    publication = pulp.create("publications/file/file/", json={"repository": repository})
    distribution = pulp.find_or_create(
        "distributions/file/file/", {"name": NAME, "base_path": NAME}
    )
    pulp.patch(distribution, {"publication": publication})


def _load_galaxy(pulp: Rest) -> str:
    """Create the Galaxy server if there is none; return a new token that may publish to it."""
    repository = pulp.find_or_create("repositories/contentroutes/galaxy/", {"name": GALAXY})
    pulp.find_or_create(
        "distributions/contentroutes/galaxy/",
        {"name": GALAXY, "base_path": GALAXY, "repository": repository},
    )
    # A token left by a load that was not completed.
    pulp.remove("contentroutes/tokens/", {"name": GALAXY, "user__username": "admin"})
    made = pulp.post("contentroutes/tokens/", json={"name": GALAXY, "scope": "publish"})
    return str(made["token"])
