"""What the database must have: pulpcore's columns, and our triggers and indexes.

pulpcore's schema is no plugin API: all of this is looked for at start, and without it the fast path
stays off.
"""

from collections.abc import Mapping
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
        {"distribution_id", "publication_id", "expires_at", "pulp_created"}
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
    "contentroutes_published_paths",
    "contentroutes_content_paths",
)
USER_OBJECTS: Final = (
    "contentroutes_auth_user_update",
    "contentroutes_auth_user_delete",
    "contentroutes_auth_user_groups_insert",
    "contentroutes_auth_user_groups_delete",
)

#: The channel that our triggers notify; its payloads are keys with commas between them, or `*`.
CHANNEL: Final = "pulp_contentroutes"
EVERYTHING: Final = "*"

#: $1 tables.
COLUMNS: Final = """
SELECT table_name, column_name
  FROM information_schema.columns
 WHERE table_schema = current_schema() AND table_name = ANY($1::text[])
"""

#: $1 names. A trigger is of use if it fires for ordinary sessions ("origin", or always), and an
#: index if its making was not interrupted.
OBJECTS: Final = """
SELECT tgname::text AS name
  FROM pg_trigger
 WHERE tgenabled IN ('O', 'A') AND tgname = ANY($1::text[])
UNION
SELECT c.relname::text
  FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid
 WHERE i.indisvalid AND c.relname = ANY($1::text[])
"""
