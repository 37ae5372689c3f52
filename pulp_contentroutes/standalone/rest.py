"""The part of Pulp's REST API that the demo needs."""

import contextlib
import time
from collections.abc import Mapping
from typing import Any, Final

import requests

from pulp_contentroutes.standalone.health import pulp_status
from pulp_contentroutes.standalone.instance import Instance

#: The endpoint where a session begins and ends (pulpcore.app.viewsets.LoginViewSet).
_LOGIN: Final = "login/"
_TASK_SECONDS: Final = 60
_REQUEST_SECONDS: Final = 60


class RestFailed(Exception):
    """`str(error)` names the request that failed, and Pulp's answer."""


class Rest:
    """A client for a few calls of the REST API, as admin; it waits for tasks.

    It is logged in within a `with` block: the password is sent only once, because each time costs
    Pulp half a second.
    """

    def __init__(self, instance: Instance, password: str) -> None:
        self._server = instance.api_url
        root = instance.setting("API_ROOT", "/pulp/")
        domain = "default/" if pulp_status(instance)["domain_enabled"] else ""
        self._root = f"{root}{domain}api/v3/"
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.auth = ("admin", password)

    def __enter__(self) -> "Rest":
        login = self._root + _LOGIN
        self._call("POST", login, json={})
        password, self._session.auth = self._session.auth, None
        try:
            self._call("GET", login)
        except RestFailed:
            # The settings may not allow sessions.
            self._session.auth = password
        else:
            # Django requires this token wherever a session authenticates.
            self._session.headers["X-CSRFToken"] = self._session.cookies["csrftoken"]
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(RestFailed):
            self._call("DELETE", self._root + _LOGIN)

    def find_or_create(self, endpoint: str, values: Mapping[str, Any]) -> str:
        found = self._call("GET", self._root + endpoint, params={"name": values["name"]})
        if found["results"]:
            return str(found["results"][0]["pulp_href"])
        return self.create(endpoint, json=values)

    def remove(self, endpoint: str, values: Mapping[str, str]) -> None:
        """Delete the objects that have these `values`, if there are any."""
        for each in self._call("GET", self._root + endpoint, params=values)["results"]:
            self._call("DELETE", each["pulp_href"])

    def create(self, endpoint: str, **request: Any) -> str:
        """Create an object, and return its href."""
        return self._wait_for_task(self.post(endpoint, **request))

    def post(self, endpoint: str, **request: Any) -> dict[str, Any]:
        return self._call("POST", self._root + endpoint, **request)

    def patch(self, href: str, values: Mapping[str, Any]) -> None:
        self._wait_for_task(self._call("PATCH", href, json=values))

    def _wait_for_task(self, answer: dict[str, Any]) -> str:
        """Wait for the task if there is one; return the href of the object that was created."""
        if "task" not in answer:
            return str(answer.get("pulp_href", ""))
        deadline = time.monotonic() + _TASK_SECONDS
        while True:
            task = self._call("GET", answer["task"])
            if task["state"] == "completed":
                made = [href for href in task["created_resources"] if href]
                return str(made[-1]) if made else ""
            if task["state"] not in ("waiting", "running") or time.monotonic() > deadline:
                raise RestFailed(f"task {task['name']} is {task['state']}: {task['error']}")
            time.sleep(0.1)

    def _call(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        try:
            response = self._session.request(
                method, self._server + path, timeout=_REQUEST_SECONDS, **request
            )
        except requests.RequestException as error:
            raise RestFailed(f"{method} {path}: {type(error).__name__}") from error
        if not response.ok:
            said = " ".join(response.text.split())[:300]
            raise RestFailed(f"{method} {path}: {response.status_code} {said}")
        answer: dict[str, Any] = response.json() if response.content else {}
        return answer
