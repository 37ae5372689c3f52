"""The statements that find content.

Those of guards and tokens are in access_sql.py, those of the schema and the listener in schema.py.

The semantics are those of pulpcore's `Handler._match_and_stream`, and of
`Distribution.get_repository_publication_and_version`. The columns that they use are listed in
schema.py.
"""

from collections.abc import Iterator, Set
from typing import Final

from pulp_contentroutes.serving.database.schema import DEB_DISTRIBUTED, SUPERSEDED

# The test whether content unit m is in version number n of its repository. It compares numbers,
# because a version that is still being created already writes its rows: "version_removed_id IS
# NULL" would not be true of the version that is served.
_MEMBERSHIP: Final = """
  core_repositorycontent m
  JOIN core_repositoryversion va ON va.pulp_id = m.version_added_id
  LEFT JOIN core_repositoryversion vr ON vr.pulp_id = m.version_removed_id
"""
_IS_MEMBER: Final = "va.number <= {number} AND (vr.number IS NULL OR vr.number > {number})"

# $1 domain name, $2 the lengths, in characters, of the base paths that the request's path may
# start with, $3 the types that serve publications, $4 the request's path with a slash at its end,
# $5 whether pulpcore chooses as before 3.106: for each type the newest publication of the
# repository, and none for a version.
# Lengths and not texts: the texts for a path of 2 000 segments would take four megabytes. Two rows
# mean overlapping base paths, which pulpcore answers with an error. If there is no distribution,
# the result is one row of nulls that says whether there is one below the path.
_SNAPSHOT: Final = """
WITH d AS MATERIALIZED (
  SELECT dist.pulp_id, dist.pulp_type, dist.base_path::text AS base_path, dist.checkpoint,
         dist.publication_id, dist.repository_version_id, dist.repository_id, dist.remote_id,
         dist.content_guard_id, dist.pulp_type = ANY($3::text[]) AS publishes,
         dom.pulp_id AS domain_id, dom.pulp_last_updated AS domain_updated,
         dom.storage_class, dom.storage_settings::text AS storage_settings
    FROM core_domain dom
    JOIN core_distribution dist ON dist.pulp_domain_id = dom.pulp_id
   WHERE dom.name = $1::text
     AND dist.base_path = ANY(ARRAY(SELECT left($4::text, n) FROM unnest($2::integer[]) AS n))
   LIMIT 2
)
SELECT d.pulp_id AS distribution_id, d.pulp_type AS distribution_type, d.base_path, d.checkpoint,
       d.publishes, d.repository_id, d.remote_id, d.content_guard_id, d.domain_id,
       d.domain_updated, d.storage_class, d.storage_settings,
       pub.pulp_id AS publication_id, pub.complete AS is_publication_complete, pub.pass_through,
       pub.pulp_created AS publication_created,
       rv.pulp_id AS version_id, rv.repository_id AS version_repository_id, rv.number,
       rv.complete AS is_version_complete, rv.pulp_created AS version_created,
       {has_fallback} AS has_fallback,
       ARRAY(SELECT unnest(akeys(r.pulp_labels)) FROM core_repository r
              WHERE r.pulp_id IN (d.repository_id, rv.repository_id)) AS repository_labels,
       CASE WHEN d.pulp_id IS NULL THEN EXISTS (
         SELECT FROM core_domain dom
           JOIN core_distribution dist ON dist.pulp_domain_id = dom.pulp_id
          WHERE dom.name = $1::text AND dist.base_path ^@ $4::text
       ) ELSE false END AS is_above_another
  FROM (SELECT) AS request
  LEFT JOIN d ON true
  LEFT JOIN LATERAL (
      (SELECT p.* FROM core_publication p WHERE p.pulp_id = d.publication_id)
    UNION ALL
      (SELECT p.* FROM core_publication p
        WHERE d.publication_id IS NULL AND d.publishes AND NOT $5::boolean
          AND p.repository_version_id = d.repository_version_id AND p.complete
        ORDER BY p.pulp_created DESC LIMIT 1)
    UNION ALL
      (SELECT p.* FROM core_repositoryversion v
         JOIN core_publication p ON p.repository_version_id = v.pulp_id
        WHERE d.publication_id IS NULL AND v.repository_id = d.repository_id AND p.complete
          AND (d.repository_version_id IS NULL AND d.publishes OR $5::boolean)
        ORDER BY v.number DESC, p.pulp_created DESC LIMIT 1)
  ) pub ON NOT d.checkpoint
  LEFT JOIN LATERAL (
      (SELECT v.pulp_id, v.repository_id, v.number, v.complete, v.pulp_created
         FROM core_repositoryversion v
        WHERE v.pulp_id = COALESCE(pub.repository_version_id, d.repository_version_id))
    UNION ALL
      (SELECT v.pulp_id, v.repository_id, v.number, v.complete, v.pulp_created
         FROM core_repositoryversion v
        WHERE pub.pulp_id IS NULL AND d.repository_version_id IS NULL
          AND v.repository_id = d.repository_id AND v.complete
        ORDER BY v.number DESC LIMIT 1)
  ) rv ON NOT d.checkpoint
"""
# The rows of publications that are still served.
_IS_SERVED: Final = "x.distribution_id = {id} AND (x.expires_at IS NULL OR x.expires_at >= now())"
SNAPSHOT_WITHOUT_SUPERSEDED: Final = _SNAPSHOT.format(has_fallback="false")
#: The same where pulpcore serves superseded publications.
SNAPSHOT: Final = _SNAPSHOT.format(
    has_fallback=f"""d.publishes AND EXISTS (
         SELECT FROM {SUPERSEDED} x
          WHERE {_IS_SERVED.format(id="d.pulp_id")}
            AND x.publication_id IS DISTINCT FROM pub.pulp_id
       )"""
)

