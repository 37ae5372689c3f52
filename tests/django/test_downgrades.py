"""Removing the plugin: Pulp works without its tables, and no data is lost without consent."""

from collections.abc import Iterator
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.core.management import CommandError, call_command, load_command_class
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from pulpcore.plugin.models import Domain, MasterModel, Repository

from pulp_contentroutes.app.downgrades import refuse_losses
from pulp_contentroutes.app.models import TokenContentGuard
from pulp_contentroutes.app.optional_triggers import watch
from pulp_contentroutes.serving.database import schema
from tests.django.in_process import committing_connection
from tests.harness.galaxy import create_galaxy, role_archive
from tests.harness.in_pulp import create_distribution
from tests.harness.rest import Rest

CompositeContentGuard = apps.get_model("core", "CompositeContentGuard")
CreatedResource = apps.get_model("core", "CreatedResource")
PulpExporter = apps.get_model("core", "PulpExporter")
RBACContentGuard = apps.get_model("core", "RBACContentGuard")

MIGRATIONS = "pulp_contentroutes.app.migrations"
EVERYTHING = (
    "API tokens (1), versions of collections (1), Galaxy distributions (1), "
    "Galaxy repositories (1), versions of roles (1), token guards (1)"
)


@pytest.fixture
def used(admin: Rest, token: str) -> SimpleNamespace:
    """Create one object of nearly every kind that the plugin has."""
    guard = admin.guard("contentroutes/token")
    galaxy = create_galaxy(admin)
    galaxy.add(token)
    assert galaxy.add_role(role_archive(), version="1.0.0")["state"] == "completed"
    distribution = create_distribution(content_guard=guard)
    exporter = PulpExporter.objects.create(name="exporter", path="/exports")
    exporter.repositories.add(Repository.objects.get(pk=galaxy.repository.split("/")[-2]))
    return SimpleNamespace(guard=guard, galaxy=galaxy, distribution=distribution["pulp_href"])


def refuse(label: str, target: str | None) -> None:
    """Run the check that `migrate` runs before its first step, to `target` or (None) to zero."""
    executor = MigrationExecutor(connection)
    refuse_losses(
        sender=apps.get_app_config("contentroutes"),
        apps=executor._create_project_state(with_applied_migrations=True).apps,
        plan=executor.migration_plan([(label, target)]),
        using="default",
    )


def applied() -> set[str]:
    found = MigrationRecorder(connection).applied_migrations()
    return {name for label, name in found if label == "contentroutes"}


@pytest.mark.usefixtures("used")
def test_a_migration_that_would_delete_objects_says_so_and_changes_nothing(admin: Rest) -> None:
    """Or half of each would be left, and Pulp's lists would answer 500 for ever."""
    before = applied()
    with pytest.raises(CommandError) as refused:
        call_command("migrate", "contentroutes", "zero", verbosity=0)
    assert str(refused.value) == (
        f"Nothing was changed: this migration would delete {EVERYTHING}. To remove the plugin and "
        "all of this, stop Pulp's services and run 'pulpcore-manager remove-plugin contentroutes'. "
        "To go back to an older version of the plugin, restore the backup that was made with it, "
        "or delete these objects in Pulp first."
    )
    assert applied() == before
    assert admin.find_failures() == {}


@pytest.mark.usefixtures("used")
@pytest.mark.parametrize(
    ("label", "target", "lost"),
    [
        ("contentroutes", "0003_galaxy", "versions of roles (1), manifests of collections (1)"),
        (
            "contentroutes",
            "0002_tokens",
            "versions of collections (1), Galaxy distributions (1), Galaxy repositories (1), "
            "versions of roles (1)",
        ),
        ("core", "0144_delete_old_appstatus", EVERYTHING),
    ],
)
def test_only_what_a_step_back_would_delete_is_named(label: str, target: str, lost: str) -> None:
    """Also if our migrations are reversed because those of another app are."""
    with pytest.raises(CommandError, match=r"would delete ") as refused:
        refuse(label, target)
    assert f"would delete {lost}. To" in str(refused.value)


@pytest.mark.usefixtures("used")
def test_a_step_back_that_deletes_nothing_is_not_refused() -> None:
    refuse("contentroutes", "0004_curated")


def test_a_plugin_with_a_watched_table_goes_without_ours() -> None:
    """Its triggers are no part of our migrations, which therefore do not depend on its own."""
    plan = MigrationExecutor(connection).migration_plan([("certguard", None)])
    labels = {migration.app_label for migration, _ in plan}
    assert "certguard" in labels
    assert "contentroutes" not in labels


def test_a_plugin_that_holds_nothing_goes_without_a_word() -> None:
    refuse("contentroutes", None)


