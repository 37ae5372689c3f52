"""Repository versions of any size, written by SQL: a million units through the API would take days.

Units share a few real artifacts. The repository, its publications and distributions are made
in Pulp's Django, so that everything but the number of units is Pulp's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import psycopg

from pulp_contentroutes.standalone.database import connect
from tests.harness.pulp import Pulp
from tests.harness.rest import new_name

#: Bytes of every unit.
SIZE: Final = 4096
_ARTIFACTS: Final = 4
_CONNECT_SECONDS: Final = 10
_TABLES: Final = (
    "core_content, core_contentartifact, file_filecontent, core_repositorycontent, "
    "core_repositoryversion, core_publishedartifact, core_publication, core_distribution"
)

_UNITS: Final = """
CREATE TEMP TABLE unit ON COMMIT DROP AS
WITH seed AS (
    SELECT ca.artifact_id, f.digest, f._pulp_domain_id AS domain, row_number() OVER () - 1 AS nth,
           count(*) OVER () AS seeds
      FROM file_filecontent f
      JOIN core_contentartifact ca ON ca.content_id = f.content_ptr_id
      JOIN core_repositorycontent rc ON rc.content_id = f.content_ptr_id
     WHERE rc.repository_id = %(repository)s
)
SELECT {uuid}() AS content, {uuid}() AS content_artifact,
       %(folder)s || '/' || lpad(number::text, 7, '0') || '.bin' AS path,
       seed.artifact_id AS artifact, seed.digest, seed.domain
  FROM generate_series(1, %(count)s) number JOIN seed ON seed.nth = number %% seed.seeds
"""
_CONTENT: Final = """
INSERT INTO core_content (pulp_id, pulp_created, pulp_last_updated, pulp_type,
                          timestamp_of_interest, pulp_domain_id, pulp_labels)
SELECT content, now(), now(), 'file.file', now(), domain, '' FROM unit
"""
_FILE_CONTENT: Final = """
INSERT INTO file_filecontent (content_ptr_id, relative_path, digest, _pulp_domain_id)
SELECT content, path, digest, domain FROM unit
"""
_CONTENT_ARTIFACT: Final = """
INSERT INTO core_contentartifact (pulp_id, pulp_created, pulp_last_updated, relative_path,
                                  artifact_id, content_id)
SELECT content_artifact, now(), now(), path, artifact, content FROM unit
"""
_MEMBERSHIP: Final = """
INSERT INTO core_repositorycontent (pulp_id, pulp_created, pulp_last_updated, content_id,
                                    repository_id, version_added_id)
SELECT {uuid}(), now(), now(), content, %(repository)s, %(version)s FROM unit
"""
_VERSION: Final = """
UPDATE core_repositoryversion
   SET content_ids = content_ids || (SELECT array_agg(content) FROM unit)
 WHERE pulp_id = %(version)s
"""
_COUNTS: Final = """
UPDATE core_repositoryversioncontentdetails SET count = count + %(count)s
 WHERE repository_version_id = %(version)s
"""
_PUBLISHED_ARTIFACT: Final = """
INSERT INTO core_publishedartifact (pulp_id, pulp_created, pulp_last_updated, relative_path,
                                    content_artifact_id, publication_id)
SELECT {uuid}(), now(), now(), path, content_artifact, %(published)s FROM unit
"""
_STATEMENTS: Final = (
    _UNITS,
    _CONTENT,
    _FILE_CONTENT,
    _CONTENT_ARTIFACT,
    _MEMBERSHIP,
    _VERSION,
    _COUNTS,
    _PUBLISHED_ARTIFACT,
)


@dataclass(frozen=True, slots=True)
class Units:
    """A repository version of `count` units behind two distributions; numbers start at 1."""

    count: int
    folder: str
    #: Base path of a distribution, by the kind of its publication.
    base_paths: Mapping[str, str]

    @property
    def pattern(self) -> str:
        """Return the path of a unit below its distribution, to be formatted with its number."""
        return f"{self.folder}/%07d.bin"


PASS_THROUGH: Final = "pass-through"
PUBLISHED: Final = "published artifacts"


def make(pulp: Pulp, database: Mapping[str, str], count: int) -> Units:
    """Make a repository version of `count` units, and a distribution of each kind."""
    name = new_name()
    # The bytes contain the name, so that each repository has artifacts of its own.
    seeds = {
        f"seed-{number}.bin": f"{name} {number}".encode().ljust(SIZE, b".")
        for number in range(_ARTIFACTS)
    }
    repository = pulp.repository(seeds)
    # Published before the units exist, whose manifest would take its time.
    publications = {
        kind: pulp.publication(repository, pass_through=kind == PASS_THROUGH)
        for kind in (PASS_THROUGH, PUBLISHED)
    }
    with connect(database, _CONNECT_SECONDS, autocommit=True) as connection:
        _fill(connection, repository, publications[PUBLISHED], name, count)
    base_paths = {
        kind: str(pulp.distribution(publication=publication)["base_path"])
        for kind, publication in publications.items()
    }
    return Units(count, name, base_paths)


def _fill(
    connection: psycopg.Connection, repository: str, published: str, name: str, count: int
) -> None:
    identifier = _id(repository)
    found = connection.execute(
        "SELECT pulp_id FROM core_repositoryversion WHERE repository_id = %s "
        "ORDER BY number DESC LIMIT 1",
        [identifier],
    ).fetchone()
    assert found
    values = {
        "repository": identifier,
        "version": found[0],
        "published": _id(published),
        "folder": name,
        "count": count,
    }
    # Pulp's own keys are ordered by time, too; PostgreSQL 18 is the first that makes such keys.
    has_uuidv7 = connection.execute("SELECT to_regproc('uuidv7') IS NOT NULL").fetchone()
    uuid = "uuidv7" if has_uuidv7 == (True,) else "gen_random_uuid"
    with connection.transaction():
        # Without the check of each foreign key, which takes most of the time: all of them lead to
        # rows of the same statements.
        connection.execute("SET LOCAL session_replication_role = replica")
        for statement in _STATEMENTS:
            connection.execute(statement.replace("{uuid}", uuid), values)
    # This also keeps an autovacuum from starting in the middle of a measurement.
    connection.execute(f"VACUUM (ANALYZE) {_TABLES}")
    connection.execute("CHECKPOINT")


def _id(href: str) -> str:
    return href.rstrip("/").rpartition("/")[2]
