"""Triggers that announce changes to the content workers: how they are called, made and dropped.

Frozen with the first release, as the migrations are that use it: what has run once must render the
same for ever. A later migration may call it; if it needs triggers of
another form, it brings a renderer of its own.
"""

_REFERENCING = {
    "INSERT": "NEW TABLE AS changed",
    "UPDATE": "OLD TABLE AS before NEW TABLE AS changed",
    "DELETE": "OLD TABLE AS changed",
}

# A role that may not read a table, a column that a new pulpcore has not any more: that something
# has changed is still known. A write of Pulp's succeeds in any case.
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
# One notification for each statement; PostgreSQL sends equal ones of a transaction once, at its
# commit. A payload has at most 7999 bytes.
_ANNOUNCE = f"""
DECLARE
  keys text;
BEGIN
  SELECT string_agg(DISTINCT key, ',' ORDER BY key) INTO keys FROM ({{query}}) AS announced(key);
  IF keys IS NOT NULL THEN
    PERFORM pg_notify('pulp_contentroutes', CASE WHEN length(keys) < 7900 THEN keys ELSE '*' END);
  END IF;
  RETURN NULL;
{_FAILED.strip()}
END;
"""
_ANNOUNCE_EVERYTHING = f"""
BEGIN
  PERFORM pg_notify('pulp_contentroutes', '*');
  RETURN NULL;
{_FAILED.strip()}
END;
"""
# Restores of pg_dump write with an empty search_path. Rows of a statement are found whatever it is;
# other tables are Pulp's, in the schema of the table that was written to, and never temporary ones.
_FUNCTION = """
CREATE OR REPLACE FUNCTION {schema}.{name}() RETURNS trigger LANGUAGE plpgsql
  SET search_path = {schema}, pg_temp AS $${body}$$
"""
_TRIGGER = """
CREATE TRIGGER {name} AFTER {event} ON {schema}.{table} {referencing}
  FOR EACH STATEMENT EXECUTE FUNCTION {schema}.{name}()
"""
# Also in sessions with `session_replication_role = replica`.
_ALWAYS = "ALTER TABLE {schema}.{table} ENABLE ALWAYS TRIGGER {name}"

# Quoted, in the schema that Pulp uses: another Pulp may have its own in another schema.
_OURS = """
SELECT oid::regproc::text FROM pg_proc
 WHERE proname LIKE 'contentroutes\\_%' AND prorettype = 'trigger'::regtype
   AND pg_function_is_visible(oid)
"""


def name_of(table, event):
    """Return the name of the trigger of a table for an event, and of its function."""
    return f"contentroutes_{table.removeprefix('contentroutes_')}_{event.lower()}"


def create(schema_editor, watched):
    """Make the triggers of `watched` anew, and one for TRUNCATE of each of its tables.

    `watched`: table → event → a query for the keys that are announced, as rows of text. `changed`
    are the new rows of the statement, or the old ones of a DELETE; `before` the old ones of an
    UPDATE.
    """
    for table, queries in watched.items():
        schema = _schema_of(schema_editor, table)
        for event, query in queries.items():
            _create_trigger(schema_editor, schema, table, event, _ANNOUNCE.format(query=query))
        _create_trigger(schema_editor, schema, table, "TRUNCATE", _ANNOUNCE_EVERYTHING)


def drop(schema_editor, watched=None):
    """Drop the triggers and functions of `watched`; by default all, also those of tables that are gone."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(_OURS)
        names = [name for [name] in cursor.fetchall()]
    if watched is not None:
        own = {name_of(table, event) for table in watched for event in (*watched[table], "TRUNCATE")}
        names = [name for name in names if name.rpartition(".")[2] in own]
    for name in names:
        # A function takes its trigger with it.
        _run(schema_editor, "DROP FUNCTION {name}() CASCADE", name=name)


def _create_trigger(schema_editor, schema, table, event, body):
    referencing = f"REFERENCING {_REFERENCING[event]}" if event in _REFERENCING else ""
    values = {"schema": schema, "table": table, "name": name_of(table, event)}
    _run(schema_editor, _FUNCTION, body=body, **values)
    _run(schema_editor, "DROP TRIGGER IF EXISTS {name} ON {schema}.{table}", **values)
    _run(schema_editor, _TRIGGER, event=event, referencing=referencing, **values)
    _run(schema_editor, _ALWAYS, **values)


def _schema_of(schema_editor, table):
    """Return the schema, quoted, of the table that Pulp writes to."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "SELECT quote_ident(n.nspname) FROM pg_class c JOIN pg_namespace n"
            " ON n.oid = c.relnamespace WHERE c.oid = to_regclass(%s)",
            [table],
        )
        [[schema]] = cursor.fetchall()
        return schema


def _run(schema_editor, statement, **values):
    schema_editor.execute(statement.format(**values), params=None)
