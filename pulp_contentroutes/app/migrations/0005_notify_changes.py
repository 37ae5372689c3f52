# Zero-downtime safe: triggers only, which older code does not notice.
#
# They tell the content workers which rows have changed that snapshots are made of, and that guards, or what
# tokens are good for, may be others than in memory. app/optional_triggers.py does the same for tables that
# not every Pulp has.

from django.conf import settings
from django.db import migrations

from . import _triggers

_DISTRIBUTION = "SELECT pulp_id::text FROM changed UNION SELECT 'base_paths' FROM changed"
_PUBLICATION = """SELECT pulp_id::text FROM changed
   UNION SELECT v.repository_id::text FROM changed c
    JOIN core_repositoryversion v ON v.pulp_id = c.repository_version_id"""
# A version in the making changes with every batch of content, and is not served yet.
_VERSION = """SELECT unnest(ARRAY[pulp_id, repository_id])::text FROM changed
   WHERE complete OR TG_OP = 'DELETE'"""
# Reclaiming disk space takes content its artifact.
_RECLAIMED = """SELECT b.artifact_id::text FROM before b JOIN changed c ON c.pulp_id = b.pulp_id
   WHERE b.artifact_id IS DISTINCT FROM c.artifact_id"""
_ID = "SELECT pulp_id::text FROM changed"
_GUARD = "SELECT contentguard_ptr_id::text FROM changed"
# With its labels users tell a plugin how to serve it. As text: `=` of their type may be in another schema.
_LABELS = """SELECT pulp_id::text FROM changed c JOIN before b USING (pulp_id)
   WHERE b.pulp_labels::text IS DISTINCT FROM c.pulp_labels::text"""
_ACCESS = "SELECT 'access' FROM changed"
# For tables that change for other reasons, too: `last_used` of a token, `last_login` of a user.
_TOKEN = """SELECT 'access' FROM changed c JOIN before b USING (pulp_id)
   WHERE (b.user_id, b.digest, b.expires) IS DISTINCT FROM (c.user_id, c.digest, c.expires)"""
_USER = """SELECT 'access' FROM changed c JOIN before b USING (id)
   WHERE (b.is_active, b.is_superuser) IS DISTINCT FROM (c.is_active, c.is_superuser)"""

_ANY = ("INSERT", "UPDATE", "DELETE")
_MEMBERS = {"INSERT": _ACCESS, "DELETE": _ACCESS}

#: Table → event → the keys to announce.
WATCHED = {
    "core_distribution": dict.fromkeys(_ANY, _DISTRIBUTION),
    "core_publication": dict.fromkeys(_ANY, _PUBLICATION),
    "core_repositoryversion": dict.fromkeys(_ANY, _VERSION),
    "core_repository": {"UPDATE": _LABELS},
    # A domain that is renamed gives base paths to a name that had none.
    "core_domain": {"UPDATE": _DISTRIBUTION, "DELETE": _DISTRIBUTION},
    "core_artifact": {"DELETE": _ID},
    "core_contentartifact": {"UPDATE": _RECLAIMED},
    "core_contentguard": {"UPDATE": _ID, "DELETE": _ID},
    "core_headercontentguard": {"UPDATE": _GUARD},
    "core_contentredirectcontentguard": {"UPDATE": _GUARD},
    "contentroutes_tokencontentguard": {"UPDATE": _GUARD},
    "contentroutes_apitoken": {"UPDATE": _TOKEN, "DELETE": _ACCESS},
    "core_userrole": dict.fromkeys(_ANY, _ACCESS),
    "core_grouprole": dict.fromkeys(_ANY, _ACCESS),
    "core_role_permissions": _MEMBERS,
}
_USERS = {
    "auth_user": {"UPDATE": _USER, "DELETE": _ACCESS},
    "auth_user_groups": _MEMBERS,
}
# Users may be in another table. Rows that are not watched are not remembered: see app/edge/pulp_guards.py.
if settings.AUTH_USER_MODEL == "auth.User":
    WATCHED |= _USERS

LOOK_AGAIN = "SELECT pg_notify('pulp_contentroutes', 'schema')"


def announce(apps, schema_editor):
    _triggers.create(schema_editor, WATCHED)


def be_silent(apps, schema_editor):
    # Also those of app/optional_triggers.py.
    _triggers.drop(schema_editor)


class Migration(migrations.Migration):
    dependencies = [
        ("contentroutes", "0004_curated"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunPython(announce, reverse_code=be_silent),
        # Content workers look at the schema again, whichever way it was changed.
        migrations.RunSQL(sql=LOOK_AGAIN, reverse_sql=LOOK_AGAIN),
    ]
