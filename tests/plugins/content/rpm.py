"""RPM packages, made by rpmbuild, and repositories of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.plugins.access import OPEN, PASSWORD, TOKEN
from tests.plugins.commands import expect_success, find_program
from tests.plugins.site import Site

NAME = "demo"
#: The only file of the package, and its text in each version.
INSTALLED = "usr/share/demo/text"
_SPEC = """
Name: demo
Version: {version}
Release: 1
Summary: A package of the tests
License: MIT
BuildArch: noarch

%description
It has one file.

%install
mkdir -p %{{buildroot}}/usr/share/demo
printf '{text}' > %{{buildroot}}/{installed}

%files
/{installed}
"""


def text_of(version: str) -> str:
    return f"The text of {version}. " * 400


def build(folder: Path, version: str) -> bytes:
    """Return a package."""
    spec = folder / f"{NAME}-{version}.spec"
    spec.write_text(_SPEC.format(version=version, text=text_of(version), installed=INSTALLED))
    rpmbuild = find_program("rpmbuild", "rpm")
    expect_success(rpmbuild, "-bb", "--define", f"_topdir {folder}", str(spec), home=folder)
    return (folder / "RPMS/noarch" / file_name(version)).read_bytes()


def file_name(version: str) -> str:
    return f"{NAME}-{version}-1.noarch.rpm"


@dataclass(frozen=True)
class Repository:
    """A repository with version 1.0 of the package, and its distributions."""

    site: Site
    folder: Path
    href: str
    package: bytes
    #: Base paths by the way of access.
    distributions: dict[str, str]
    #: The base path of a distribution of the first publication, for ever.
    of_publication: str

    def add(self, version: str) -> bytes:
        """Publish one more version and return its package."""
        data = build(self.folder, version)
        _add(self.site, self.href, version, data)
        return data


def create(
    site: Site, folder: Path, accesses: Iterable[str] = (OPEN, TOKEN, PASSWORD)
) -> Repository:
    href, data = site.repository("rpm/rpm"), build(folder, "1.0")
    publication = _add(site, href, "1.0", data)
    values = {"repository": href, "generate_repo_config": True}
    distributions = {access: site.distribute("rpm/rpm", access, **values) for access in accesses}
    fixed = site.distribute("rpm/rpm", OPEN, publication=publication)
    return Repository(site, folder, href, data, distributions, fixed)


def _add(site: Site, repository: str, version: str, data: bytes) -> str:
    """Return the href of a publication with one more package in it."""
    site.upload("content/rpm/packages/", file_name(version), data, repository=repository)
    return site.rest.create_in_task("publications/rpm/rpm/", repository=repository)
