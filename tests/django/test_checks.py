"""Pulp's deploy checks name what is wrong, each with its id."""

import psycopg
from django.core.checks import run_checks
from django.db import connection
from pytest_django import Settings

from pulp_contentroutes.app.checks import schema_problem


def own_faults() -> list[str]:
    return sorted(
        error.id
        for error in run_checks(include_deployment_checks=True)
        if error.id and "contentroutes" in error.id
    )


def test_the_deploy_checks_find_no_fault() -> None:
    """The document of the API is checked, too, and names our classes as everyone's."""
    assert own_faults() == []


def test_the_deploy_checks_name_each_fault(settings: Settings) -> None:
    settings.CONTENT_PATH_PREFIX = "/pulp_contentroutes/content/x/"
    settings.CONTENTROUTES_MAX_PATH_BYTES = "many"
    settings.CONTENTROUTES_STALE_IF_ERROR = -1
    settings.CONTENTROUTES_TRUSTED_PROXIES = ["10.0.0.0/8", "nowhere"]
    assert own_faults() == [f"contentroutes.E00{number}" for number in (2, 3, 3, 5)]


def test_the_deploy_checks_tell_that_the_migration_has_not_run() -> None:
    trigger = "contentroutes_domain_changed_update"
    # In a transaction of its own: the check has a connection of its own, too.
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as database:
        database.execute(f"ALTER TABLE core_domain DISABLE TRIGGER {trigger}".encode())
        try:
            problem = schema_problem()
        finally:
            database.execute("ALTER TABLE core_domain ENABLE TRIGGER ALL")
    assert problem == f"The database lacks {trigger}: run 'pulpcore-manager migrate'."
    assert schema_problem() is None
