"""npm packages, made by tarfile, and repositories of them."""

import gzip
import io
import json
import tarfile
from dataclasses import dataclass

from tests.plugins.access import OPEN, PASSWORD, TOKEN
from tests.plugins.site import Site

#: One without a scope, one with.
NAMES = ("demo-text", "@acme/demo-text")
VERSION = "1.0.0"


def text_of(name: str) -> str:
    return f"module.exports = 'The text of {name}';\n" * 100


def path_of(name: str) -> str:
    """Return the path of a tarball below the base path."""
    return f"{name}/-/{name.rpartition('/')[2]}-{VERSION}.tgz"


def build(name: str) -> bytes:
    """Return a package."""
    package = {"name": name, "version": VERSION, "main": "index.js"}
    files = {"package.json": json.dumps(package), "index.js": text_of(name)}
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for file, text in files.items():
            member = tarfile.TarInfo(f"package/{file}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    # pulp_npm keeps the first file of a name and a version: the same bytes each time.
    return gzip.compress(data.getvalue(), mtime=0)


@dataclass(frozen=True)
class Repository:
    """A repository with both packages, and its distributions."""

    #: Packages by their names.
    packages: dict[str, bytes]
    #: Base paths by the way of access.
    distributions: dict[str, str]


def create(site: Site) -> Repository:
    packages = {name: build(name) for name in NAMES}
    href = site.repository("npm/npm")
    for data in packages.values():
        # The plugin finds name and version in the package.
        site.upload("content/npm/packages/", "package.tgz", data, repository=href)
    distributions = {
        access: site.distribute("npm/npm", access, repository=href)
        for access in (OPEN, TOKEN, PASSWORD)
    }
    return Repository(packages, distributions)
