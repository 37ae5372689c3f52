"""Pulp knows the plugin through each of its entry points."""

import requests

from tests.harness.http1 import ask
from tests.harness.pulp import Pulp
from tests.harness.standalone import Standalone

HELLO = "/pulp_contentroutes/content/demo/hello.txt"


def test_the_status_api_lists_the_plugin(pulp: Pulp) -> None:
    status = pulp.rest.call("GET", "/pulp/api/v3/status/").json()
    versions = {each["component"]: each["version"] for each in status["versions"]}
    assert versions["contentroutes"] == "0.1.0"


def test_the_galaxy_prefix_reaches_the_api(plain: Standalone) -> None:
    """Django answers 404 where there is no distribution, with its correlation id."""
    response = requests.get(f"{plain.front}/pulp_contentroutes/galaxy/", timeout=30)
    assert response.status_code == 404
    assert "Correlation-ID" in response.headers


def test_a_setting_that_makes_no_sense_costs_the_fast_path_and_nothing_else(
    plain: Standalone,
) -> None:
    """Or a typing error would stop the content service."""
    assert "repr-digest" in ask(plain.content_port, HELLO).headers
    with plain.further_content_app(CONTENTROUTES_DATABASE_CONNECTIONS="many") as port:
        answer = ask(port, HELLO)
    assert (answer.status, answer.headers.get("repr-digest")) == (200, None)


def test_the_fast_path_can_be_turned_off(pulp: Pulp, without_fast_path: int) -> None:
    base = pulp.publish({"x": b"x"})
    route = pulp.route("ours", without_fast_path)
    answer = route.get(f"{base}/x")
    assert (answer.status, answer.headers.get("repr-digest")) == (200, None)
    assert route.raw(f"{base}//x").status == 404
