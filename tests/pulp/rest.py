"""Pulp's REST API for the tests, through pulp-glue: no generated client."""

import hashlib
import uuid
from pathlib import Path
from typing import Any

from pulp_glue.common.authentication import GlueAuthProvider
from pulp_glue.common.context import PulpContext
from pulp_glue.core.context import PulpArtifactContext
from pulp_glue.file.context import (
    PulpFileContentContext,
    PulpFileDistributionContext,
    PulpFilePublicationContext,
    PulpFileRemoteContext,
    PulpFileRepositoryContext,
)

from tests.pulp.standalone import PASSWORD, wait_until


class _Context(PulpContext):
    """pulp-glue's context with shorter waits: it sleeps a whole second for each task."""

    def wait_for_task(self, task: Any, expect_cancel: bool = False) -> Any:
        def finished() -> Any:
            now = self.api.call("tasks_read", parameters={"task_href": task["pulp_href"]})
            return now if self._task_finished(now, expect_cancel=expect_cancel) else None

        return wait_until(finished, seconds=120, what=task["pulp_href"])


class Rest:
    """Makes what a test needs under names of its own, in the domain `default`."""

    def __init__(self, base_url: str) -> None:
        self.context = _Context(
            api_root="/pulp/",
            api_kwargs={
                "base_url": base_url,
                "auth_provider": GlueAuthProvider(username="admin", password=PASSWORD),
                "refresh_cache": True,
            },
            domain="default",
            verify_ssl=False,
            timeout=120,
        )

    @staticmethod
    def name() -> str:
        return f"t{uuid.uuid4().hex[:12]}"

    def repository(self, files: dict[str, bytes], folder: Path) -> str:
        """Return the href of a new file repository with `files` in its latest version."""
        repository = PulpFileRepositoryContext(self.context)
        repository.create(body={"name": self.name()})
        added = [self.content(path, data, folder) for path, data in files.items()]
        if added:
            repository.modify(add_content=added)
        return str(repository.pulp_href)

    def artifact(self, data: bytes, folder: Path) -> str:
        """Return the href of an artifact."""
        source = folder / hashlib.sha256(data).hexdigest()
        source.write_bytes(data)
        with source.open("rb") as file:
            return str(PulpArtifactContext(self.context).upload(file))

    def content(self, path: str, data: bytes, folder: Path) -> str:
        """Return the href of a file content unit."""
        artifact = self.artifact(data, folder)
        content = PulpFileContentContext(self.context)
        return str(content.create(body={"relative_path": path, "artifact": artifact})["pulp_href"])

    def publication(self, repository: str, **values: Any) -> str:
        publication = PulpFilePublicationContext(self.context)
        return str(publication.create(body={"repository": repository, **values})["pulp_href"])

    def distribution(self, **values: Any) -> dict[str, Any]:
        """Return a new file distribution; its base path is made up unless given."""
        name = self.name()
        distribution = PulpFileDistributionContext(self.context)
        made: dict[str, Any] = distribution.create(
            body={"name": name, "base_path": f"base/{name}", **values}
        )
        return made

    def published(self, files: dict[str, bytes], folder: Path, **values: Any) -> dict[str, Any]:
        """Return a new distribution of a new publication of `files`."""
        publication = self.publication(self.repository(files, folder))
        return self.distribution(publication=publication, **values)

    def synced(self, url: str, policy: str) -> str:
        """Return the href of a new repository synchronised from the manifest at `url`."""
        remote = PulpFileRemoteContext(self.context)
        remote.create(body={"name": self.name(), "url": url, "policy": policy})
        repository = PulpFileRepositoryContext(self.context)
        repository.create(body={"name": self.name()})
        repository.sync(body={"remote": remote.pulp_href})
        return str(repository.pulp_href)