#: $1 the repository, $2 the second that the URL names. The result is the newest checkpoint up to
#: the end of that second, as pulpcore chooses it. pulpcore ignores `complete`; we do not.
CHECKPOINT: Final = """
SELECT p.pulp_id AS publication_id, p.complete AS is_publication_complete, p.pass_through,
       p.pulp_created AS publication_created,
       v.pulp_id AS version_id, v.repository_id AS version_repository_id, v.number,
       v.complete AS is_version_complete, v.pulp_created AS version_created
  FROM core_publication p JOIN core_repositoryversion v ON v.pulp_id = p.repository_version_id
 WHERE v.repository_id = $1 AND p.checkpoint
   AND p.pulp_created <= $2::timestamptz + interval '0.999999 seconds'
 ORDER BY p.pulp_created DESC LIMIT 1
"""

# The number of content units, of any repository, among which one is sought that is in this version
# and below a directory. If other repositories have more than that, the answer is not proven.
_PROBED: Final = 100

# The statement that finds a file in a content set. `publication` is null for a version alone;
# `number` is that of the version; `serves_version`: whether the version's content is served; `low`
# and `high` are the bounds of the paths below the directory of that name. The result is always one
# row; without a content artifact, it says whether there is (or may be) such a directory.
_LOOK_UP: Final = f"""
SELECT COALESCE(pa.id, member.id) AS content_artifact_id, pa.id IS NOT NULL AS is_published,
       COALESCE(member.count, 1) > 1 AS is_ambiguous,
       COALESCE(member.entered, published.entered) AS entered,
       a.pulp_id AS artifact_id, a.file, a.size, a.sha256, a.sha512,
       COALESCE(below.found, false) AS is_directory
  FROM (SELECT) AS request
  LEFT JOIN LATERAL (
      SELECT ca.pulp_id AS id, ca.content_id, ca.artifact_id
        FROM core_publishedartifact x
        JOIN core_contentartifact ca ON ca.pulp_id = x.content_artifact_id
       WHERE x.publication_id = {{publication}} AND x.relative_path = {{path}}
  ) pa ON true
  LEFT JOIN LATERAL (
      SELECT c.*, count(*) OVER () FROM (
        SELECT ca.pulp_id AS id, ca.artifact_id, m.pulp_created AS entered
          FROM core_contentartifact ca, {_MEMBERSHIP}
         WHERE pa.id IS NULL AND {{serves_version}} AND ca.relative_path = {{path}}
           AND m.content_id = ca.content_id AND m.repository_id = {{repository}}
           AND {_IS_MEMBER.format(number="{number}")}
         LIMIT 2) c
       LIMIT 1
  ) member ON true
  LEFT JOIN LATERAL (
      SELECT m.pulp_created AS entered
        FROM {_MEMBERSHIP}
       WHERE m.repository_id = {{repository}} AND m.content_id = pa.content_id
         AND {_IS_MEMBER.format(number="{number}")}
       ORDER BY m.pulp_id LIMIT 1
  ) published ON true
  LEFT JOIN core_artifact a ON a.pulp_id = COALESCE(pa.artifact_id, member.artifact_id)
  LEFT JOIN LATERAL (
      SELECT EXISTS (
               SELECT FROM core_publishedartifact x
                WHERE x.publication_id = {{publication}}
                  AND x.relative_path ~>=~ {{low}} AND x.relative_path ~<~ {{high}}
             ) OR {{serves_version}} AND (
               SELECT count(*) >= {_PROBED} OR COALESCE(bool_or(EXISTS (
                        SELECT FROM {_MEMBERSHIP}
                         WHERE m.content_id = c.content_id AND m.repository_id = {{repository}}
                           AND {_IS_MEMBER.format(number="{number}")})), false)
                 FROM (SELECT ca.content_id FROM core_contentartifact ca
                        WHERE ca.relative_path ~>=~ {{low}} AND ca.relative_path ~<~ {{high}}
                        LIMIT {_PROBED}) c
             ) AS found
  ) below ON pa.id IS NULL AND member.id IS NULL
"""
#: The parts of _LOOK_UP and their types, in the order of the values that are given for them.
_PARTS: Final = {
    "publication": "uuid",
    "repository": "uuid",
    "number": "integer",
    "serves_version": "boolean",
    "path": "text",
    "low": "text",
    "high": "text",
}
LOOK_UP: Final = _LOOK_UP.format(
    **{part: f"${place}::{kind}" for place, (part, kind) in enumerate(_PARTS.items(), 1)}
)
_ARRAYS: Final = ", ".join(f"${place}::{kind}[]" for place, kind in enumerate(_PARTS.values(), 1))
#: The same for several content sets: each value is an array, and there is a row for each.
LOOK_UP_SEVERAL: Final = f"""
SELECT found.*
  FROM unnest({_ARRAYS}) WITH ORDINALITY AS asked({", ".join(_PARTS)}, position)
  CROSS JOIN LATERAL ({_LOOK_UP.format(**{part: f"asked.{part}" for part in _PARTS})}) AS found
 ORDER BY asked.position
"""

