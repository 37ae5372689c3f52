"""The schema that we need: pulpcore's columns, our triggers and indexes; and statements about it.

pulpcore's schema is not a plugin API: all of this is checked at start, and if anything is missing,
the fast path stays off.
"""

from collections.abc import Iterable, Mapping
from typing import Final

REQUIRED_COLUMNS: Final[Mapping[str, frozenset[str]]] = {
    "core_domain": frozenset(
        {"pulp_id", "name", "pulp_last_updated", "storage_class", "storage_settings"}
    ),
    "core_distribution": frozenset(
        {
            "pulp_id", "pulp_type", "base_path", "pulp_domain_id", "content_guard_id",
            "publication_id", "repository_id", "repository_version_id", "remote_id", "checkpoint",
        }
    ),
    "core_publication": frozenset(
        {
            "pulp_id", "pulp_created", "complete", "pass_through", "checkpoint",
            "repository_version_id",
        }
    ),
    "core_publishedartifact": frozenset({"publication_id", "relative_path", "content_artifact_id"}),
    "core_repositoryversion": frozenset(
        {"pulp_id", "pulp_created", "repository_id", "number", "complete"}
    ),
    "core_repositorycontent": frozenset(
        {
            "pulp_id", "pulp_created", "repository_id", "content_id", "version_added_id",
            "version_removed_id",
        }
    ),
    "core_contentartifact": frozenset({"pulp_id", "content_id", "artifact_id", "relative_path"}),
    "core_artifact": frozenset({"pulp_id", "file", "size", "sha256", "sha512"}),
    "core_contentguard": frozenset({"pulp_id", "pulp_domain_id"}),
    "core_repository": frozenset({"pulp_id", "pulp_labels"}),
    "contentroutes_apitoken": frozenset({"pulp_id", "digest", "user_id", "expires", "last_used"}),
    "contentroutes_contentroute": frozenset(
        {
            "pulp_id", "name", "host", "mount", "stem", "enabled", "action", "path", "location",
            "status", "content_guard_id", "cache_control", "headers", "listings", "allow", "deny",
            "pulp_domain_id",
        }
    ),
    "contentroutes_contentroutetarget": frozenset(
        {"route_id", "distribution_id", "path", "position"}
    ),
}  # fmt: skip

#: The columns behind users' permissions. If the users are in another table, Pulp decides.
USER_COLUMNS: Final[Mapping[str, frozenset[str]]] = {
    "auth_user": frozenset({"id", "is_active", "is_superuser"}),
    "auth_user_groups": frozenset({"user_id", "group_id"}),
    "auth_permission": frozenset({"id", "content_type_id", "codename"}),
    "django_content_type": frozenset({"id", "app_label"}),
    "core_role_permissions": frozenset({"role_id", "permission_id"}),
    "core_userrole": frozenset({"user_id", "role_id", "object_id", "domain_id"}),
    "core_grouprole": frozenset({"group_id", "role_id", "object_id", "domain_id"}),
}

#: pulpcore's publications that are served for a while after their successors (since 3.109).
SUPERSEDED: Final = "core_distributedpublication"
#: The publications that pulp_deb serves before any other one.
DEB_DISTRIBUTED: Final = "deb_distributedpublication"
#: The columns of tables that not every Pulp has; rules that need a missing one are not used.
OPTIONAL_COLUMNS: Final[Mapping[str, frozenset[str]]] = dict.fromkeys(
    (SUPERSEDED, DEB_DISTRIBUTED),
    frozenset({"pulp_id", "distribution_id", "publication_id", "expires_at", "pulp_created"}),
)


