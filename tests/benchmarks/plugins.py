"""A Pulp with the plugins that people use, and a package file of each."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.harness.http1 import Connection
from tests.harness.rest import new_name
from tests.plugins.access import OPEN
from tests.plugins.comparison import crawl
from tests.plugins.content import container, deb, maven, npm, python, rpm
from tests.plugins.environment import NEWEST
from tests.plugins.running import run_site
from tests.plugins.site import Site

#: The plugins that a rule serves.
RULED: Final = ("rpm", "deb", "python", "npm", "maven", "container")
#: A file whose plugin is asked for each request: a label of its repository turns the rule off.
ASKED: Final = "maven, after asking"


@dataclass(frozen=True, slots=True)
class Plugins:
    """A running Pulp, and the targets of its files: by plugin, and ASKED."""

    site: Site
    targets: Mapping[str, str]


@contextmanager
def run_plugins(folder: Path) -> Iterator[Plugins]:
    """Run the Pulp for the block, with a package file of each plugin."""
    folder.mkdir()
    with run_site(NEWEST, folder) as site:
        with Connection(site.instance.content_port) as connection:
            targets = {
                name: f"/pulp/content/{path}"
                if "/" in path
                else _find_package(connection, f"/pulp/content/{path}/")
                for name, path in _publish(site, folder)
            }
        yield Plugins(site, {**targets, "container": _push(site, folder)})


def _publish(site: Site, folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the names of the targets, and base paths that have one package each, or its path.

    pulp_npm and pulp_maven do not list directories, but answer them with documents.
    """
    jar = maven.path_of("extension", "jar")
    yield "rpm", rpm.create(site, folder, [OPEN]).distributions[OPEN]
    yield "deb", deb.create(site, folder, [OPEN]).distributions[OPEN]
    yield "python", python.create(site).of_repository[OPEN]
    yield "npm", f"{npm.create(site).distributions[OPEN]}/{npm.path_of(npm.NAMES[0])}"
    yield "maven", f"{maven.create(site).distributions[OPEN]}/{jar}"
    asked = maven.create(site)
    site.rest.run_task("PATCH", asked.href, pulp_labels={"path_index": "true"})
    yield ASKED, f"{asked.distributions[OPEN]}/{jar}"


def _find_package(connection: Connection, prefix: str) -> str:
    endings = (".rpm", ".deb", ".whl")
    return next(each for each in crawl(connection, prefix, {}) if each.endswith(endings))


def _push(site: Site, folder: Path) -> str:
    """Return the target of a blob as clients ask for it: signed by the registry."""
    image, base_path = container.build(folder / "image"), f"acme/{new_name()}"
    container.push(site, image, base_path, folder)
    signed = container.sign(site, base_path, f"blobs/sha256:{image.layer}")
    return f"{site.content_path(base_path, container.PREFIX)}{signed}"
