"""Runs in Pulp's Django: stores the world that a file describes.

Rows are written as Pulp's tasks leave them, with the times of the description; rows that the REST
API would refuse (a file beside a directory of its name, two units of one path) are stored, too.
"""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from pulpcore.plugin.models import (
    Artifact,
    ContentArtifact,
    Distribution,
    Domain,
    PublishedArtifact,
    PublishedMetadata,
    RemoteArtifact,
    Repository,
    RepositoryContent,
    RepositoryVersion,
)
from pulpcore.plugin.util import set_domain

Values = dict[str, Any]
# These are not in pulpcore.plugin.models. The first one came with pulpcore 3.109.
DistributedPublication = apps.get_app_config("core").models.get("distributedpublication")
HeaderContentGuard = apps.get_model("core", "HeaderContentGuard")
FileContent = apps.get_model("file", "FileContent")
FileRemote = apps.get_model("file", "FileRemote")
PythonPackageContent = apps.get_model("python", "PythonPackageContent")


def model_of(plugin: str, what: str) -> Any:
    return apps.get_model(plugin, plugin.capitalize() + what)


def content_of(unit: Values) -> Any:
    """Return a new content unit."""
    path, digest = unit["path"], unit["sha256"]
    if unit["plugin"] == "file":
        return FileContent(relative_path=path, digest=digest)
    name, version = path.removesuffix(".tar.gz").split("-")[:2]
    # pulp_python's answers read these columns as JSON objects; the defaults, lists, are an error.
    columns = ("requires_dist", "classifiers", "provides_extras", "dynamic", "license_file")
    empty: Values = {column: {} for column in columns}
    return PythonPackageContent(
        filename=path, sha256=digest, name=name, version=version, size=unit["size"], **empty
    )


