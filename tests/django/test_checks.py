"""Deploy checks of Pulp: each fault is named, with its id."""

from dataclasses import replace

import psycopg
import pytest
from django.core.checks import CheckMessage, run_checks
from django.core.checks.registry import registry
from django.core.management import CommandError, call_command
from django.db import connection, connections
from pytest_django import Settings

from pulp_contentroutes.app.checks import (
    check_connection,
    check_content_origin,
    check_database,
    check_rules,
)
from pulp_contentroutes.app.edge import distribution_types
from pulp_contentroutes.serving.database import schema
from pulp_contentroutes.serving.notifications import echo
from pulp_contentroutes.serving.types import container, python
from tests.harness.pgbouncer import requires_pgbouncer, run_pgbouncer


@pytest.fixture(autouse=True)
def no_content_origin(settings: Settings) -> None:
    """Set no origin, as is usual; the origin of these tests is not the address of a server."""
    settings.CONTENT_ORIGIN = None


def own_faults() -> list[str]:
    return sorted(
        error.id
        for error in run_checks(include_deployment_checks=True)
        if error.id and "contentroutes" in error.id
    )


def faults_of_the_database() -> list[CheckMessage]:
    return [*check_database(None), *check_connection(None)]


def test_the_deploy_checks_find_no_fault() -> None:
    """The OpenAPI document is checked, too; it names our classes as it names all others."""
    assert own_faults() == []


def test_the_deploy_checks_name_each_fault(settings: Settings) -> None:
    settings.CONTENT_PATH_PREFIX = "/pulp_contentroutes/content/x/"
    settings.CONTENTROUTES_MAX_PATH_BYTES = "many"
    settings.CONTENTROUTES_STALE_IF_ERROR = -1
    settings.CONTENTROUTES_TRUSTED_PROXIES = ["10.0.0.0/8", "nowhere"]
    assert own_faults() == [f"contentroutes.E00{number}" for number in (2, 3, 3, 5)]


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "",
        "https://pulp.example.com",
        "HTTPS://pulp.example.com/",
        "http://localhost:8080",
        "http://127.0.0.1:8080",
        "http://[::1]:8080",
    ],
)
def test_a_content_origin_with_tls_or_on_this_machine_is_no_fault(
    settings: Settings, origin: str | None
) -> None:
    settings.CONTENT_ORIGIN = origin
    assert list(check_content_origin(None)) == []


@pytest.mark.parametrize(
    "origin",
    ["http://pulp.example.com", "http://192.0.2.1:8080", "pulp.example.com", "http://[", "x" * 999],
)
def test_a_content_origin_without_tls_is_a_fault(settings: Settings, origin: str) -> None:
    settings.CONTENT_ORIGIN = origin
    [fault] = check_content_origin(None)
    assert fault.id == "contentroutes.W008"
    assert f"CONTENT_ORIGIN is '{origin[:200]}', not a URL with https: " in fault.msg


def test_one_command_says_nothing_but_our_faults_and_exits_by_them(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    ours = {each for each in registry.deployment_checks if "contentroutes" in each.__module__}
    assert {each.tags for each in ours} == {("contentroutes",)}
    settings.CONTENT_ORIGIN = "http://pulp.example.com"
    # A fault that Pulp's own checks would report, as they do for nearly every Pulp.
    settings.SECRET_KEY = "SECRET"
    command = {"deploy": True, "tags": ["contentroutes"]}
    call_command("check", **command)
    said = capsys.readouterr().err
    assert "(contentroutes.W008)" in said
    assert "System check identified 1 issue (0 silenced)." in said
    with pytest.raises(CommandError, match="W008"):
        call_command("check", **command, fail_level="WARNING")
    settings.SILENCED_SYSTEM_CHECKS = ["contentroutes.W008"]
    call_command("check", **command, fail_level="WARNING")


def test_the_deploy_checks_tell_that_a_trigger_is_disabled() -> None:
    trigger = "contentroutes_core_domain_update"
    # In a separate transaction that is committed: the check uses a connection of its own.
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
    """Otherwise the fast path would be off, or the connection less safe than intended, silently."""
    options = connections["default"].settings_dict["OPTIONS"]
    monkeypatch.setitem(options, option, value)
    [fault] = faults_of_the_database()
    assert fault.id == "contentroutes.E006"
    assert f"asyncpg cannot obey {option}='{value}'" in fault.msg


def test_several_hosts_are_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """HOST is a list, as in libpq, and its first host is down; Pulp itself works with that."""
    configured = connections["default"].settings_dict
    monkeypatch.setitem(configured, "HOST", f"/nowhere,{configured['HOST']}")
    assert faults_of_the_database() == []


def test_the_content_app_says_why_the_fast_path_is_off(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from pulp_contentroutes.app import content
    from pulp_contentroutes.app.edge.content_handler import ContentRouteHandler

    monkeypatch.setitem(connections["default"].settings_dict["OPTIONS"], "requirepeer", "postgres")
    # Pulp's loggers do not propagate their records.
    content.log.addHandler(caplog.handler)
    content.add_fast_path(ContentRouteHandler())
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


def test_a_plugin_that_the_fast_path_does_not_know_is_named(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setattr(distribution_types, "RULES", (replace(python.RULE, versions="<3"),))
    [fault] = check_rules(None)
    assert fault.id == "contentroutes.W009"
    assert fault.msg.startswith("Distributions of the type python.python are served slowly: the")
    settings.CONTENTROUTES_FAST_PATH = False
    assert [*check_rules(None)] == []


def test_a_route_that_the_fast_path_does_not_know_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = replace(container.ROUTE, pulp_type="file.file", package="pulpcore", versions="<3")
    monkeypatch.setattr(distribution_types, "ROUTES", (rule,))
    [fault] = check_rules(None)
    assert fault.msg.startswith("Files below /pulp/container/ are served slowly: the rule was")


def test_a_table_without_triggers_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = replace(python.RULE, publications=schema.DEB_DISTRIBUTED)
    monkeypatch.setattr(distribution_types, "RULES", (rule,))
    [fault] = check_rules(None)
    assert fault.id == "contentroutes.W010"
    assert fault.msg.endswith("changes of deb_distributedpublication are not announced.")
