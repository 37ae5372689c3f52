"""A Pulp with plugins, as the tests of their clients see it."""

from dataclasses import dataclass
from typing import Any

import pytest

from pulp_contentroutes.paths import with_domain
from tests.harness.rest import Rest, new_name
from tests.harness.standalone import Standalone
from tests.plugins.access import Access
from tests.plugins.environment import Environment
from tests.plugins.front import Front

#: Marks of all tests: the first one waits for an environment and for the migrations of six plugins.
BEFORE_A_RELEASE = [pytest.mark.exhaustive, pytest.mark.timeout(1200)]


@dataclass(frozen=True)
class Site:
    #: The API, through nginx.
    rest: Rest
    front: Front
    accesses: dict[str, Access]
    instance: Standalone
    environment: Environment

    def content_path(self, base_path: str, prefix: str = "/pulp/content/") -> str:
        """Return the path of a distribution's URL; the domain, if there is one, is in it."""
        return f"{with_domain(prefix, self.rest.domain)}{base_path}/"

    def content_url(self, base_path: str) -> str:
        return f"{self.front.url}{self.content_path(base_path)}"

    def repository(self, kind: str, **values: Any) -> str:
        """Return the href of a new repository; `kind` with its plugin, as in `rpm/rpm`."""
        return str(
            self.rest.create(f"repositories/{kind}/", name=new_name(), **values)["pulp_href"]
        )

    def upload(self, path: str, name: str, data: bytes, **fields: str) -> None:
        """Create content of a file in a task, as most plugins do."""
        answer = self.rest.upload(path, [("file", (name, data))], **fields)
        task = self.rest.wait_for_task(answer)
        assert task["state"] == "completed", task

    def distribute(self, kind: str, access: str, **values: Any) -> str:
        """Return the base path of a new distribution."""
        name = new_name()
        values |= {"content_guard": self.accesses[access].guard}
        self.rest.create_in_task(f"distributions/{kind}/", name=name, base_path=name, **values)
        return name

    def change(self, kind: str, base_path: str, **values: Any) -> None:
        """Change the distribution with the base path."""
        href = self.rest.find_distribution(base_path, kind)
        task = self.rest.run_task("PATCH", href, **values)
        assert task["state"] == "completed", task