def when(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def created(row: Any, seconds: float) -> None:
    """Set the time that Django sets by itself."""
    type(row).objects.filter(pk=row.pk).update(pulp_created=when(seconds))


class Builder:
    """Stores one domain."""

    def __init__(self, world: Values, described: Values) -> None:
        self.world, self.described = world, described
        self.domain = self._domain()
        set_domain(self.domain)
        self.artifacts: dict[str, Any] = {}
        self.contents: dict[int, Any] = {}
        self.versions: dict[tuple[str, int], Any] = {}
        self.repositories: dict[str, Any] = {}
        self.publications: dict[int, Any] = {}
        self.remotes: dict[str, Any] = {}
        self.guard = self._guard()

    def _domain(self) -> Any:
        return Domain.objects.get_or_create(
            name=self.described["name"],
            defaults={
                "storage_class": "pulpcore.app.models.storage.FileSystem",
                "storage_settings": {"location": settings.MEDIA_ROOT},
            },
        )[0]

    def _guard(self) -> Any:
        name, value = self.world["guard"]
        guard = HeaderContentGuard(name="key", header_name=name, header_value=value)
        guard.save()
        return guard

    def build(self) -> None:
        for unit in self.described["units"]:
            self._add_unit(unit)
        for repository in self.described["repositories"]:
            self._add_repository(repository)
        for publication in self.described["publications"]:
            self._add_publication(publication)
        made = [self._add_distribution(one) for one in self.described["distributions"]]
        if DistributedPublication is not None:
            DistributedPublication.objects.filter(distribution__in=made).delete()
            for described, distribution in zip(self.described["distributions"], made, strict=True):
                for retained in described["retained"]:
                    self._retain(distribution, retained)
        for digest in self.world["lost"]:
            if digest in self.artifacts:
                os.unlink(self._path(self.artifacts[digest]))

    def _path(self, artifact: Any) -> str:
        return str(self.domain.get_storage().path(artifact.file.name))

    def _artifact(self, digest: str) -> Any:
        if digest not in self.artifacts:
            with TemporaryDirectory(dir=settings.WORKING_DIRECTORY) as folder:
                source = Path(folder) / digest
                source.write_bytes((Path(self.world["folder"]) / digest).read_bytes())
                artifact = Artifact.init_and_validate(str(source))
                artifact.save()
            mtime = int(self.world["mtimes"][digest] * 1e9)
            os.utime(self._path(artifact), ns=(mtime, mtime))
            self.artifacts[digest] = artifact
        return self.artifacts[digest]

    def _remote(self, url: str) -> Any:
        base = url.rpartition("/")[0] + "/"
        if base not in self.remotes:
            # pulpcore treats 0 as its default, which waits for seconds.
            remote = FileRemote(name=f"at {base}", url=base, policy="streamed", max_retries=1)
            remote.save()
            self.remotes[base] = remote
        return self.remotes[base]

    def _add_unit(self, unit: Values) -> None:
        content = content_of(unit)
        content.save()
        artifact = self._artifact(unit["sha256"]) if unit["is_stored"] else None
        row = ContentArtifact(content=content, relative_path=unit["path"], artifact=artifact)
        row.save()
        if unit["url"]:
            remote = self._remote(unit["url"])
            digests = {"size": unit["size"], "sha256": unit["sha256"]}
            RemoteArtifact(content_artifact=row, remote=remote, url=unit["url"], **digests).save()
        self.contents[unit["key"]] = (content, row)

    def _add_repository(self, described: Values) -> None:
        repository = model_of(described["plugin"], "Repository")(name=described["name"])
        repository.save()
        RepositoryVersion.objects.filter(repository=repository).delete()
        versions = described["versions"]
        for version in versions:
            row = RepositoryVersion(
                repository=repository,
                number=version["number"],
                complete=version["complete"],
                content_ids=[self.contents[unit][0].pk for unit in version["units"]],
            )
            RepositoryVersion.objects.bulk_create([row])
            created(row, version["created"])
            self.versions[described["name"], version["number"]] = row
        number = max(version["number"] for version in versions) + 1
        Repository.objects.filter(pk=repository.pk).update(next_version=number)
        self.repositories[described["name"]] = repository
        for membership in described["memberships"]:
            self._add_membership(described["name"], membership)

    def _add_membership(self, name: str, membership: Values) -> None:
        removed = membership["removed"]
        row = RepositoryContent(
            repository=self.repositories[name],
            content=self.contents[membership["unit"]][0],
            version_added=self.versions[name, membership["added"]],
            version_removed=None if removed is None else self.versions[name, removed],
        )
        row.save()
        created(row, membership["entered"])

    def _add_publication(self, described: Values) -> None:
        version = self.versions[described["repository"], described["version"]]
        plugin = version.repository.pulp_type.partition(".")[0]
        publication = model_of(plugin, "Publication")(
            repository_version=version,
            pass_through=described["pass_through"],
            checkpoint=described["checkpoint"],
            complete=described["complete"],
        )
        publication.save()
        created(publication, described["created"])
        for path, unit in described["published"].items():
            row = self.contents[unit][1]
            PublishedArtifact(
                publication=publication, content_artifact=row, relative_path=path
            ).save()
        for path, digest in described["metadata"].items():
            self._add_metadata(publication, path, digest)
        self.publications[described["key"]] = publication

    def _add_metadata(self, publication: Any, path: str, digest: str) -> None:
        content = PublishedMetadata(relative_path=path, publication=publication)
        content.save()
        row = ContentArtifact(content=content, relative_path=path, artifact=self._artifact(digest))
        row.save()
        PublishedArtifact(publication=publication, content_artifact=row, relative_path=path).save()

    def _add_distribution(self, described: Values) -> Any:
        model: Any = Distribution
        if described["serves_publications"]:
            model = model_of(described["plugin"], "Distribution")
        repository, number = described["repository"], described["version"]
        distribution = model(
            name=described["base_path"],
            base_path=described["base_path"],
            publication=self.publications.get(described["publication"]),
            repository=self.repositories.get(repository) if number is None else None,
            repository_version=self.versions.get((repository, number)),
            remote=self._remote(described["remote"]) if described["remote"] else None,
            content_guard=self.guard if described["guarded"] else None,
            hidden=described["hidden"],
            checkpoint=described["checkpoint"],
        )
        distribution.save()
        return Distribution.objects.get(pk=distribution.pk)

    def _retain(self, distribution: Any, retained: Values) -> None:
        left = retained["seconds_left"]
        row = DistributedPublication(
            distribution=distribution,
            publication=self.publications[retained["publication"]],
            expires_at=None if left is None else timezone.now() + timedelta(seconds=left),
        )
        DistributedPublication.objects.bulk_create([row])
        created(row, retained["created"])


def build(description: str) -> None:
    world = json.loads(Path(description).read_text())
    for described in world["domains"]:
        with transaction.atomic():
            Builder(world, described).build()
