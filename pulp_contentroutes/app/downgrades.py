"""The refusal to migrate backwards if that would remove more than tables.

A table of ours holds one half of an object; the other half is in a table of Pulp's (multi-table
inheritance), and without our half every list of Pulp's that contains the object fails.
"""

from collections.abc import Sequence
from gettext import gettext as _
from typing import Any

from django.apps import AppConfig
from django.core.management.base import CommandError
from django.db import connections
from django.db.migrations import Migration
from django.db.migrations.operations import AddField, CreateModel
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import StateApps

#: Model → the name of its objects.
_NAMES = {
    "apitoken": _("API tokens"),
    "collectiondeprecation": _("deprecations of collections"),
    "collectionsignature": _("signatures of collections"),
    "collectionversion": _("versions of collections"),
    "contentroute": _("content routes"),
    "contentroutetarget": _("targets of content routes"),
    "galaxydistribution": _("Galaxy distributions"),
    "galaxyrepository": _("Galaxy repositories"),
    "roleversion": _("versions of roles"),
    "tokencontentguard": _("token guards"),
}
#: (Model, field) → the name of the field's values.
_FIELDS = {
    ("collectionversion", "manifest"): _("manifests of collections"),
    ("galaxyrepository", "key_ring"): _("key rings of Galaxy repositories"),
}


def refuse_losses(
    sender: AppConfig,
    apps: StateApps,
    plan: Sequence[tuple[Migration, bool]],
    using: str,
    **kwargs: Any,
) -> None:
    """Raise CommandError if a step back in `plan` drops tables or columns that hold data.

    A receiver of `pre_migrate`: nothing has been changed yet, and the plan says how far back it
    goes, also if another app's migrations take ours with them. pulpcore's `remove-plugin` deletes
    all objects before it migrates.
    """
    reversed_operations = [
        operation
        for migration, is_backwards in plan
        if is_backwards and migration.app_label == sender.label
        for operation in migration.operations
    ]
    losses = _count_losses(reversed_operations, apps, sender.label, using)
    if losses:
        counts = ", ".join(f"{name} ({count})" for name, count in losses.items())
        raise CommandError(
            _(
                "Nothing was changed: this migration would delete {}. To remove the plugin and all "
                "of this, stop Pulp's services and run 'pulpcore-manager remove-plugin {}'. To go "
                "back to an older version of the plugin, restore the backup that was made with it, "
                "or delete these objects in Pulp first."
            ).format(counts, sender.label)
        )


def _count_losses(
    operations: Sequence[Operation], apps: StateApps, label: str, using: str
) -> dict[str, int]:
    """Return the number of rows that would be lost, by their name, without empty tables."""
    tables = set(connections[using].introspection.table_names()) if operations else set()
    lost = {}
    dropped = {each.name_lower for each in operations if isinstance(each, CreateModel)}
    for name in sorted(dropped):
        model = apps.get_model(label, name)
        # After a failure remove-plugin drops the tables before it migrates.
        if model._meta.db_table in tables:
            lost[_NAMES.get(name, name)] = model._base_manager.using(using).count()
    for each in operations:
        if isinstance(each, AddField) and each.model_name_lower not in dropped:
            rows = apps.get_model(label, each.model_name)._base_manager.using(using)
            nothing = {f"{each.name}__isnull": True} if each.field.null else {each.name: ""}
            name = _FIELDS.get((each.model_name_lower, each.name), each.name)
            lost[name] = rows.exclude(**nothing).count()
    return {name: count for name, count in lost.items() if count}
