"""Guards, users, roles and tokens of a Pulp for the tests, through its REST API."""

import base64
from dataclasses import dataclass
from typing import Any

import requests

from tests.pulp.conftest import Pulp
from tests.pulp.standalone import PASSWORD, wait_until

USER_PASSWORD = "the user's own password"


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


@dataclass(frozen=True)
class Access:
    """Speaks for `admin`, or for whoever has the value of `authorization`."""

    pulp: Pulp
    authorization: str = basic("admin", PASSWORD)

    def url(self, path: str) -> str:
        domain = f"{self.pulp.domain}/" if self.pulp.domain else ""
        return f"{self.pulp.instance.front}/pulp/{domain}api/v3/{path}"

    def call(self, method: str, path: str, /, **values: Any) -> requests.Response:
        url = self.pulp.instance.front + path if path.startswith("/") else self.url(path)
        headers = {"Authorization": self.authorization} if self.authorization else {}
        return requests.request(
            method, url, json=values or None, headers=headers, auth=_as_it_is, timeout=60
        )

    def made(self, path: str, /, **values: Any) -> dict[str, Any]:
        """Return what a POST has made."""
        response = self.call("POST", path, **values)
        assert response.status_code == 201, response.text
        made: dict[str, Any] = response.json()
        return made

    def finished(self, method: str, path: str, /, **values: Any) -> dict[str, Any]:
        """Return the task that a call has dispatched, once it has ended."""
        response = self.call(method, path, **values)
        assert response.status_code == 202, response.text
        return self.ended(response.json()["task"])

    def ended(self, href: str) -> dict[str, Any]:
        def task() -> dict[str, Any] | None:
            found: dict[str, Any] = self.call("GET", href).json()
            return found if found["finished_at"] else None

        return dict(wait_until(task, seconds=60, what=href))

    def guard(self, kind: str, **values: Any) -> str:
        """Return the href of a new content guard; `kind` with its plugin, as in `core/rbac`."""
        made = self.made(f"contentguards/{kind}/", name=self.pulp.rest.name(), **values)
        return str(made["pulp_href"])

    def user(self, **values: Any) -> dict[str, Any]:
        return self.made("users/", username=self.pulp.rest.name(), password=USER_PASSWORD, **values)

    def token(self, user: str = "admin", **values: Any) -> dict[str, Any]:
        name = self.pulp.rest.name()
        return self.made("contentroutes/tokens/", name=name, user=user, **values)

    def role(self, verb: str, guard: str, role: str, **values: Any) -> None:
        response = self.call("POST", f"{guard}{verb}_role/", role=role, **values)
        assert response.status_code == 201, response.text


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keep requests from taking credentials out of a netrc of whoever runs the tests."""
    return request
