"""A running Pulp for tests: its REST API, its content, and the routes to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.harness.http1 import Route
from tests.harness.rest import Rest
from tests.harness.standalone import Standalone


@dataclass(frozen=True)
class Pulp:
    instance: Standalone
    #: None if domains are not enabled.
    domain: str | None = None

    @cached_property
    def rest(self) -> Rest:
        return Rest(self.instance.front, self.domain)

    def route(self, which: str, port: int | None = None) -> Route:
        return Route.of(which, port or self.instance.content_port, self.domain)

    @property
    def ours(self) -> Route:
        return self.route("ours")

    @property
    def stock(self) -> Route:
        return self.route("stock")

    # Content, made in Pulp's Django: `tests.harness.in_pulp` documents the results.

    def repository(self, files: Mapping[str, bytes]) -> str:
        return str(self._call("create_repository", files))

    def publication(self, repository: str, **values: Any) -> str:
        return str(self._call("create_publication", repository, **values))

    def distribution(self, **values: Any) -> dict[str, Any]:
        created: dict[str, Any] = self._call("create_distribution", **values)
        return created

    def publish(self, files: Mapping[str, bytes], **distribution: Any) -> str:
        """Return the base path of a new distribution of a new publication of the files."""
        publication = self.publication(self.repository(files))
        return str(self.distribution(publication=publication, **distribution)["base_path"])

    def _call(self, function: str, *arguments: Any, **values: Any) -> Any:
        return self.instance.console.call(function, *arguments, **values)
