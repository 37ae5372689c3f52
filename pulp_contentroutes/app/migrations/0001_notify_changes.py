# Zero-downtime safe: triggers only, which older code does not notice.
#
# Each tells the content workers which rows changed that their plans are made of. One notification
# per statement; PostgreSQL sends equal ones of a transaction once, at its commit.

from django.db import migrations

#: Function → the table it watches, the events, and the keys it announces: rows of text. `changed`
#: are the new rows of the statement, or the old ones of a DELETE; `before` the old ones of an UPDATE.
WATCHED = {
    "contentroutes_distribution_changed": (
        "core_distribution",
        ("INSERT", "UPDATE", "DELETE"),
        "SELECT pulp_id::text FROM changed UNION SELECT 'base_paths' FROM changed",
    ),
    "contentroutes_publication_changed": (
        "core_publication",
        ("INSERT", "UPDATE", "DELETE"),
        """SELECT pulp_id::text FROM changed
            UNION SELECT v.repository_id::text FROM changed c
             JOIN core_repositoryversion v ON v.pulp_id = c.repository_version_id""",
    ),
    # A version in the making changes with every batch of content, and is not served yet.
    "contentroutes_version_changed": (
        "core_repositoryversion",
        ("INSERT", "UPDATE", "DELETE"),
        """SELECT unnest(ARRAY[pulp_id, repository_id])::text FROM changed
            WHERE complete OR TG_OP = 'DELETE'""",
    ),
    "contentroutes_distributedpublication_changed": (
        "core_distributedpublication",
        ("INSERT", "UPDATE", "DELETE"),
        "SELECT distribution_id::text FROM changed",
    ),
    "contentroutes_domain_changed": (
        "core_domain",
        ("UPDATE", "DELETE"),
        "SELECT pulp_id::text FROM changed",
    ),
    "contentroutes_artifact_changed": (
        "core_artifact",
        ("DELETE",),
        "SELECT pulp_id::text FROM changed",
    ),
    # Reclaiming disk space takes content its artifact.
    "contentroutes_contentartifact_changed": (
        "core_contentartifact",
        ("UPDATE",),
        """SELECT b.artifact_id::text FROM before b JOIN changed c ON c.pulp_id = b.pulp_id
            WHERE b.artifact_id IS DISTINCT FROM c.artifact_id""",
    ),
}

TRANSITION_TABLES = {
    "INSERT": "NEW TABLE AS changed",
    "UPDATE": "OLD TABLE AS before NEW TABLE AS changed",
    "DELETE": "OLD TABLE AS changed",
}

# A payload has at most 7999 bytes.
FUNCTION = """
CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$
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

TRIGGER = """
CREATE TRIGGER {function}_{suffix} AFTER {event} ON {table} REFERENCING {transition_tables}
  FOR EACH STATEMENT EXECUTE FUNCTION {function}();
"""

NOTIFY_CHANGES_UP = "".join(
    FUNCTION.format(function=function, query=query)
    + "".join(
        TRIGGER.format(
            function=function,
            table=table,
            event=event,
            suffix=event.lower(),
            transition_tables=TRANSITION_TABLES[event],
        )
        for event in events
    )
    for function, (table, events, query) in WATCHED.items()
)

# A function takes its triggers with it.
NOTIFY_CHANGES_DOWN = "".join(f"DROP FUNCTION {function} CASCADE;\n" for function in WATCHED)

LOOK_AGAIN = "SELECT pg_notify('pulp_contentroutes', 'schema')"


class Migration(migrations.Migration):
    dependencies = [("core", "0161_upstreampulp_remote_policy")]

    operations = [
        migrations.RunSQL(sql=NOTIFY_CHANGES_UP, reverse_sql=NOTIFY_CHANGES_DOWN),
        # Content workers look at the schema again, whichever way it was changed.
        migrations.RunSQL(sql=LOOK_AGAIN, reverse_sql=LOOK_AGAIN),
    ]
