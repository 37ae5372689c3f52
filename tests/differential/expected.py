"""The stored file behind a path, computed from the world alone: a third opinion.

The rules are those of `pulpcore.content.handler`, with our corrections: a file wins over a
directory of its name, a directory is answered with the index.html of pass-through content, a
checkpoint holds nothing of other publications, and published metadata is as old as its publication.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.differential.dataset import Distribution, Domain, Publication, Repository, Version, World
from tests.harness import pulpcore


@dataclass(frozen=True, slots=True)
class Served:
    """A stored file, the time it entered, and the path that names its media type."""

    sha256: str
    entered: float
    name: str


class Ambiguous(Exception):
    """Two units of one version have the path; Pulp answers 500."""


class Oracle:
    """Answers for one domain."""

    def __init__(self, world: World, domain: Domain, retains: bool = True) -> None:
        """Answer for `domain`. `retains`: DISTRIBUTED_PUBLICATION_RETENTION_PERIOD is not 0."""
        self.world, self.domain = world, domain
        self.retains = retains and pulpcore.VERSION >= pulpcore.SUPERSEDED
        self.units = {unit.key: unit for unit in domain.units}

    def distribution(self, path: str) -> Distribution | None:
        for distribution in self.domain.distributions:
            if f"{path}/".startswith(f"{distribution.base_path}/"):
                return distribution
        return None

    def served(self, path: str) -> Served | None:
        """Return the stored file that a permitted client gets for `path` (decoded)."""
        distribution = self.distribution(path)
        if distribution is None:
            return None
        relative = path[len(distribution.base_path) :]
        if not relative:
            return None
        try:
            served = self._below(distribution, relative.lstrip("/"))
        except Ambiguous:
            return None
        return None if served is None or served.sha256 in self.world.lost else served

    def _below(self, distribution: Distribution, relative: str) -> Served | None:
        publication: Publication | None
        if distribution.checkpoint:
            stamp, slash, relative = relative.partition("/")
            publication = self._checkpoint(distribution, stamp)
            if publication is None or not slash:
                return None
        else:
            publication = self._publication(distribution)
        if publication is not None:
            found = self._published(publication, relative)
            if found or self._is_directory(publication, relative):
                return found
        if distribution.checkpoint:
            return None
        if distribution.looks_for_publications:
            return self._retained(distribution, relative) if self.retains else None
        if publication is None:
            return self._of_version(distribution, relative)
        return None

    def _publication(self, distribution: Distribution) -> Publication | None:
        if distribution.publication is not None:
            return self.domain.publication(distribution.publication)
        if pulpcore.VERSION < pulpcore.TODAYS_CHOICE:
            # Whatever the type of the distribution.
            is_sought = distribution.version is None
        else:
            is_sought = distribution.looks_for_publications
        if not is_sought:
            return None
        candidates = [
            one
            for one in self.domain.publications
            if one.complete
            and one.repository == distribution.repository
            and distribution.version in (None, one.version)
        ]
        return max(candidates, key=lambda one: (one.version, one.created), default=None)

    def _checkpoint(self, distribution: Distribution, stamp: str) -> Publication | None:
        """Return the checkpoint named exactly `stamp`; other names are redirected to one."""
        for publication in self.domain.publications:
            is_of_it = publication.checkpoint and publication.repository == distribution.repository
            if is_of_it and stamp_of(publication.created) == stamp:
                return publication
        return None

    # Content of a publication.

    def _published(self, publication: Publication, relative: str) -> Served | None:
        if not relative or relative.endswith("/"):
            return self._index(publication, relative)
        return self._exact(publication, relative)

    def _index(self, publication: Publication, directory: str) -> Served | None:
        path = f"{directory}index.html"
        found = self._exact(publication, path)
        if found and path in _own_paths(publication):
            # The heuristic of stock: an index is as old as its publication.
            return Served(found.sha256, publication.created, path)
        return found

    def _exact(self, publication: Publication, path: str) -> Served | None:
        repository = self.domain.repository(publication.repository)
        if path in publication.metadata:
            # Metadata is in no version. Stock takes the version's time, which two publications
            # share.
            return Served(publication.metadata[path], publication.created, path)
        if path in publication.published:
            return self._unit(repository, publication.version, publication.published[path], path)
        if publication.pass_through:
            return self._content(repository, publication.version, path)
        return None

    def _is_directory(self, publication: Publication, relative: str) -> bool:
        prefix = relative if relative == "" or relative.endswith("/") else f"{relative}/"
        paths = list(_own_paths(publication))
        if publication.pass_through:
            repository = self.domain.repository(publication.repository)
            paths += self._paths(_version(repository, publication.version))
        return any(path.startswith(prefix) for path in paths)

    # Content of a version.

    def _paths(self, version: Version) -> list[str]:
        return [self.units[unit].path for unit in version.units]

    def _of_version(self, distribution: Distribution, relative: str) -> Served | None:
        if distribution.repository is None:
            return None
        repository = self.domain.repository(distribution.repository)
        number = distribution.version
        if number is None:
            complete = [one.number for one in repository.versions if one.complete]
            if not complete:
                return None
            number = max(complete)
        directory = relative if relative == "" or relative.endswith("/") else f"{relative}/"
        paths = self._paths(_version(repository, number))
        if relative not in paths and f"{directory}index.html" in paths:
            return self._content(repository, number, f"{directory}index.html")
        return self._content(repository, number, relative)

    def _content(self, repository: Repository, number: int, path: str) -> Served | None:
        units = [
            unit for unit in _version(repository, number).units if self.units[unit].path == path
        ]
        if len(units) > 1:
            raise Ambiguous(path)
        return self._unit(repository, number, units[0], path) if units else None

    def _unit(self, repository: Repository, number: int, key: int, path: str) -> Served | None:
        unit = self.units[key]
        if not unit.is_stored:
            return None
        entered = _entered(repository, number, key)
        return Served(unit.sha256, entered, path)

    def _retained(self, distribution: Distribution, relative: str) -> Served | None:
        """Look into the earlier publications that have not expired, the newest first."""
        alive = [
            one for one in distribution.retained if one.seconds_left is None or one.seconds_left > 0
        ]
        for retained in sorted(alive, key=lambda one: one.created, reverse=True):
            publication = self.domain.publication(retained.publication)
            repository = self.domain.repository(publication.repository)
            if publication.pass_through:
                for unit in self._first(repository, publication.version, relative):
                    return self._unit(repository, publication.version, unit, relative)
            elif relative in _own_paths(publication):
                return self._exact(publication, relative)
        return None

    def _first(self, repository: Repository, number: int, path: str) -> Iterator[int]:
        units = _version(repository, number).units
        return (unit for unit in units if self.units[unit].path == path)


def stamp_of(created: float) -> str:
    """Return Pulp's name of a checkpoint made at that time."""
    return f"{datetime.fromtimestamp(created, UTC):%Y%m%dT%H%M%SZ}"


def _own_paths(publication: Publication) -> Iterable[str]:
    return {**publication.published, **publication.metadata}


def _version(repository: Repository, number: int) -> Version:
    return next(one for one in repository.versions if one.number == number)


def _entered(repository: Repository, number: int, unit: int) -> float:
    """Return when a unit entered a version; for content from elsewhere, the version's own time."""
    for row in repository.memberships():
        is_there = row.added <= number and (row.removed is None or number < row.removed)
        if row.unit == unit and is_there:
            return row.entered
    return _version(repository, number).created
