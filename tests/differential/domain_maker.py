"""Makes a domain of a world: the known corners, and repositories made by chance."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from random import Random

from tests.differential.dataset import (
    PYTHON,
    Distribution,
    Domain,
    Publication,
    Repository,
    Retained,
    Unit,
    Version,
    digest_of,
)
from tests.differential.odd_names import FOLDERS, NAMES

#: Everything has happened by then; a world's clock starts here and moves by hours.
START = datetime(2024, 2, 28, 21, 4, 5, 678901, UTC).timestamp()
HOUR, DAYS = 3600.0, 86400.0
SIZES = (0, 1, 10, 11, 100, 4096, 65536, 300_000)


class DomainMaker:
    """Collects one domain's rows; every method adds one corner that answers depend on."""

    def __init__(self, name: str, random: Random, upstream: str) -> None:
        self.name, self.random, self.upstream = name, random, upstream
        self.files: dict[str, bytes] = {}
        self.lost: set[str] = set()
        self.units: list[Unit] = []
        self.repositories: list[Repository] = []
        self.publications: list[Publication] = []
        self.distributions: list[Distribution] = []
        self.clock = START

    def made(self) -> Domain:
        self._known_corners()
        for number in range(3):
            self._repository_by_chance(f"chance-{number}")
        return Domain(
            self.name,
            tuple(self.units),
            tuple(self.repositories),
            tuple(self.publications),
            tuple(self.distributions),
        )

    def _now(self) -> float:
        self.clock += self.random.choice((1, 5, 30)) * HOUR
        return self.clock

    def _file(self, size: int | None = None) -> str:
        size = self.random.choice(SIZES) if size is None else size
        data = self.random.randbytes(size)
        self.files[digest_of(data)] = data
        return digest_of(data)

    def unit(self, path: str, size: int | None = None) -> int:
        digest = self._file(size)
        key = len(self.units)
        if any(unit.path == path and unit.sha256 == digest for unit in self.units):
            return self.unit(path, 77 + key)
        self.units.append(Unit(key, path, digest, len(self.files[digest])))
        return key

    def repository(self, name: str, *versions: Iterable[int], complete: int | None = None) -> str:
        """Add a repository; the versions from number `complete` on are not complete."""
        rows = [
            Version(number, tuple(units), self._now(), complete is None or number < complete)
            for number, units in enumerate(versions)
        ]
        self.repositories.append(Repository(name, tuple(rows)))
        return name

    def publication(self, repository: str, version: int, **values: object) -> int:
        key = len(self.publications)
        row = Publication(key, repository, version, self._now())
        self.publications.append(replace(row, **values))  # type: ignore[arg-type]
        return key

    def distribution(self, base_path: str, **values: object) -> None:
        row = Distribution(base_path)
        self.distributions.append(replace(row, **values))  # type: ignore[arg-type]

    def published(self, units: Iterable[int]) -> dict[str, int]:
        return {self.units[unit].path: unit for unit in units}

    # Corners that every domain has.

    def _known_corners(self) -> None:
        self._nothing_to_serve()
        self._overlaps()
        self._ambiguous()
        self._checkpoints()
        self._grace()
        self._upstreams()
        self._access()
        self._sizes()
        self._other_plugin()

    def _nothing_to_serve(self) -> None:
        self.distribution("void")
        unit = self.unit("only.txt")
        bare = self.repository("bare", (), (unit,))
        self.distribution("bare/unpublished", repository=bare)
        self.distribution("bare/plain", repository=bare, serves_publications=False)
        self.distribution(
            "bare/v0", repository=bare, version=0, serves_publications=False, hidden=True
        )
        self.distribution(
            "bare/incomplete", repository=self.repository("young", (unit,), complete=0)
        )

    def _overlaps(self) -> None:
        """Add a file beside a directory of its name, and index.html here and there."""
        paths = ("x", "x/y", "sub/index.html", "sub/a", "sub/sub/index.html", "top/x/z", "top/x")
        units = [self.unit(path, 100 + index) for index, path in enumerate(paths)]
        name = self.repository("overlap", (), units)
        passing = self.publication(name, 1, pass_through=True)
        published = self.publication(name, 1, published=self.published(units))
        index = {"index.html": self._file(500), "sub/index.html": self._file(501)}
        own = self.publication(
            name, 1, pass_through=True, metadata=index, published=self.published(units[:1])
        )
        self.distribution("overlap/passing", publication=passing)
        self.distribution("overlap/published", publication=published)
        self.distribution("overlap/own", publication=own)
        self.distribution("overlap/version", repository=name, version=1)
        self.distribution("overlap/plain", repository=name, serves_publications=False)

    def _ambiguous(self) -> None:
        units = [self.unit("twice", 20), self.unit("twice", 21), self.unit("once", 22)]
        name = self.repository("ambiguous", (), units)
        both = self.publication(name, 1, pass_through=True)
        one = self.publication(name, 1, pass_through=True, published={"twice": units[0]})
        self.distribution("ambiguous/both", publication=both)
        self.distribution("ambiguous/one", publication=one)
        self.distribution("ambiguous/plain", repository=name, version=1, serves_publications=False)

    def _checkpoints(self) -> None:
        units = [self.unit(f"dir/{number}.txt", 50 + number) for number in range(4)]
        versions = [units[:number] for number in range(5)]
        name = self.repository("checked", *versions)
        for number in (1, 2, 2, 4):
            index = {"index.html": self._file(60)} if number == 4 else {}
            self.publication(name, number, checkpoint=True, pass_through=True, metadata=index)
        newest = self.publication(name, 3, published=self.published(units[:3]))
        latest = self.publications[newest - 1].key
        kept = (Retained(latest, self._now()),)
        self.distribution("check/points", repository=name, checkpoint=True, retained=kept)
        self.distribution("check/none", repository="bare", checkpoint=True)
        self.distribution("check/usual", repository=name)

    def _grace(self) -> None:
        """Add superseded publications, whose content is served until their time is over."""
        units = [self.unit(f"v{number}", 30 + number) for number in range(4)]
        name = self.repository("grace", (), *[(unit,) for unit in units])
        keys = [self.publication(name, number + 1, pass_through=number == 1) for number in range(4)]
        for key, unit in zip(keys, units, strict=True):
            row = replace(
                self.publications[key], published={"same": unit, f"v{key - keys[0]}": unit}
            )
            self.publications[key] = row
        left = (-1.0, 2.0, 1.0, None)
        kept = tuple(
            Retained(key, self._now(), None if days is None else days * DAYS)
            for key, days in zip(keys, left, strict=True)
        )
        self.distribution("grace/repository", repository=name, retained=kept)
        self.distribution("grace/explicit", publication=keys[3], retained=kept)
        self.distribution("grace/orphan", repository="bare", retained=kept[:2])
        self.distribution("grace/none", publication=keys[3])

    def _upstreams(self) -> None:
        """Add content that is still at its upstream, one that answers and one that does not."""
        rows: list[int] = []
        for path, url in (
            ("live.bin", f"{self.upstream}{self.name}/live.bin"),
            ("gone.bin", f"{self.upstream}{self.name}/gone.bin"),
            ("dead.bin", "http://127.0.0.1:9/dead.bin"),
        ):
            key = self.unit(path, 5000 + len(rows))
            self.units[key] = replace(self.units[key], is_stored=False, url=url)
            rows.append(key)
        lost = self.unit("lost.bin", 5100)
        self.lost.add(self.units[lost].sha256)
        name = self.repository("upstream", (), [*rows, lost, self.unit("here.bin", 5200)])
        self.distribution("up/passing", publication=self.publication(name, 1, pass_through=True))
        self.distribution("up/plain", repository=name, serves_publications=False)
        self.distribution(
            "up/pull", publication=self.publication(name, 1), remote=f"{self.upstream}{self.name}/x"
        )

    def _access(self) -> None:
        units = [self.unit("x", 12), self.unit("dir/y", 13)]
        name = self.repository("guarded", (), units)
        key = self.publication(name, 1, published=self.published(units))
        self.distribution("guarded", publication=key, guarded=True)
        self.distribution("hidden/one", publication=key, hidden=True)
        self.distribution("odd+base%20/ü&;=", publication=key)

    def _sizes(self) -> None:
        units = [self.unit(f"size/{size}.bin", size) for size in SIZES]
        key = self.publication(self.repository("sizes", (), units), 1, pass_through=True)
        self.distribution("sizes", publication=key)

    def _other_plugin(self) -> None:
        """Add packages, and the pages of an index that were published for them."""
        names = ("shelf_reader-0.1.tar.gz", "shelf_reader-0.1-py2-none-any.whl")
        units = [self.unit(name, 600 + index) for index, name in enumerate(names)]
        for key in units:
            self.units[key] = replace(self.units[key], plugin=PYTHON)
        name = self.repository("packages", (), units)
        self.repositories[-1] = replace(self.repositories[-1], plugin=PYTHON)
        pages = {
            path: self._file(700)
            for path in ("simple/index.html", "simple/shelf-reader/index.html")
        }
        key = self.publication(name, 1, pass_through=True, metadata=pages)
        self.distribution("packages/published", plugin=PYTHON, publication=key)
        self.distribution("packages/newest", plugin=PYTHON, repository=name)
        self.distribution("packages/bare", plugin=PYTHON, repository="bare")
        self.distribution("packages/plain", repository=name, serves_publications=False)

    # Chance.

    def _repository_by_chance(self, name: str) -> None:
        random = self.random
        paths = {random.choice(FOLDERS) + random.choice(NAMES) for _ in range(18)}
        pool = [self.unit(path) for path in sorted(paths) for _ in range(random.choice((1, 1, 2)))]
        versions: list[list[int]] = [[]]
        for _ in range(random.randint(2, 6)):
            versions.append(self._next_version(versions[-1], pool))
        complete = random.choice((None, len(versions) - 1))
        self.repository(name, *versions, complete=complete)
        for _ in range(random.randint(3, 7)):
            self._publication_by_chance(name, versions)
        self._distributions_by_chance(name, len(versions))

    def _next_version(self, previous: list[int], pool: list[int]) -> list[int]:
        """Remove some units and add others, one for each path."""
        kept = {self.units[unit].path: unit for unit in previous if self.random.random() > 0.25}
        for unit in self.random.sample(pool, k=len(pool) // 2):
            kept[self.units[unit].path] = unit
        return sorted(kept.values())

    def _publication_by_chance(self, name: str, versions: list[list[int]]) -> None:
        number = self.random.randrange(len(versions))
        units = self.random.sample(versions[number], k=len(versions[number]) // 2)
        metadata = {"index.html": self._file(70)} if self.random.random() < 0.3 else {}
        metadata["PULP_MANIFEST"] = self._file(71)
        published = {
            path: unit for path, unit in self.published(units).items() if path not in metadata
        }
        self.publication(
            name,
            number,
            complete=self.random.random() > 0.3,
            pass_through=self.random.random() < 0.5,
            published=published,
            metadata=metadata,
        )

    def _distributions_by_chance(self, name: str, versions: int) -> None:
        keys = [one.key for one in self.publications if one.repository == name]
        retained = tuple(
            Retained(key, self._now(), self.random.choice((-DAYS, DAYS, None))) for key in keys[-3:]
        )
        chosen = {"publication": self.random.choice(keys)}
        number = {"repository": name, "version": self.random.randrange(versions)}
        self.distribution(f"{name}/explicit", **chosen, retained=retained)
        self.distribution(f"{name}/version", **number)
        self.distribution(f"{name}/newest", repository=name, retained=retained[:1])
        self.distribution(f"{name}/plain", repository=name, serves_publications=False)
        self.distribution(f"{name}/plain-version", **number, serves_publications=False)
