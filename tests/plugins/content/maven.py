"""A Maven project of a parent and an extension, deployed as `mvn deploy` does."""

import hashlib
import io
import zipfile
from dataclasses import dataclass

from tests.plugins.access import OPEN, PASSWORD, TOKEN
from tests.plugins.site import Site

GROUP, VERSION = "com.example.demo", "1.0"
_POM = """\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>com.example.demo</groupId>
  <artifactId>{artifact}</artifactId>
  <version>1.0</version>
  <packaging>{packaging}</packaging>
  <description>An artifact of the tests</description>
</project>
"""


def path_of(artifact: str, extension: str) -> str:
    """Return a path below the base path, and below a local repository of Maven."""
    folder = GROUP.replace(".", "/")
    return f"{folder}/{artifact}/{VERSION}/{artifact}-{VERSION}.{extension}"


def build() -> dict[str, bytes]:
    """Return the files by their paths."""
    return {
        path_of("parent", "pom"): _POM.format(artifact="parent", packaging="pom").encode(),
        path_of("extension", "pom"): _POM.format(artifact="extension", packaging="jar").encode(),
        path_of("extension", "jar"): _build_jar("The text of the extension. " * 400),
        # Maven adds it to the dependencies of every extension.
        "org/codehaus/plexus/plexus-utils/1.1/plexus-utils-1.1.jar": _build_jar(""),
    }


def _build_jar(text: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(zipfile.ZipInfo("text"), text)
    return data.getvalue()


@dataclass(frozen=True)
class Repository:
    """A repository with the files, and its distributions."""

    href: str
    #: Files by their paths below the base path.
    files: dict[str, bytes]
    #: Base paths by the way of access.
    distributions: dict[str, str]


def create(site: Site) -> Repository:
    files = build()
    href = site.repository("maven/maven")
    distributions = {
        access: site.distribute("maven/maven", access, repository=href)
        for access in (OPEN, TOKEN, PASSWORD)
    }
    prefix = site.content_path(site.rest.call("GET", href).json()["name"], "/pulp/maven/")
    for path, data in files.items():
        for suffix, content in (("", data), (".sha1", hashlib.sha1(data).hexdigest().encode())):
            answer = site.rest.put(f"{prefix}{path}{suffix}", content)
            assert answer.status_code == 201, answer.text
    return Repository(href, files, distributions)
