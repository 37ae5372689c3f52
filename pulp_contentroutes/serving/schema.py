"""What the database must have: pulpcore's columns, our triggers and indexes; and how it is asked.

pulpcore's schema is no plugin API: all of this is looked for at start, and without it the fast path
stays off.
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
    "core_distributedpublication": frozenset(
        {"pulp_id", "distribution_id", "publication_id", "expires_at", "pulp_created"}
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
    "contentroutes_apitoken": frozenset({"pulp_id", "digest", "user_id", "expires", "last_used"}),
}  # fmt: skip

#: What the permissions of users are made of. Where the users are in another table, Pulp decides.
USER_COLUMNS: Final[Mapping[str, frozenset[str]]] = {
    "auth_user": frozenset({"id", "is_active", "is_superuser"}),
    "auth_user_groups": frozenset({"user_id", "group_id"}),
    "auth_permission": frozenset({"id", "content_type_id", "codename"}),
    "django_content_type": frozenset({"id", "app_label"}),
    "core_role_permissions": frozenset({"role_id", "permission_id"}),
    "core_userrole": frozenset({"user_id", "role_id", "object_id", "domain_id"}),
    "core_grouprole": frozenset({"group_id", "role_id", "object_id", "domain_id"}),
}

#: What our migrations make, by name: triggers, and indexes.
REQUIRED_OBJECTS: Final = (
    *(
        f"contentroutes_{what}_changed_{event}"
        for what, events in {
            "distribution": ("insert", "update", "delete"),
            "publication": ("insert", "update", "delete"),
            "version": ("insert", "update", "delete"),
            "distributedpublication": ("insert", "update", "delete"),
            "domain": ("update", "delete"),
            "artifact": ("delete",),
            "contentartifact": ("update",),
        }.items()
        for event in events
    ),
    *(
        f"contentroutes_{table}_{event}"
        for table, events in {
            "core_contentguard": ("update", "delete"),
            "apitoken": ("update", "delete"),
            "core_userrole": ("insert", "update", "delete"),
            "core_grouprole": ("insert", "update", "delete"),
            "core_role_permissions": ("insert", "delete"),
        }.items()
        for event in events
    ),
    *(
        f"contentroutes_{table}_truncate"
        for table in (
            "apitoken",
            "core_artifact",
            "core_contentartifact",
            "core_contentguard",
            "core_distributedpublication",
            "core_distribution",
            "core_domain",
            "core_grouprole",
            "core_publication",
            "core_repositoryversion",
            "core_role_permissions",
            "core_userrole",
        )
    ),
    "contentroutes_published_paths",
    "contentroutes_content_paths",
)
USER_OBJECTS: Final = (
    "contentroutes_auth_user_truncate",
    "contentroutes_auth_user_groups_truncate",
    "contentroutes_auth_user_update",
    "contentroutes_auth_user_delete",
    "contentroutes_auth_user_groups_insert",
    "contentroutes_auth_user_groups_delete",
)

#: The channel that our triggers notify; its payloads are keys with commas between them, or `*`.
#: Workers notify it, too, of themselves: with a payload that begins with ECHO. Our migrations say
#: that the schema is another one from here on, forwards and backwards.
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

#: $1 names. A trigger is of use if it fires for ordinary sessions ("origin", or always), and an
#: index if its making was not interrupted. Another Pulp may have its own in another schema.
OBJECTS: Final = """
SELECT tgname::text AS name, tgenabled IN ('O', 'A') AS is_usable
  FROM pg_trigger
 WHERE tgname = ANY($1::text[]) AND pg_table_is_visible(tgrelid)
UNION ALL
SELECT c.relname::text, i.indisvalid
  FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid
 WHERE c.relname = ANY($1::text[]) AND pg_table_is_visible(c.oid)
"""

#: $1 tables. Another text once a trigger of ours or its function was made, dropped, replaced,
#: enabled or disabled, or a column of these tables changed. It locks nothing but the catalog.
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

# How the listener knows what it can rely on.

#: $1 channel, $2 payload.
NOTIFY: Final = "SELECT pg_notify($1::text, $2::text)"

#: The process that answers; behind a pooler it is another than the connection was begun with.
BACKEND: Final = "SELECT pg_backend_pid()"

#: Tables of the fields that each type of guard has beside pulpcore's, quoted, and their keys.
GUARD_TABLES: Final = """
SELECT c.conrelid::regclass::text AS name, quote_ident(a.attname) AS key
  FROM pg_constraint c
  JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
  JOIN pg_index i ON i.indrelid = c.conrelid AND i.indisprimary
 WHERE c.contype = 'f' AND c.confrelid = to_regclass('core_contentguard')
   AND i.indkey::text = c.conkey[1]::text
 ORDER BY 1
"""

#: Before FINGERPRINT, which reads whole tables: sessions begin with settings for single rows. It
#: queues behind no migration that locks one of them: there is another look soon.
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

# `xmin` is the transaction that wrote a row: another one after each change, whoever made it.
_HASHED: Final = "SELECT {key}, uuid_hash_extended({id}, t.xmin::text::bigint) FROM {table}"
_SUPERSEDED: Final = "core_distributedpublication t"
_PUBLICATIONS: Final = (
    "core_publication t JOIN core_repositoryversion v ON v.pulp_id = t.repository_version_id"
)
_NOTHING: Final = "'00000000-0000-0000-0000-000000000000'::uuid"

#: How plans and guards were made: 16 bytes of a key that triggers announce (nil for all base paths)
#: and 8 bytes of a hash of what was written for each, in their order. `{guards}` are rows of
#: GUARD_TABLES, rendered by `render_fingerprint`.
FINGERPRINT: Final = f"""
WITH hashed(key, hash) AS (
  {_HASHED.format(key=_NOTHING, id="pulp_id", table="core_distribution t")}
  UNION ALL {_HASHED.format(key=_NOTHING, id="pulp_id", table="core_domain t")}
  UNION ALL {_HASHED.format(key="pulp_id", id="pulp_id", table="core_distribution t")}
  UNION ALL {_HASHED.format(key="pulp_id", id="pulp_id", table="core_domain t")}
  UNION ALL {_HASHED.format(key="pulp_id", id="pulp_id", table="core_contentguard t")}
  UNION ALL {_HASHED.format(key="distribution_id", id="pulp_id", table=_SUPERSEDED)}
  UNION ALL {_HASHED.format(key="repository_id", id="pulp_id", table="core_repositoryversion t")}
  UNION ALL {_HASHED.format(key="v.repository_id", id="t.pulp_id", table=_PUBLICATIONS)}{{guards}}
), summed AS (
  SELECT key, mod(sum(hash), 9223372036854775807)::bigint AS hash FROM hashed GROUP BY key
)
SELECT COALESCE(string_agg(uuid_send(key) || int8send(hash), ''::bytea ORDER BY key), '')
  FROM summed
"""


def render_fingerprint(guards: Iterable[tuple[str, str]]) -> str:
    """Return FINGERPRINT with the tables of guards, and their keys: both as SQL writes them."""
    parts = (_HASHED.format(key=key, id=key, table=f"{table} t") for table, key in guards)
    return FINGERPRINT.format(guards="".join(f"\n  UNION ALL {part}" for part in parts))
