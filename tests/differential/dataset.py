"""A world's content, as plain data: the test process makes it, `django_builder.py` stores it."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

GUARD_HEADER = "X-Key"
GUARD_VALUE = "secret"
#: The plugins whose rows a world holds. Distributions of pulp_python override a hook of Pulp's
#: handler, which answers some requests itself.
FILE, PYTHON = "file", "python"


@dataclass(frozen=True, slots=True)
class Unit:
    """A content unit of one file; one that is not stored has only a `url` at its upstream."""

    key: int
    path: str
    sha256: str
    size: int
    is_stored: bool = True
    url: str | None = None
    plugin: str = FILE


@dataclass(frozen=True, slots=True)
class Version:
    number: int
    units: tuple[int, ...]
    created: float
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Membership:
    """A unit is in a repository from the version `added` until just before `removed`."""

    unit: int
    added: int
    removed: int | None
    entered: float


@dataclass(frozen=True, slots=True)
class Repository:
    name: str
    versions: tuple[Version, ...]
    plugin: str = FILE

    def memberships(self) -> Iterator[Membership]:
        """Yield the rows that Pulp would keep for these versions."""
        open_since: dict[int, Version] = {}
        for version in self.versions:
            for unit in sorted(open_since.keys() - set(version.units)):
                since = open_since.pop(unit)
                yield Membership(unit, since.number, version.number, since.created)
            for unit in version.units:
                open_since.setdefault(unit, version)
        for unit, since in open_since.items():
            yield Membership(unit, since.number, None, since.created)


@dataclass(frozen=True, slots=True)
class Publication:
    """`published` maps paths to units; `metadata` maps paths to digests of files of its own."""

    key: int
    repository: str
    version: int
    created: float
    complete: bool = True
    pass_through: bool = False
    checkpoint: bool = False
    published: Mapping[str, int] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Retained:
    """A publication that a distribution has distributed; current when `seconds_left` is None."""

    publication: int
    created: float
    seconds_left: float | None = None


@dataclass(frozen=True, slots=True)
class Distribution:
    """One that serves no publications is a plain `core.distribution`, whatever its plugin."""

    base_path: str
    plugin: str = FILE
    serves_publications: bool = True
    publication: int | None = None
    repository: str | None = None
    version: int | None = None
    remote: str | None = None
    guarded: bool = False
    hidden: bool = False
    checkpoint: bool = False
    retained: tuple[Retained, ...] = ()

    @property
    def looks_for_publications(self) -> bool:
        """Tell whether it serves the newest publication (pulpcore's SERVE_FROM_PUBLICATION)."""
        return self.serves_publications and self.plugin != PYTHON


@dataclass(frozen=True, slots=True)
class Domain:
    name: str
    units: tuple[Unit, ...]
    repositories: tuple[Repository, ...]
    publications: tuple[Publication, ...]
    distributions: tuple[Distribution, ...]

    def repository(self, name: str) -> Repository:
        return next(one for one in self.repositories if one.name == name)

    def publication(self, key: int) -> Publication:
        return next(one for one in self.publications if one.key == key)

    def paths_of(self, distribution: Distribution) -> list[str]:
        """Return every path that is or was known to the object that the distribution points to."""
        name = distribution.repository
        if distribution.publication is not None:
            name = self.publication(distribution.publication).repository
        paths = {path for one in self.publications if one.repository == name for path in _of(one)}
        for repository in self.repositories:
            if repository.name == name:
                keys = {unit for version in repository.versions for unit in version.units}
                paths |= {unit.path for unit in self.units if unit.key in keys}
        return sorted(paths)


def _of(publication: Publication) -> set[str]:
    return {*publication.published, *publication.metadata}


@dataclass(frozen=True, slots=True)
class World:
    """`mtimes` are those of the stored files; the files of `lost` are gone from the disk."""

    domains: tuple[Domain, ...]
    files: Mapping[str, bytes]
    mtimes: Mapping[str, float]
    lost: frozenset[str]

    def files_at(self, url: str) -> dict[str, bytes]:
        """Return the files that are still at an upstream by their paths, without the lost ones."""
        return {
            unit.url.removeprefix(url.removesuffix("/")): self.files[unit.sha256]
            for domain in self.domains
            for unit in domain.units
            if unit.url and unit.url.startswith(url) and "gone" not in unit.url
        }

    def save(self, folder: Path) -> Path:
        """Write description and files for `django_builder.py`; return the description."""
        for digest, data in self.files.items():
            (folder / digest).write_bytes(data)
        description = folder / "world.json"
        text = json.dumps(
            {
                "folder": str(folder),
                "domains": [_described(domain) for domain in self.domains],
                "mtimes": dict(self.mtimes),
                "lost": sorted(self.lost),
                "guard": [GUARD_HEADER, GUARD_VALUE],
            }
        )
        description.write_text(text)
        return description


def _described(domain: Domain) -> dict[str, object]:
    described = asdict(domain)
    for repository, values in zip(domain.repositories, described["repositories"], strict=True):
        values["memberships"] = [asdict(row) for row in repository.memberships()]
    return described


def digest_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
