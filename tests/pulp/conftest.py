"""Two real Pulps a session, one with domains and one without, each used by all tests."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.pulp.raw_http import PREFIXES, Route
from tests.pulp.rest import Rest
from tests.pulp.standalone import Standalone, running

#: The longest that a first start and the slowest test may take together, in seconds.
TIMEOUT = 300
#: All tests share one address, and some send nothing but wrong credentials.
UNTHROTTLED = ("--set", "CONTENTROUTES_FAILED_LOGINS=0")


def exporting(data: Path) -> tuple[str, ...]:
    """Return the options with which a Pulp in `data` exports to, and imports from, `exports`."""
    names = ("ALLOWED_EXPORT_PATHS", "ALLOWED_IMPORT_PATHS")
    folder = json.dumps([str(data.with_name("exports"))])
    return tuple(each for name in names for each in ("--set", f"{name}={folder}"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests that take both Pulps first, and of these the ones without domains."""
    items.sort(key=lambda item: "domains" in item.name)


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standalone]:
    """A Pulp without domains."""
    data = tmp_path_factory.mktemp("plain") / "data"
    with running(data, "--demo", *UNTHROTTLED, *exporting(data)) as instance:
        yield instance


@pytest.fixture(scope="session")
def domains(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standalone]:
    """A Pulp with domains."""
    data = tmp_path_factory.mktemp("domains") / "data"
    options = ("--set", "DOMAIN_ENABLED=true", "--content-workers", "1", *UNTHROTTLED)
    with running(data, *options, *exporting(data)) as instance:
        yield instance


@dataclass(frozen=True)
class Pulp:
    """A running Pulp: its processes, its REST API and the two ways to its content."""

    instance: Standalone
    rest: Rest
    domain: str | None

    def route(self, which: str, port: int | None = None) -> Route:
        prefix = PREFIXES[which] + (f"{self.domain}/" if self.domain else "")
        return Route(port or self.instance.content_port, prefix)

    @property
    def ours(self) -> Route:
        return self.route("ours")

    @property
    def stock(self) -> Route:
        return self.route("stock")


@pytest.fixture(scope="session", params=["plain", "domains"])
def pulp(request: pytest.FixtureRequest, caches: None) -> Pulp:
    """Every test that takes this runs twice: with domains off and on."""
    instance: Standalone = request.getfixturevalue(request.param)
    domain = "default" if request.param == "domains" else None
    return Pulp(instance, Rest(instance.front), domain)


@pytest.fixture(scope="session")
def pulp_with_domains(domains: Standalone, caches: None) -> Pulp:
    return Pulp(domains, Rest(domains.front), "default")


@pytest.fixture(scope="session")
def caches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep pulp-glue's copy of the API document out of the home folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for the sources of uploads."""
    return tmp_path