def _names(events: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the names of the triggers of each table, as `migrations/_triggers.py` creates them."""
    return tuple(
        f"contentroutes_{table.removeprefix('contentroutes_')}_{event}"
        for table, own in events.items()
        for event in (*own, "truncate")
    )


_ANY: Final = ("insert", "update", "delete")
#: The names of the triggers and indexes that our migrations create.
REQUIRED_OBJECTS: Final = (
    *_names(
        {
            "core_distribution": _ANY,
            "core_publication": _ANY,
            "core_repositoryversion": _ANY,
            "core_domain": ("update", "delete"),
            "core_artifact": ("delete",),
            "core_contentartifact": ("update",),
            "core_contentguard": ("update", "delete"),
            "core_repository": ("update",),
            "contentroutes_apitoken": ("update", "delete"),
            "contentroutes_contentroute": _ANY,
            "contentroutes_contentroutetarget": _ANY,
            "core_userrole": _ANY,
            "core_grouprole": _ANY,
            "core_role_permissions": ("insert", "delete"),
        }
    ),
    "contentroutes_published_paths",
    "contentroutes_content_paths",
)
OPTIONAL_OBJECTS: Final = {table: frozenset(_names({table: _ANY})) for table in OPTIONAL_COLUMNS}
USER_OBJECTS: Final = _names(
    {"auth_user": ("update", "delete"), "auth_user_groups": ("insert", "delete")}
)

#: The channel that our triggers notify; its payloads are keys separated by commas, or `*`.
#: Workers notify it, too, with a payload of their own that begins with ECHO. Our migrations,
#: forwards and backwards, announce that the schema is different from then on (CHANGED).
CHANNEL: Final = "pulp_contentroutes"
EVERYTHING: Final = "*"
CHANGED: Final = "schema"
ECHO: Final = "echo:"

#: $1 tables.
COLUMNS: Final = """
SELECT table_name, column_name
  FROM information_schema.columns
 WHERE table_schema = current_schema() AND table_name = ANY($1::text[])
"""

#: $1 names. A trigger is usable if it fires for ordinary sessions ("origin", or always), and an
#: index if its creation was not interrupted. Another Pulp may have its own in another schema.
OBJECTS: Final = """
SELECT tgname::text AS name, tgenabled IN ('O', 'A') AS is_usable
  FROM pg_trigger
 WHERE tgname = ANY($1::text[]) AND pg_table_is_visible(tgrelid)
UNION ALL
SELECT c.relname::text, i.indisvalid
  FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid
 WHERE c.relname = ANY($1::text[]) AND pg_table_is_visible(c.oid)
"""

#: $1 tables. The text differs once a trigger of ours or its function was created, dropped,
#: replaced, enabled or disabled, or a column of these tables changed. Only the catalog is locked.
STATE: Final = """
SELECT md5(concat_ws(';',
  (SELECT string_agg(concat_ws(' ', t.oid, t.xmin, p.oid, p.xmin), ',' ORDER BY t.oid)
     FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
    WHERE t.tgname LIKE 'contentroutes\\_%' AND pg_table_is_visible(t.tgrelid)),
  (SELECT string_agg(concat_ws(' ', a.attrelid, a.attname, a.atttypid), ','
                     ORDER BY a.attrelid, a.attnum)
     FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relname = ANY($1::text[]) AND pg_table_is_visible(c.oid)
      AND a.attnum > 0 AND NOT a.attisdropped)))
"""

# The statements by which the listener checks its assumptions about the database.

#: $1 channel, $2 payload.
NOTIFY: Final = "SELECT pg_notify($1::text, $2::text)"

#: The server process that answers; behind a pooler it is not the one that the connection was opened
#: with.
BACKEND: Final = "SELECT pg_backend_pid()"

#: The tables of the fields that each type of guard adds to pulpcore's, and their keys, quoted.
GUARD_TABLES: Final = """
SELECT c.conrelid::regclass::text AS name, quote_ident(a.attname) AS key
  FROM pg_constraint c
  JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
  JOIN pg_index i ON i.indrelid = c.conrelid AND i.indisprimary
 WHERE c.contype = 'f' AND c.confrelid = to_regclass('core_contentguard')
   AND i.indkey::text = c.conkey[1]::text
 ORDER BY 1
"""

#: Precedes FINGERPRINT, which reads whole tables: sessions begin with settings for single rows. It
#: does not queue behind a migration that locks one of the tables: the next attempt follows soon.
READ_WHOLE_TABLES: Final = """
BEGIN READ ONLY;
SET LOCAL statement_timeout = {milliseconds};
SET LOCAL lock_timeout = 1000;
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL enable_seqscan = on;
SET LOCAL enable_hashjoin = on;
SET LOCAL enable_mergejoin = on;
SET LOCAL plan_cache_mode = auto
"""

# `xmin` is the transaction that wrote a row: it differs after each change, by whatever client.
_HASHED: Final = "SELECT {key}, uuid_hash_extended({id}, t.xmin::text::bigint) FROM {table}"
_PUBLICATIONS: Final = (
    "core_publication t JOIN core_repositoryversion v ON v.pulp_id = t.repository_version_id"
)
_ROUTES: Final = "contentroutes_contentroute t"
_TARGETS: Final = "contentroutes_contentroutetarget t"
_NOTHING: Final = "'00000000-0000-0000-0000-000000000000'::uuid"

#: The state of the rows behind snapshots, guards and routes: for each key that triggers announce,
#: in the order of the keys, the 16 bytes of the key (nil: all base paths and routes) and the 8
#: bytes of a hash of the rows written for it. `{more}` are those of tables that not every Pulp has.
FINGERPRINT: Final = f"""
WITH hashed(key, hash) AS (
  {_HASHED.format(key=_NOTHING, id="pulp_id", table="core_distribution t")}
  UNION ALL {_HASHED.format(key=_NOTHING, id="pulp_id", table="core_domain t")}
  UNION ALL {_HASHED.format(key=_NOTHING, id="pulp_id", table=_ROUTES)}
  UNION ALL {_HASHED.format(key="pulp_id", id="pulp_id", table="core_distribution t")}
  UNION ALL {_HASHED.format(key="pulp_id", id="pulp_id", table="core_domain t")}
  UNION ALL {_HASHED.format(key="pulp_id", id="pulp_id", table="core_contentguard t")}
  UNION ALL {_HASHED.format(key="pulp_id", id="pulp_id", table="core_repository t")}
  UNION ALL {_HASHED.format(key="pulp_id", id="pulp_id", table=_ROUTES)}
  UNION ALL {_HASHED.format(key="route_id", id="pulp_id", table=_TARGETS)}
  UNION ALL {_HASHED.format(key="repository_id", id="pulp_id", table="core_repositoryversion t")}
  UNION ALL {_HASHED.format(key="v.repository_id", id="t.pulp_id", table=_PUBLICATIONS)}{{more}}
), summed AS (
  SELECT key, mod(sum(hash), 9223372036854775807)::bigint AS hash FROM hashed GROUP BY key
)
SELECT COALESCE(string_agg(uuid_send(key) || int8send(hash), ''::bytea ORDER BY key), '')
  FROM summed
"""


def render_fingerprint(guards: Iterable[tuple[str, str]], optional: Iterable[str]) -> str:
    """Return FINGERPRINT with the tables of guards and their keys, and with `optional` tables.

    The names of guards' tables and their keys are quoted for SQL.
    """
    parts = [_HASHED.format(key=key, id=key, table=f"{table} t") for table, key in guards]
    parts += [
        _HASHED.format(key="distribution_id", id="pulp_id", table=f"{table} t")
        for table in optional
    ]
    return FINGERPRINT.format(more="".join(f"\n  UNION ALL {part}" for part in parts))
