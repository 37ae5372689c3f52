"""Triggers on tables that not every Pulp has: those of other plugins, and of newer pulpcores.

A migration of ours has run long before such a table comes, so they are made after each `migrate`.
Triggers of the migration that are not there any more, as after a restore, are made again, too.
"""

import logging
from importlib import import_module
from typing import Any

from django.apps import AppConfig
from django.db import ProgrammingError, connections, transaction

from pulp_contentroutes.serving.database.schema import CHANGED, CHANNEL, OPTIONAL_COLUMNS

log = logging.getLogger(__name__)

_MIGRATIONS = "pulp_contentroutes.app.migrations"
_WITH_TRIGGERS = ("0005_notify_changes", "0006_content_routes")
_triggers = import_module(f"{_MIGRATIONS}._triggers")

_DISTRIBUTION = "SELECT distribution_id::text FROM changed"
_GUARD = "SELECT contentguard_ptr_id::text FROM changed"

#: Table → event → the keys to announce, as in migrations/_triggers.py.
WATCHED = {
    table: dict.fromkeys(("INSERT", "UPDATE", "DELETE"), _DISTRIBUTION)
    for table in OPTIONAL_COLUMNS
} | {
    table: {"UPDATE": _GUARD}
    for table in (
        "certguard_rhsmcertguard",
        "certguard_x509certguard",
        "core_envvarheadercontentguard",
    )
}
# The names of our triggers, and those of the given names that are names of tables.
_FIND_TRIGGERS_AND_TABLES = """
SELECT tgname::text FROM pg_trigger
 WHERE tgname LIKE 'contentroutes\\_%%' AND pg_table_is_visible(tgrelid)
UNION ALL
SELECT name FROM unnest(%s::text[]) AS name WHERE to_regclass(quote_ident(name)) IS NOT NULL
"""


def watch(sender: AppConfig, using: str, **kwargs: Any) -> None:
    """Make the triggers that are not there, while the first one of our migration is.

    A receiver of `post_migrate`, which follows every `migrate`, also that of one app.
    """
    connection = connections[using]
    ours = (import_module(f"{_MIGRATIONS}.{name}").WATCHED for name in _WITH_TRIGGERS)
    watched = {table: queries for each in (*ours, WATCHED) for table, queries in each.items()}
    with connection.cursor() as cursor:
        cursor.execute(_FIND_TRIGGERS_AND_TABLES, [list(watched)])
        found = {name for [name] in cursor.fetchall()}
        if _triggers.name_of("core_distribution", "INSERT") not in found:
            return
        missing = {
            table: queries
            for table, queries in watched.items()
            if table in found
            and not found.issuperset(
                _triggers.name_of(table, event) for event in (*queries, "TRUNCATE")
            )
        }
        for table, queries in missing.items():
            try:
                with transaction.atomic(using), connection.schema_editor() as editor:
                    _triggers.create(editor, {table: queries})
            except ProgrammingError as error:
                # As where another role owns the table: what needs the trigger is off.
                log.warning("Changes of %s cannot be announced: %s", table, error)
        if missing:
            cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, CHANGED])
