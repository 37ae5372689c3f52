"""mvn with pulp_maven: a parent and a build extension, through nginx."""

from pathlib import Path

import pytest

from tests.plugins.access import Access
from tests.plugins.commands import expect_success, find_program
from tests.plugins.content import maven
from tests.plugins.expected import expect
from tests.plugins.site import BEFORE_A_RELEASE, Site

pytestmark = BEFORE_A_RELEASE
PLUGIN = "maven"

#: Rows of the table.
FILE, CHECKSUM = r".*\.(pom|jar)", r".*\.sha1"
_SETTINGS = """\
<settings>
  <localRepository>{local}</localRepository>
  <mirrors>
    <mirror>
      <id>pulp</id>
      <mirrorOf>*</mirrorOf>
      <url>{url}</url>
    </mirror>
  </mirrors>
  <servers>
    <server>
      <id>pulp</id>
      <username>{access.user}</username>
      <password>{access.password}</password>
    </server>
  </servers>
</settings>
"""
#: Its parent and its extension are resolved before any plugin would be.
_POM = """\
<project>
  <modelVersion>4.0.0</modelVersion>
  <parent>
    <groupId>{group}</groupId>
    <artifactId>parent</artifactId>
    <version>{version}</version>
    <relativePath/>
  </parent>
  <artifactId>project</artifactId>
  <packaging>pom</packaging>
  <build>
    <extensions>
      <extension>
        <groupId>{group}</groupId>
        <artifactId>extension</artifactId>
        <version>{version}</version>
      </extension>
    </extensions>
  </build>
</project>
"""


@pytest.fixture(scope="module")
def repository(site: Site) -> maven.Repository:
    return maven.create(site)


def test_mvn_resolves_a_parent_and_an_extension(
    site: Site, repository: maven.Repository, access: Access, tmp_path: Path
) -> None:
    base_path, local = repository.distributions[access.name], tmp_path / "local"
    url = site.content_url(base_path)
    (tmp_path / "settings.xml").write_text(_SETTINGS.format(local=local, url=url, access=access))
    (tmp_path / "pom.xml").write_text(_POM.format(group=maven.GROUP, version=maven.VERSION))
    # A wrong checksum, or none, fails.
    options = ("--batch-mode", "--strict-checksums", "--settings", "settings.xml")
    with site.front.record() as requests:
        output = expect_success(find_program("mvn", "maven"), *options, "validate", home=tmp_path)
    assert "BUILD SUCCESS" in output
    for path, data in repository.files.items():
        assert (local / path).read_bytes() == data
    expect(PLUGIN, requests, site.content_path(base_path), FILE, CHECKSUM)
