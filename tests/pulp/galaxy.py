"""A Galaxy distribution of a Pulp, and the real `ansible-galaxy` in front of it."""

import io
import os
import subprocess
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import yaml

from tests.pulp.access import Access
from tests.pulp.conftest import Pulp
from tests.pulp.standalone import SCRIPTS, wait_until
from tests.unit.galaxy.archives import FILES, INFO, archive

PREFIX = "/pulp_contentroutes/galaxy/"


@dataclass(frozen=True)
class Galaxy:
    """A distribution: `url` is what users of it configure."""

    pulp: Pulp
    base_path: str
    repository: str

    @property
    def path(self) -> str:
        domain = f"{self.pulp.domain}/" if self.pulp.domain else ""
        return f"{PREFIX}{domain}{self.base_path}/"

    @property
    def url(self) -> str:
        return self.pulp.instance.front + self.path

    def get(self, path: str, token: str = "", **fields: str) -> requests.Response:
        headers = {name.replace("_", "-"): value for name, value in fields.items()}
        if token:
            headers["Authorization"] = f"Token {token}"
        return requests.get(self.url + path, headers=headers, timeout=60, allow_redirects=False)

    def publish(
        self, tarball: bytes, name: str, token: str, signatures: Sequence[str] = (), **fields: str
    ) -> requests.Response:
        signed = [("signature", ("x.asc", signature.encode())) for signature in signatures]
        return requests.post(
            f"{self.url}api/v3/artifacts/collections/",
            files=[("file", (name, tarball)), *signed],
            data=fields,
            headers={"Authorization": f"Bearer {token}"} if token else {},
            timeout=60,
        )

    def published(self, token: str, signatures: Sequence[str] = (), **info: Any) -> str:
        """Publish a collection; return the path of its version's detail."""
        data, name = tarball(**info)
        document = self.imported(self.publish(data, name, token, signatures), token)
        assert document["state"] == "completed", document
        values = {**INFO, **info}
        return "api/v3/collections/{namespace}/{name}/versions/{version}/".format(**values)

    def imported(self, response: requests.Response, token: str) -> dict[str, Any]:
        """Return the import document of a publish, once it is finished."""
        assert response.status_code == 202, response.text
        url = self.pulp.instance.front + response.json()["task"]

        def document() -> dict[str, Any] | None:
            answer = requests.get(url, headers={"Authorization": f"Token {token}"}, timeout=60)
            found: dict[str, Any] = answer.json()
            return found if found["finished_at"] else None

        return dict(wait_until(document, what=url))


def galaxy(pulp: Pulp, **distribution: Any) -> Galaxy:
    """Return a new distribution of a new repository."""
    admin, name = Access(pulp), pulp.rest.name()
    repository = admin.made("repositories/contentroutes/galaxy/", name=name)["pulp_href"]
    made = Galaxy(pulp, f"team/{name}", str(repository))
    values = {"name": name, "base_path": made.base_path, "repository": repository}
    response = admin.call("POST", "distributions/contentroutes/galaxy/", **values, **distribution)
    assert response.status_code == 202, response.text

    def is_served() -> bool:
        return made.get("").status_code != 404

    wait_until(is_served, what=made.url)
    return made


def manifest_of(data: bytes) -> bytes:
    """Return MANIFEST.json of a tarball: what signatures are made over."""
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        member = archive.extractfile("MANIFEST.json")
        assert member
        return member.read()


def tarball(files: dict[str, bytes] = FILES, **info: Any) -> tuple[bytes, str]:
    """Return a collection and its file name; `info` replaces fields of INFO."""
    values = {**INFO, "dependencies": {}, **info}
    name = "{namespace}-{name}-{version}.tar.gz".format(**values)
    return archive(files, info=values).read(), name


@dataclass(frozen=True)
class Client:
    """`ansible-galaxy` with a home of its own."""

    home: Path
    program: Path = SCRIPTS / "ansible-galaxy"

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.program), *arguments],
            env={"PATH": os.environ["PATH"], "HOME": str(self.home), "LANG": "C.UTF-8"},
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def built(self, namespace: str, name: str, **values: Any) -> Path:
        """Return a tarball made by `ansible-galaxy collection init` and `build`."""
        self.run("collection", "init", f"{namespace}.{name}", "--force")
        description = self.home / namespace / name / "galaxy.yml"
        fields = yaml.safe_load(description.read_text()) | values
        description.write_text(yaml.safe_dump(fields))
        ended = self.run("collection", "build", f"{namespace}/{name}", "--force")
        assert ended.returncode == 0, ended.stderr
        return self.home / f"{namespace}-{name}-{fields['version']}.tar.gz"

    def version_of(self, namespace: str, name: str) -> str | None:
        """Return the version of a collection that is installed in `got`."""
        manifest = self.home / "got/ansible_collections" / namespace / name / "MANIFEST.json"
        if not manifest.exists():
            return None
        return str(yaml.safe_load(manifest.read_text())["collection_info"]["version"])