#: $1 distribution, $2 path. The file at that path in the newest superseded publication that has one
#: and is still served.
#: `Distribution.get_fallback_ca` looks at content for pass-through publications, and at published
#: artifacts for the others.
LOOK_UP_SUPERSEDED: Final = f"""
WITH superseded AS MATERIALIZED (
  SELECT row_number() OVER (ORDER BY x.pulp_created DESC) AS position, x.expires_at,
         p.pulp_id AS publication_id, p.pass_through, v.repository_id, v.number,
         p.pulp_created AS publication_created
    FROM {SUPERSEDED} x
    JOIN core_publication p ON p.pulp_id = x.publication_id
    JOIN core_repositoryversion v ON v.pulp_id = p.repository_version_id
   WHERE {_IS_SERVED.format(id="$1::uuid")}
)
SELECT hit.id AS content_artifact_id, false AS is_published, false AS is_ambiguous,
       COALESCE(hit.entered, published.entered, s.publication_created) AS entered,
       a.pulp_id AS artifact_id, a.file, a.size, a.sha256, a.sha512,
       false AS is_directory, s.expires_at
  FROM superseded s
  CROSS JOIN LATERAL (
      (SELECT ca.pulp_id AS id, ca.content_id, ca.artifact_id, NULL::timestamptz AS entered
         FROM core_publishedartifact x
         JOIN core_contentartifact ca ON ca.pulp_id = x.content_artifact_id
        WHERE NOT s.pass_through AND x.publication_id = s.publication_id
          AND x.relative_path = $2::text)
    UNION ALL
      (SELECT ca.pulp_id, ca.content_id, ca.artifact_id, m.pulp_created
         FROM core_contentartifact ca, {_MEMBERSHIP}
        WHERE s.pass_through AND ca.relative_path = $2::text
          AND m.content_id = ca.content_id AND m.repository_id = s.repository_id
          AND {_IS_MEMBER.format(number="s.number")}
        ORDER BY ca.pulp_id LIMIT 1)
  ) hit
  LEFT JOIN LATERAL (
      SELECT m.pulp_created AS entered
        FROM {_MEMBERSHIP}
       WHERE hit.entered IS NULL AND m.repository_id = s.repository_id
         AND m.content_id = hit.content_id AND {_IS_MEMBER.format(number="s.number")}
       ORDER BY m.pulp_id LIMIT 1
  ) published ON true
  LEFT JOIN core_artifact a ON a.pulp_id = hit.artifact_id
 ORDER BY s.position LIMIT 1
"""

