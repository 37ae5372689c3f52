"""Triggers on tables that not every Pulp has: those of other plugins, and of newer pulpcores.

A migration of ours has run long before such a table comes, so they are made after each `migrate`.
"""

from importlib import import_module
from typing import Any

from django.apps import AppConfig
from django.db import connections

from pulp_contentroutes.serving.database.schema import CHANGED, CHANNEL, OPTIONAL_COLUMNS

_triggers = import_module("pulp_contentroutes.app.migrations._triggers")

_PUBLICATION = "SELECT distribution_id::text FROM changed"
_GUARD = "SELECT contentguard_ptr_id::text FROM changed"

#: Table → event → the keys to announce, as in migrations/_triggers.py.
WATCHED = {
    table: dict.fromkeys(("INSERT", "UPDATE", "DELETE"), _PUBLICATION) for table in OPTIONAL_COLUMNS
} | {
    table: {"UPDATE": _GUARD}
    for table in (
        "certguard_rhsmcertguard",
        "certguard_x509certguard",
        "core_envvarheadercontentguard",
    )
}
# Every name that is asked for is one of a trigger, or of a table.
_THERE = """
SELECT tgname::text FROM pg_trigger
 WHERE tgname LIKE 'contentroutes\\_%%' AND pg_table_is_visible(tgrelid)
UNION ALL
SELECT name FROM unnest(%s::text[]) AS name WHERE to_regclass(quote_ident(name)) IS NOT NULL
"""


def watch(sender: AppConfig, using: str, **kwargs: Any) -> None:
    """Make the triggers that are not there, while those of our migration are.

    A receiver of `post_migrate`, which follows every `migrate`, also that of one app.
    """
    connection = connections[using]
    with connection.cursor() as cursor:
        cursor.execute(_THERE, [list(WATCHED)])
        there = {name for [name] in cursor.fetchall()}
        if _triggers.name_of("core_distribution", "INSERT") not in there:
            return
        missing = {
            table: queries
            for table, queries in WATCHED.items()
            if table in there
            and not there.issuperset(
                _triggers.name_of(table, event) for event in (*queries, "TRUNCATE")
            )
        }
        if not missing:
            return
        with connection.schema_editor() as editor:
            _triggers.create(editor, missing)
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, CHANGED])
