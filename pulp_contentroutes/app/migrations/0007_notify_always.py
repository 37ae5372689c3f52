# Zero-downtime safe: triggers only, which older code does not notice.
#
# The triggers of 0001 and 0004 never make a write of Pulp's fail, fire whoever writes, and have a
# TRUNCATE beside them.

from django.db import migrations

_QUERY_BEGINS = "INTO keys FROM ("
_QUERY_ENDS = ") AS announced(key);"

# A payload has at most 7999 bytes.
_ANNOUNCE = f"""
  SELECT string_agg(DISTINCT key, ',' ORDER BY key) {_QUERY_BEGINS}{{query}}{_QUERY_ENDS}
  IF keys IS NOT NULL THEN
    PERFORM pg_notify('pulp_contentroutes', CASE WHEN length(keys) < 7900 THEN keys ELSE '*' END);
  END IF;
  RETURN NULL;
"""
_BODY_BEFORE = f"""
DECLARE
  keys text;
BEGIN
{_ANNOUNCE.strip(chr(10))}
END;
"""
# A role that may not read a table, a column that a new pulpcore has not any more: that something
# has changed is still known. A write that Pulp makes succeeds in any case.
_FAILED = """
EXCEPTION WHEN OTHERS THEN
  RAISE WARNING 'pulp_contentroutes: % failed, and announces that anything may have changed: %',
    TG_NAME, SQLERRM;
  BEGIN
    PERFORM pg_notify('pulp_contentroutes', '*');
  EXCEPTION WHEN OTHERS THEN
    RAISE WARNING 'pulp_contentroutes: % announces nothing: %', TG_NAME, SQLERRM;
  END;
  RETURN NULL;
"""
_BODY = f"""
DECLARE
  keys text;
BEGIN
{_ANNOUNCE.strip(chr(10))}
{_FAILED.strip(chr(10))}
END;
"""
_TRUNCATED = "contentroutes_truncated"
_TRUNCATED_BODY = f"""
BEGIN
  PERFORM pg_notify('pulp_contentroutes', '*');
  RETURN NULL;
{_FAILED.strip(chr(10))}
END;
"""
# Restores of pg_dump write with an empty search_path. Rows of a statement are found whatever it is;
# other tables are Pulp's, in the schema of the table that was written to, and never temporary ones.
_FUNCTION = """
CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql {settings} AS $$
{body}
$$
"""
_PINNED = "SET search_path = {schema}, pg_temp"

_TRIGGERS = r"""
SELECT t.tgname::text, t.tgrelid::regclass::text, c.relname::text, quote_ident(n.nspname)
  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE t.tgname LIKE 'contentroutes\_%' AND c.oid = to_regclass(quote_ident(c.relname))
 ORDER BY c.relname, t.tgname
"""
_FUNCTIONS = r"""
SELECT DISTINCT p.oid::regproc::text, quote_ident(n.nspname), p.prosrc
  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_proc p ON p.oid = t.tgfoid
 WHERE t.tgname LIKE 'contentroutes\_%' AND c.oid = to_regclass(quote_ident(c.relname))
 ORDER BY 1
"""


def _rows(schema_editor, statement):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def _replace_bodies(schema_editor, body, settings):
    for name, schema, source in _rows(schema_editor, _FUNCTIONS):
        query = source.partition(_QUERY_BEGINS)[2].partition(_QUERY_ENDS)[0]
        schema_editor.execute(
            _FUNCTION.format(
                name=name,
                settings=settings.format(schema=schema),
                body=body.format(query=query).strip("\n"),
            ),
            params=None,
        )


def notify_always(apps, schema_editor):
    """Which tables have triggers depends on the plugins that were there: the database knows."""
    _replace_bodies(schema_editor, _BODY, _PINNED)
    triggers = _rows(schema_editor, _TRIGGERS)
    schema = triggers[0][3]
    schema_editor.execute(
        _FUNCTION.format(
            name=f"{schema}.{_TRUNCATED}",
            settings=_PINNED.format(schema=schema),
            body=_TRUNCATED_BODY.strip("\n"),
        ),
        params=None,
    )
    for table, relation in dict.fromkeys((table, relation) for _, table, relation, _ in triggers):
        schema_editor.execute(
            f"CREATE TRIGGER contentroutes_{relation.removeprefix('contentroutes_')}_truncate "
            f"AFTER TRUNCATE ON {table} FOR EACH STATEMENT "
            f"EXECUTE FUNCTION {schema}.{_TRUNCATED}()"
        )
    for trigger, table, *_ in _rows(schema_editor, _TRIGGERS):
        schema_editor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}")


def notify_as_before(apps, schema_editor):
    schema_editor.execute(f"DROP FUNCTION {_TRUNCATED} CASCADE")
    for trigger, table, *_ in _rows(schema_editor, _TRIGGERS):
        schema_editor.execute(f"ALTER TABLE {table} ENABLE TRIGGER {trigger}")
    _replace_bodies(schema_editor, _BODY_BEFORE, "")


LOOK_AGAIN = "SELECT pg_notify('pulp_contentroutes', 'schema')"


class Migration(migrations.Migration):
    dependencies = [("contentroutes", "0006_curated")]

    operations = [
        migrations.RunPython(notify_always, reverse_code=notify_as_before),
        # Content workers look at the schema again, whichever way it was changed.
        migrations.RunSQL(sql=LOOK_AGAIN, reverse_sql=LOOK_AGAIN),
    ]
