"""Debian packages, made by dpkg-deb, and repositories of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.plugins.access import OPEN, PASSWORD, TOKEN
from tests.plugins.commands import expect_success, find_program
from tests.plugins.site import Site

NAME = "demo"
SUITE, COMPONENT = "stable", "main"
_CONTROL = """\
Package: demo
Version: {version}
Architecture: all
Maintainer: Tests <tests@example.com>
Description: A package of the tests
"""


def build(folder: Path, version: str) -> bytes:
    """Return a package."""
    root = folder / version
    (root / "DEBIAN").mkdir(parents=True)
    (root / "DEBIAN/control").write_text(_CONTROL.format(version=version))
    (root / "text").write_text(f"The text of {version}. " * 400)
    dpkg_deb, target = find_program("dpkg-deb", "dpkg"), folder / file_name(version)
    expect_success(dpkg_deb, "--root-owner-group", "--build", str(root), str(target), home=folder)
    return target.read_bytes()


def file_name(version: str) -> str:
    return f"{NAME}_{version}_all.deb"


@dataclass(frozen=True)
class Repository:
    """A repository with version 1.0 of the package, and its distributions."""

    site: Site
    folder: Path
    href: str
    package: bytes
    #: Base paths by the way of access.
    distributions: dict[str, str]

    def add(self, version: str) -> bytes:
        """Publish one more version and return its package."""
        data = build(self.folder, version)
        _add(self.site, self.href, version, data)
        return data


def create(
    site: Site, folder: Path, accesses: Iterable[str] = (OPEN, TOKEN, PASSWORD)
) -> Repository:
    href, data = site.repository("deb/apt"), build(folder, "1.0")
    _add(site, href, "1.0", data)
    distributions = {
        access: site.distribute("deb/apt", access, repository=href) for access in accesses
    }
    return Repository(site, folder, href, data, distributions)


def _add(site: Site, repository: str, version: str, data: bytes) -> None:
    fields = {"repository": repository, "distribution": SUITE, "component": COMPONENT}
    site.upload("content/deb/packages/", file_name(version), data, **fields)
    site.rest.create_in_task("publications/deb/apt/", repository=repository, structured=True)
