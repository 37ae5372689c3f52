"""Pulp knows the plugin."""

import requests

from tests.pulp.conftest import Pulp
from tests.pulp.raw_http import request
from tests.pulp.standalone import Standalone, run


def test_the_status_api_lists_the_plugin(pulp: Pulp) -> None:
    assert pulp.rest.context.component_versions["contentroutes"] == "0.1.0"


def test_the_galaxy_prefix_reaches_the_api(plain: Standalone) -> None:
    """Django answers 404 where there is no distribution, with its correlation id."""
    response = requests.get(f"{plain.front}/pulp_contentroutes/galaxy/", timeout=30)
    assert response.status_code == 404
    assert "Correlation-ID" in response.headers


def test_the_deploy_checks_find_no_fault(plain: Standalone) -> None:
    checked = run("manage", "--data", str(plain.data), "check", "--deploy")
    assert checked.returncode == 0, checked.stderr
    # The document of the API is checked, too, and names our classes as everyone's.
    assert "(contentroutes." not in checked.stderr


def test_the_deploy_checks_name_each_fault(plain: Standalone) -> None:
    code = """
from django.db import connection, transaction
from django.test import override_settings
from django.core.checks import run_checks
with override_settings(CONTENT_PATH_PREFIX="/pulp_contentroutes/content/x/",
                       CONTENTROUTES_MAX_PATH_BYTES="many", CONTENTROUTES_STALE_IF_ERROR=-1):
    found = run_checks(include_deployment_checks=True)
print(sorted(error.id for error in found if "contentroutes" in error.id))
"""
    expected = [f"contentroutes.E00{number}" for number in (2, 3, 3)]
    assert plain.shell(code) == str(expected)


def test_the_deploy_checks_tell_that_the_migration_has_not_run(plain: Standalone) -> None:
    code = """
from pulp_contentroutes.app.checks import schema_problem
from django.db import connection
trigger = "contentroutes_domain_changed_update"
with connection.cursor() as cursor:
    cursor.execute(f"ALTER TABLE core_domain DISABLE TRIGGER {trigger}")
    problem = schema_problem()
    cursor.execute("ALTER TABLE core_domain ENABLE TRIGGER ALL")
print(problem, schema_problem())
"""
    said = "The database lacks contentroutes_domain_changed_update: run 'pulpcore-manager migrate'."
    assert plain.shell(code) == f"{said} None"


def test_a_setting_that_makes_no_sense_costs_the_fast_path_and_nothing_else(
    plain: Standalone,
) -> None:
    """Or a typing error would end the content service."""
    path = "/pulp_contentroutes/content/demo/hello.txt"
    assert "repr-digest" in request(plain.content_port, path).headers
    with plain.further_content_app(CONTENTROUTES_DATABASE_CONNECTIONS="many") as port:
        answer = request(port, path)
    assert (answer.status, answer.headers.get("repr-digest")) == (200, None)


def test_the_fast_path_can_be_turned_off(plain: Standalone) -> None:
    path = "/pulp_contentroutes/content/demo/hello.txt"
    with plain.further_content_app(CONTENTROUTES_FAST_PATH="false") as port:
        answer = request(port, path)
        refused = request(port, "/pulp_contentroutes/content/demo//hello.txt")
    assert (answer.status, answer.headers.get("repr-digest")) == (200, None)
    assert refused.status == 404
