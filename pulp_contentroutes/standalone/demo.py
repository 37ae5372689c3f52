"""Load a file repository with real content through Pulp's REST API."""

import hashlib
import json
import time
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import requests

from pulp_contentroutes.standalone.files import write_private
from pulp_contentroutes.standalone.health import pulp_status
from pulp_contentroutes.standalone.instance import Instance

MARKER: Final = "demo.json"
NAME: Final = "demo"
#: Pulp's file plugin takes no name with a space, a question mark or a number sign.
AWKWARD: Final = "names/a+b_%2f_ü.txt"
_TASK_SECONDS: Final = 60
_REQUEST_SECONDS: Final = 60


class DemoFailed(Exception):
    """`str(error)` says which request failed and what Pulp answered."""


def is_loaded(folder: Path) -> bool:
    return (folder / MARKER).exists()


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
    """Upload, publish and distribute the demo's files; what is there already is kept."""
    pulp = _Pulp(instance, password)
    repository = pulp.found_or_created("repositories/file/file/", {"name": NAME})
    for path, data in contents().items():
        pulp.post(
            "content/file/files/",
            data={"relative_path": path, "repository": repository},
            files={"file": (Path(path).name, data)},
        )
    publication = pulp.post("publications/file/file/", json={"repository": repository})
    distribution = pulp.found_or_created(
        "distributions/file/file/", {"name": NAME, "base_path": NAME}
    )
    pulp.patch(distribution, {"publication": publication})
    digests = {path: hashlib.sha256(data).hexdigest() for path, data in contents().items()}
    write_private(instance.folder / MARKER, json.dumps(digests, indent=2) + "\n")


class _Pulp:
    """The few calls of the REST API that the demo needs; waits for tasks, and returns hrefs."""

    def __init__(self, instance: Instance, password: str) -> None:
        self._server = instance.api_url
        root = instance.setting("API_ROOT", "/pulp/")
        domain = "default/" if pulp_status(instance)["domain_enabled"] else ""
        self._root = f"{root}{domain}api/v3/"
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.auth = ("admin", password)

    def found_or_created(self, endpoint: str, values: Mapping[str, Any]) -> str:
        found = self._call("GET", self._root + endpoint, params={"name": values["name"]})
        if found["results"]:
            return str(found["results"][0]["pulp_href"])
        return self.post(endpoint, json=values)

    def post(self, endpoint: str, **request: Any) -> str:
        return self._finished(self._call("POST", self._root + endpoint, **request))

    def patch(self, href: str, values: Mapping[str, Any]) -> None:
        self._finished(self._call("PATCH", href, json=values))

    def _finished(self, answer: dict[str, Any]) -> str:
        """Return the href of what was made, after waiting for the task if there is one."""
        if "task" not in answer:
            return str(answer.get("pulp_href", ""))
        deadline = time.monotonic() + _TASK_SECONDS
        while True:
            task = self._call("GET", answer["task"])
            if task["state"] == "completed":
                made = [href for href in task["created_resources"] if href]
                return str(made[-1]) if made else ""
            if task["state"] not in ("waiting", "running") or time.monotonic() > deadline:
                raise DemoFailed(f"task {task['name']} is {task['state']}: {task['error']}")
            time.sleep(0.1)

    def _call(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        try:
            response = self._session.request(
                method, self._server + path, timeout=_REQUEST_SECONDS, **request
            )
        except requests.RequestException as error:
            raise DemoFailed(f"{method} {path}: {type(error).__name__}") from error
        if not response.ok:
            said = " ".join(response.text.split())[:300]
            raise DemoFailed(f"{method} {path}: {response.status_code} {said}")
        answer: dict[str, Any] = response.json()
        return answer
