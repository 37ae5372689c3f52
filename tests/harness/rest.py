"""Pulp's REST API for one user, in a running Pulp or in this process."""

import base64
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

import requests

from tests.harness.template import PASSWORD
from tests.harness.waiting import wait_until

USER_PASSWORD = "the user's own password"
_SECONDS = 60

Files = Sequence[tuple[str, tuple[str, bytes]]]


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def new_name() -> str:
    return f"t{uuid.uuid4().hex[:12]}"


@dataclass(frozen=True)
class Rest:
    """The API for `admin`, or for the user with the Authorization header `authorization`."""

    #: Scheme, host and port.
    front: str
    domain: str | None = None
    authorization: str = basic("admin", PASSWORD)
    session: requests.Session = field(default_factory=requests.Session)
    #: Runs waiting tasks where no worker does.
    run_tasks: Callable[[], None] = lambda: None

    def as_user(self, authorization: str) -> "Rest":
        return replace(self, authorization=authorization)

    def url(self, path: str) -> str:
        """Return the URL of a path; without a leading slash, the path is below the API's root."""
        domain = f"{self.domain}/" if self.domain else ""
        return self.front + (path if path.startswith("/") else f"/pulp/{domain}api/v3/{path}")

    def call(self, method: str, path: str, /, **values: Any) -> requests.Response:
        """Send `values` as a JSON document."""
        return self._send(method, path, json=values or None)

    def upload(self, path: str, files: Files, **fields: Any) -> requests.Response:
        """Send a form with files: pairs of a field, and of a file's name and bytes."""
        return self._send("POST", path, files=files, data=fields)

    def put(self, path: str, data: bytes) -> requests.Response:
        """Send a file as the body."""
        return self._send("PUT", path, data=data)

    def _send(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = {"Authorization": self.authorization} if self.authorization else {}
        return self.session.request(
            method,
            self.url(path),
            headers=headers,
            auth=_keep_request,
            timeout=_SECONDS,
            allow_redirects=False,
            **options,
        )

    def create(self, path: str, /, **values: Any) -> dict[str, Any]:
        """Create an object by a POST and return it."""
        response = self.call("POST", path, **values)
        assert response.status_code == 201, response.text
        created: dict[str, Any] = response.json()
        return created

    def run_task(self, method: str, path: str, /, **values: Any) -> dict[str, Any]:
        """Return the task that a call dispatches, once it has ended."""
        return self.wait_for_task(self.call(method, path, **values))

    def create_in_task(self, path: str, /, **values: Any) -> str:
        """Return the href of the object that the task of a POST creates."""
        task = self.run_task("POST", path, **values)
        assert task["state"] == "completed", task
        return str(task["created_resources"][0])

    def wait_for_task(self, response: requests.Response) -> dict[str, Any]:
        assert response.status_code == 202, response.text
        self.run_tasks()
        return dict(wait_until(lambda: self._ended_task(response.json()["task"])))

    def _ended_task(self, href: str) -> dict[str, Any] | None:
        task: dict[str, Any] = self.call("GET", href).json()
        return task if task["finished_at"] else None

    def find_failures(self) -> dict[str, int]:
        """Return the status of each list, and of each task, of Pulp that is answered with a 5xx."""
        lists = [urlsplit(url).path for url in self.call("GET", "").json().values()]
        assert len(lists) > 40
        tasks = self.call("GET", "tasks/?limit=1000").json()["results"]
        paths = [*lists, *(task["pulp_href"] for task in tasks)]
        answers = {path: self.call("GET", path).status_code for path in paths}
        return {path: status for path, status in answers.items() if status >= 500}

    # Guards, users and their permissions.

    def guard(self, kind: str, **values: Any) -> str:
        """Return the href of a new content guard; `kind` with its plugin, as in `core/rbac`."""
        return str(self.create(f"contentguards/{kind}/", name=new_name(), **values)["pulp_href"])

    def user(self, **values: Any) -> dict[str, Any]:
        return self.create("users/", username=new_name(), password=USER_PASSWORD, **values)

    def token(self, user: str = "admin", **values: Any) -> dict[str, Any]:
        return self.create("contentroutes/tokens/", name=new_name(), user=user, **values)

    def add_role(self, href: str, role: str, **holders: Any) -> None:
        self._change_role("add", href, role, **holders)

    def remove_role(self, href: str, role: str, **holders: Any) -> None:
        self._change_role("remove", href, role, **holders)

    def _change_role(self, verb: str, href: str, role: str, **holders: Any) -> None:
        response = self.call("POST", f"{href}{verb}_role/", role=role, **holders)
        assert response.status_code == 201, response.text

    def find_distribution(self, base_path: str, kind: str = "file/file") -> str:
        """Return the href of the distribution with the base path."""
        [found] = self.call("GET", f"distributions/{kind}/?base_path={base_path}").json()["results"]
        return str(found["pulp_href"])

    # Content of pulp_file.

    def artifact(self, data: bytes) -> str:
        """Return the href of a new artifact."""
        response = self.upload("artifacts/", [("file", ("artifact", data))])
        assert response.status_code == 201, response.text
        return str(response.json()["pulp_href"])

    def synchronize(self, url: str, policy: str) -> str:
        """Return the href of a new repository synchronized from the manifest at `url`."""
        remote = self.create("remotes/file/file/", name=new_name(), url=url, policy=policy)
        repository = str(self.create("repositories/file/file/", name=new_name())["pulp_href"])
        task = self.run_task("POST", f"{repository}sync/", remote=remote["pulp_href"])
        assert task["state"] == "completed", task
        return repository


def _keep_request(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keep requests from using credentials in the netrc of the user who runs the tests."""
    return request
