"""A Galaxy distribution of a Pulp, and collections and roles for it."""

import io
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import requests

from pulp_contentroutes.paths import GALAXY_PREFIX, with_domain
from tests.harness.rest import Rest, new_name
from tests.harness.waiting import wait_until
from tests.unit.galaxy.archives import FILES, INFO, archive, packed

COLLECTIONS = "api/v3/artifacts/collections/"
MAIN = b"galaxy_info: {author: Somebody, description: Shows a message., galaxy_tags: [motd]}\n"


@dataclass(frozen=True)
class Galaxy:
    """A distribution; users configure its `url` in their clients."""

    admin: Rest
    base_path: str
    #: Hrefs.
    repository: str
    distribution: str

    @property
    def path(self) -> str:
        return f"{with_domain(GALAXY_PREFIX, self.admin.domain)}{self.base_path}/"

    @property
    def url(self) -> str:
        return self.admin.front + self.path

    def get(self, path: str, token: str = "", **fields: str) -> requests.Response:
        """Request a path below the distribution's, or an absolute path of the server."""
        headers = {name.replace("_", "-"): value for name, value in fields.items()}
        if token:
            headers["Authorization"] = f"Token {token}"
        url = self.admin.front + path if path.startswith("/") else self.url + path
        return self.admin.session.get(url, headers=headers, timeout=60, allow_redirects=False)

    def publish(
        self, tarball: bytes, name: str, token: str, signatures: Sequence[str] = (), **fields: str
    ) -> requests.Response:
        publisher = self.admin.as_user(f"Bearer {token}" if token else "")
        files = [("file", (name, tarball))]
        files += [("signature", ("x.asc", signature.encode())) for signature in signatures]
        return publisher.upload(self.path + COLLECTIONS, files, **fields)

    def add(self, token: str, signatures: Sequence[str] = (), **info: Any) -> bytes:
        """Publish a collection and return it; `info` is that of `tarball`."""
        data, name = tarball(**info)
        document = self.wait_for_import(self.publish(data, name, token, signatures), token)
        assert document["state"] == "completed", document
        return data

    def wait_for_import(self, response: requests.Response, token: str) -> dict[str, Any]:
        """Return the import document of a publish, once the import has finished."""
        assert response.status_code == 202, response.text
        self.admin.run_tasks()

        def document() -> dict[str, Any] | None:
            found: dict[str, Any] = self.get(response.json()["task"], token).json()
            return found if found["finished_at"] else None

        return dict(wait_until(document, what=response.text))

    def add_role(self, data: bytes, **values: str) -> dict[str, Any]:
        """Upload the role acme.motd; return the ended task, or the error."""
        answer = self.admin.upload(
            "content/contentroutes/roles/",
            [("file", ("motd.tar.gz", data))],
            **{"namespace": "acme", "name": "motd", "repository": self.repository, **values},
        )
        return self.admin.wait_for_task(answer) if answer.status_code == 202 else answer.json()

    def latest_version(self) -> str:
        """Return the href of the latest version of the repository."""
        return str(self.admin.call("GET", self.repository).json()["latest_version_href"])

    def change(self, action: str, *collections: str, **values: Any) -> dict[str, Any]:
        """Copy, remove or deprecate collections of the repository; return the ended task."""
        path = f"{self.repository}{action}/"
        return self.admin.run_task("POST", path, collections=collections, **values)

    def serve(self, repository: str, number: int) -> None:
        """Serve a version of any repository instead of the latest of its own."""
        fixed = {"repository": None, "repository_version": f"{repository}versions/{number}/"}
        self.change_distribution(**fixed)

    def change_distribution(self, **values: Any) -> None:
        answer = self.admin.call("PATCH", self.distribution, **values)
        if answer.status_code != 200:
            assert self.admin.wait_for_task(answer)["state"] == "completed"


def create_galaxy(admin: Rest, **distribution: Any) -> Galaxy:
    """Return a new distribution of a new repository."""
    name = new_name()
    repository = admin.create("repositories/contentroutes/galaxy/", name=name)["pulp_href"]
    values = {"name": name, "base_path": f"team/{name}", "repository": repository, **distribution}
    task = admin.run_task("POST", "distributions/contentroutes/galaxy/", **values)
    [created] = task["created_resources"]
    return Galaxy(admin, f"team/{name}", str(repository), str(created))


def manifest_of(data: bytes) -> bytes:
    """Return MANIFEST.json of a tarball, the document that signatures sign."""
    with tarfile.open(fileobj=io.BytesIO(data)) as opened:
        member = opened.extractfile("MANIFEST.json")
        assert member
        return member.read()


def tarball(files: dict[str, bytes] = FILES, **info: Any) -> tuple[bytes, str]:
    """Return a collection and its file name; `info` replaces fields of INFO."""
    values = {**INFO, "dependencies": {}, **info}
    name = "{namespace}-{name}-{version}.tar.gz".format(**values)
    return archive(files, info=values).read(), name


def role_archive(text: str = "") -> bytes:
    """Return the archive of a role; `text` is the content of tasks/main.yml."""
    return packed({"motd/meta/main.yml": MAIN, "motd/tasks/main.yml": text.encode()}).read()