def test_tables_that_are_gone_already_are_no_reason_to_refuse() -> None:
    """If pulpcore's remove-plugin cannot migrate back, it drops the tables, then migrates again."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE contentroutes_apitoken")
    refuse("contentroutes", None)


def test_tasks_forget_what_they_created_with_its_table(used: SimpleNamespace) -> None:
    """Or the task would answer 500 once the plugin is uninstalled: its type is then unknown."""
    model = CreatedResource.objects.filter(content_type__app_label="contentroutes")
    models = set(model.values_list("content_type__model", flat=True))
    assert models == {"galaxydistribution", "roleversion"}
    others = CreatedResource.objects.exclude(content_type__app_label="contentroutes")
    kept = set(others.values_list("pk", flat=True))
    assert kept
    for name, dropped in (
        ("0004_curated", {"roleversion"}),
        ("0003_galaxy", {"galaxydistribution"}),
    ):
        with connection.cursor() as cursor:
            cursor.execute(import_module(f"{MIGRATIONS}.{name}").FORGET_CREATED_DOWN)
        models -= dropped
        assert set(model.values_list("content_type__model", flat=True)) == models
    assert set(others.values_list("pk", flat=True)) == kept


# pulpcore's remove-plugin.


@pytest.fixture
def removed(used: SimpleNamespace) -> Iterator[SimpleNamespace]:
    """Run the part of it that deletes rows; the migrations drop the tables."""
    remove_plugin = load_command_class("pulpcore.app", "remove-plugin")
    remove_plugin.stdout = SimpleNamespace(write=lambda text: None)
    remove_plugin._remove_plugin_data("contentroutes")
    yield used
    ContentType.objects.clear_cache()


def masters() -> list[type[MasterModel]]:
    return [each for each in apps.get_models() if each.__base__ is MasterModel]


def test_removing_the_plugin_leaves_nothing_and_every_list_answers(
    removed: SimpleNamespace, admin: Rest
) -> None:
    assert len(masters()) > 5
    for model in masters():
        assert not model.objects.filter(pulp_type__startswith="contentroutes.").exists()
    for name, field in (
        ("auth.Permission", "content_type__app_label"),
        ("core.Role", "name"),
        ("core.AccessPolicy", "viewset_name"),
        ("core.CreatedResource", "content_type__app_label"),
        ("core.UserRole", "content_type__app_label"),
    ):
        left = apps.get_model(name).objects.filter(**{f"{field}__contains": "contentroutes"})
        assert not left.exists(), name
    refuse("contentroutes", None)
    assert admin.find_failures() == {}


def test_removing_the_plugin_opens_nothing_that_a_token_guard_protects(
    used: SimpleNamespace, admin: Rest
) -> None:
    """Django would set the guard to null, and Pulp admits everyone if there is no guard."""
    composite = CompositeContentGuard.objects.create(name="composite")
    composite.guards.add(TokenContentGuard.objects.get())
    name = TokenContentGuard.objects.get().name
    Domain.objects.update(default_content_guard=TokenContentGuard.objects.get())
    unused = TokenContentGuard.objects.create(name="unused")
    TokenContentGuard.objects.filter().delete()
    [guard] = RBACContentGuard.objects.all()
    assert guard.name.startswith(f"{name} (in place of a token guard, ")
    assert admin.call("GET", used.distribution).json()["content_guard"].endswith(f"{guard.pk}/")
    assert list(composite.guards.values_list("pk", flat=True)) == [guard.pk]
    assert Domain.objects.get().default_content_guard_id == guard.pk
    assert not TokenContentGuard.objects.filter(pk=unused.pk).exists()


def test_a_single_token_guard_is_deleted_as_every_other_guard(
    used: SimpleNamespace, admin: Rest
) -> None:
    assert admin.call("DELETE", used.guard).status_code == 204
    assert admin.call("GET", used.distribution).json()["content_guard"] is None
    assert not RBACContentGuard.objects.exists()


# Announcements to running content workers.


@pytest.fixture
def committing() -> Iterator[Any]:
    """Yield a connection of Django that commits; migrate the schema forward again at the end."""
    with committing_connection() as opened:
        yield opened
        executor = MigrationExecutor(opened)
        executor.migrate(executor.loader.graph.leaf_nodes("contentroutes"))
        watch(apps.get_app_config("contentroutes"), opened.alias)


def test_every_step_back_and_forward_is_announced_when_it_is_committed(committing: Any) -> None:
    """Or content workers would trust their memory though nothing is announced any more."""
    names = sorted(applied())
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as listening:
        listening.execute(f"LISTEN {schema.CHANNEL}".encode())
        for target in (None, names[-1]):
            MigrationExecutor(committing).migrate([("contentroutes", target)])
            heard = listening.notifies(timeout=10, stop_after=len(names))
            # Each migration is one transaction; a message sent twice in it is delivered once.
            assert [each.payload for each in heard] == [schema.CHANGED] * len(names)
    assert sorted(applied()) == names