# When the content of `ca` entered a version.
_ENTERED: Final = f"""
       (SELECT m.pulp_created FROM {_MEMBERSHIP}
         WHERE m.content_id = ca.content_id AND m.repository_id = {{repository}}::uuid
           AND {_IS_MEMBER} ORDER BY m.pulp_id LIMIT 1)"""
_FILE: Final = """
SELECT ca.pulp_id AS content_artifact_id, false AS is_ambiguous, false AS is_directory,
       a.pulp_id AS artifact_id, a.file, a.size, a.sha256, a.sha512,"""

#: $1 a content artifact, $2 repository, $3 version number. The result is its artifact, and when its
#: content entered the version.
LOOK_UP_ARTIFACT: Final = f"""{_FILE}
       {_ENTERED.format(repository="$2", number="$3::integer")} AS entered
  FROM core_contentartifact ca LEFT JOIN core_artifact a ON a.pulp_id = ca.artifact_id
 WHERE ca.pulp_id = $1::uuid
"""

#: Table → the statement for the file at a path in the newest publication that has one, of those
#: that are served before the distribution's own: for pulp_deb as `AptDistribution.content_handler`.
#: $1 distribution, $2 path, $3 repository, $4 version number.
LOOK_UP_PUBLISHED: Final = {
    DEB_DISTRIBUTED: f"""{_FILE} x.expires_at, COALESCE(
       {_ENTERED.format(repository="$3", number="$4::integer")}, p.pulp_created) AS entered
  FROM {DEB_DISTRIBUTED} x
  JOIN core_publication p ON p.pulp_id = x.publication_id
  JOIN core_publishedartifact f ON f.publication_id = p.pulp_id AND f.relative_path = $2::text
  JOIN core_contentartifact ca ON ca.pulp_id = f.content_artifact_id
  LEFT JOIN core_artifact a ON a.pulp_id = ca.artifact_id
 WHERE {_IS_SERVED.format(id="$1::uuid")}
 ORDER BY x.pulp_created DESC LIMIT 1
"""
}

# Statements that are prepared once as a test of the schema.
_ALWAYS: Final = (
    SNAPSHOT_WITHOUT_SUPERSEDED, CHECKPOINT, LOOK_UP, LOOK_UP_SEVERAL, LOOK_UP_ARTIFACT
)  # fmt: skip
#: Table → the statements that are used where it exists.
OPTIONAL_STATEMENTS: Final = {
    SUPERSEDED: (SNAPSHOT, LOOK_UP_SUPERSEDED),
    **{table: (statement,) for table, statement in LOOK_UP_PUBLISHED.items()},
}


def statements(tables: Set[str]) -> Iterator[str]:
    """Yield the statements for a schema with these optional tables."""
    yield from _ALWAYS
    for table in sorted(tables):
        yield from OPTIONAL_STATEMENTS[table]
