# Zero-downtime safe: indexes only, built while the tables are written to.
#
# "Is there anything below this directory?" needs the paths in the order of their bytes. The indexes
# that pulpcore has are in the order of the database's locale, which is another one in most.

from django.db import migrations

INDEX_PUBLISHED_PATHS_UP = """
CREATE INDEX CONCURRENTLY contentroutes_published_paths
    ON core_publishedartifact (publication_id, relative_path text_pattern_ops)
"""
INDEX_PUBLISHED_PATHS_DOWN = "DROP INDEX CONCURRENTLY IF EXISTS contentroutes_published_paths"

INDEX_CONTENT_PATHS_UP = """
CREATE INDEX CONCURRENTLY contentroutes_content_paths
    ON core_contentartifact (relative_path text_pattern_ops)
"""
INDEX_CONTENT_PATHS_DOWN = "DROP INDEX CONCURRENTLY IF EXISTS contentroutes_content_paths"

LOOK_AGAIN = "SELECT pg_notify('pulp_contentroutes', 'schema')"


class Migration(migrations.Migration):
    dependencies = [("core", "0145_domainize_import_export")]

    # CONCURRENTLY does not run in a transaction.
    atomic = False

    # An index whose making was interrupted is there, and not valid: it goes before a new attempt.
    operations = [
        migrations.RunSQL(sql=migrations.RunSQL.noop, reverse_sql=LOOK_AGAIN),
        migrations.RunSQL(sql=INDEX_PUBLISHED_PATHS_DOWN, reverse_sql=migrations.RunSQL.noop),
        migrations.RunSQL(sql=INDEX_PUBLISHED_PATHS_UP, reverse_sql=INDEX_PUBLISHED_PATHS_DOWN),
        migrations.RunSQL(sql=INDEX_CONTENT_PATHS_DOWN, reverse_sql=migrations.RunSQL.noop),
        migrations.RunSQL(sql=INDEX_CONTENT_PATHS_UP, reverse_sql=INDEX_CONTENT_PATHS_DOWN),
        # Content workers look at the schema again, whichever way it was changed: after the last step.
        migrations.RunSQL(sql=LOOK_AGAIN, reverse_sql=migrations.RunSQL.noop),
    ]
