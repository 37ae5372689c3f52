"""Pulp's deploy checks name what is wrong, each with its id."""

import psycopg
import pytest
from django.core.checks import CheckMessage, run_checks
from django.db import connection, connections
from pytest_django import Settings

from pulp_contentroutes.app.checks import check_connection, check_database
from pulp_contentroutes.serving import echo
from tests.harness.pgbouncer import requires_pgbouncer, run_pgbouncer


def own_faults() -> list[str]:
    return sorted(
        error.id
        for error in run_checks(include_deployment_checks=True)
        if error.id and "contentroutes" in error.id
    )


def faults_of_the_database() -> list[CheckMessage]:
    return [*check_database(None), *check_connection(None)]


def test_the_deploy_checks_find_no_fault() -> None:
    """The document of the API is checked, too, and names our classes as everyone's."""
    assert own_faults() == []


def test_the_deploy_checks_name_each_fault(settings: Settings) -> None:
    settings.CONTENT_PATH_PREFIX = "/pulp_contentroutes/content/x/"
    settings.CONTENTROUTES_MAX_PATH_BYTES = "many"
    settings.CONTENTROUTES_STALE_IF_ERROR = -1
    settings.CONTENTROUTES_TRUSTED_PROXIES = ["10.0.0.0/8", "nowhere"]
    assert own_faults() == [f"contentroutes.E00{number}" for number in (2, 3, 3, 5)]


def test_the_deploy_checks_tell_that_a_trigger_is_disabled() -> None:
    trigger = "contentroutes_domain_changed_update"
    # In a transaction of its own: the check has a connection of its own, too.
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as database:
        database.execute(f"ALTER TABLE core_domain DISABLE TRIGGER {trigger}".encode())
        try:
            [fault] = faults_of_the_database()
        finally:
            database.execute(f"ALTER TABLE core_domain ENABLE ALWAYS TRIGGER {trigger}".encode())
    assert fault.id == "contentroutes.E004"
    assert f"Disabled in the database, or never completed: {trigger}. " in fault.msg
    assert faults_of_the_database() == []


@pytest.mark.parametrize(
    ("option", "value"), [("channel_binding", "require"), ("requirepeer", "postgres")]
)
def test_the_deploy_checks_name_settings_that_asyncpg_cannot_obey(
    monkeypatch: pytest.MonkeyPatch, option: str, value: str
) -> None:
    """Without a word the fast path would be off, or the connection less safe than it was meant."""
    options = connections["default"].settings_dict["OPTIONS"]
    monkeypatch.setitem(options, option, value)
    [fault] = faults_of_the_database()
    assert fault.id == "contentroutes.E006"
    assert f"asyncpg cannot obey {option}='{value}'" in fault.msg


def test_several_hosts_are_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """libpq's list, of which the first host is down: Pulp itself works with it."""
    configured = connections["default"].settings_dict
    monkeypatch.setitem(configured, "HOST", f"/nowhere,{configured['HOST']}")
    assert faults_of_the_database() == []


def test_the_content_app_says_why_the_fast_path_is_off(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from pulp_contentroutes.app import content

    monkeypatch.setitem(connections["default"].settings_dict["OPTIONS"], "requirepeer", "postgres")
    # Pulp's loggers do not pass on what they have written.
    content.log.addHandler(caplog.handler)
    content.add_fast_path()
    content.log.removeHandler(caplog.handler)
    [said] = {(each.levelname, each.getMessage()) for each in caplog.records}
    assert said == (
        "CRITICAL",
        "The fast path is off, Pulp's own handler serves: asyncpg cannot obey "
        "requirepeer='postgres' of Pulp's database: it does not look at who runs the server.",
    )


@requires_pgbouncer
def test_the_deploy_checks_tell_that_changes_are_not_heard_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(echo, "ECHO_SECONDS", 1)
    configured = connections["default"].settings_dict
    with run_pgbouncer(configured["HOST"], "transaction") as pooler:
        monkeypatch.setitem(configured, "HOST", str(pooler))
        [fault] = faults_of_the_database()
    assert fault.id == "contentroutes.W007"
    assert fault.msg.startswith("Changes are not heard of: a pooler of connections")
