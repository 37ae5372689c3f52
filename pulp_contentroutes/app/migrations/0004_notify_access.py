# Zero-downtime safe: triggers only, which older code does not notice.
#
# Content workers remember guards, and what tokens are good for; each trigger says that something of
# this has changed. The payload is that of 0001.

from django.apps import apps
from django.conf import settings
from django.db import migrations

_GUARD = "SELECT contentguard_ptr_id::text FROM changed"
_ACCESS = "SELECT 'access' FROM changed"
# For tables that change for other reasons, too: `last_used` of a token, `last_login` of a user.
_TOKEN_CHANGED = """SELECT 'access' FROM changed c JOIN before b USING (pulp_id)
   WHERE (b.user_id, b.digest, b.expires) IS DISTINCT FROM (c.user_id, c.digest, c.expires)"""
_USER_CHANGED = """SELECT 'access' FROM changed c JOIN before b USING (id)
   WHERE (b.is_active, b.is_superuser) IS DISTINCT FROM (c.is_active, c.is_superuser)"""

_ALL_ROLES = {"INSERT": _ACCESS, "UPDATE": _ACCESS, "DELETE": _ACCESS}
_MEMBERS = {"INSERT": _ACCESS, "DELETE": _ACCESS}

#: Table → event → the keys to announce.
WATCHED = {
    "core_contentguard": dict.fromkeys(("UPDATE", "DELETE"), "SELECT pulp_id::text FROM changed"),
    "core_headercontentguard": {"UPDATE": _GUARD},
    "core_envvarheadercontentguard": {"UPDATE": _GUARD},
    "core_contentredirectcontentguard": {"UPDATE": _GUARD},
    "contentroutes_tokencontentguard": {"UPDATE": _GUARD},
    "contentroutes_apitoken": {"UPDATE": _TOKEN_CHANGED, "DELETE": _ACCESS},
    "core_userrole": _ALL_ROLES,
    "core_grouprole": _ALL_ROLES,
    "core_role_permissions": _MEMBERS,
}
_CERTIFICATES = {
    "certguard_rhsmcertguard": {"UPDATE": _GUARD},
    "certguard_x509certguard": {"UPDATE": _GUARD},
}
_USERS = {
    "auth_user": {"UPDATE": _USER_CHANGED, "DELETE": _ACCESS},
    "auth_user_groups": _MEMBERS,
}

# Plugins may be disabled and users may have another table. What is not watched is not remembered:
# see app/guards.py.
_dependencies = [("contentroutes", "0003_tokens")]
if apps.is_installed("pulp_certguard.app"):
    _dependencies.append(("certguard", "0002_alter_rhsmcertguard_contentguard_ptr_and_more"))
    WATCHED |= _CERTIFICATES
if settings.AUTH_USER_MODEL == "auth.User":
    WATCHED |= _USERS

_TRANSITION_TABLES = {
    "INSERT": "NEW TABLE AS changed",
    "UPDATE": "OLD TABLE AS before NEW TABLE AS changed",
    "DELETE": "OLD TABLE AS changed",
}

# A payload has at most 7999 bytes.
_FUNCTION = """
CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  keys text;
BEGIN
  SELECT string_agg(DISTINCT key, ',' ORDER BY key) INTO keys FROM ({query}) AS announced(key);
  IF keys IS NOT NULL THEN
    PERFORM pg_notify('pulp_contentroutes', CASE WHEN length(keys) < 7900 THEN keys ELSE '*' END);
  END IF;
  RETURN NULL;
END;
$$;
"""
_TRIGGER = """
CREATE TRIGGER {name} AFTER {event} ON {table} REFERENCING {transition_tables}
  FOR EACH STATEMENT EXECUTE FUNCTION {name}();
"""


def _name(table, event):
    return f"contentroutes_{table.removeprefix('contentroutes_')}_{event.lower()}"


NOTIFY_ACCESS_UP = "".join(
    (_FUNCTION + _TRIGGER).format(
        name=_name(table, event),
        table=table,
        event=event,
        query=query,
        transition_tables=_TRANSITION_TABLES[event],
    )
    for table, events in WATCHED.items()
    for event, query in events.items()
)

# A function takes its trigger with it.
NOTIFY_ACCESS_DOWN = "".join(
    f"DROP FUNCTION IF EXISTS {_name(table, event)} CASCADE;\n"
    for table, events in (WATCHED | _CERTIFICATES | _USERS).items()
    for event in events
)


# A domain that is renamed gives base paths to a name that had none.
_DOMAIN_CHANGED = "contentroutes_domain_changed"
_DOMAIN = "SELECT pulp_id::text FROM changed"
_RENAMED = f"{_DOMAIN} UNION SELECT 'base_paths' FROM changed"
NOTIFY_RENAMED_DOMAINS_UP = _FUNCTION.format(name=_DOMAIN_CHANGED, query=_RENAMED)
NOTIFY_RENAMED_DOMAINS_DOWN = _FUNCTION.format(name=_DOMAIN_CHANGED, query=_DOMAIN)

LOOK_AGAIN = "SELECT pg_notify('pulp_contentroutes', 'schema')"


class Migration(migrations.Migration):
    dependencies = _dependencies

    operations = [
        migrations.RunSQL(sql=NOTIFY_ACCESS_UP, reverse_sql=NOTIFY_ACCESS_DOWN),
        migrations.RunSQL(sql=NOTIFY_RENAMED_DOMAINS_UP, reverse_sql=NOTIFY_RENAMED_DOMAINS_DOWN),
        # Content workers look at the schema again, whichever way it was changed.
        migrations.RunSQL(sql=LOOK_AGAIN, reverse_sql=LOOK_AGAIN),
    ]
