"""Pulp's OpenAPI document describes our endpoints correctly."""

from typing import Any

import pytest
from rest_framework.routers import SimpleRouter

from pulp_contentroutes.app import viewsets
from tests.harness.galaxy import Galaxy
from tests.harness.rest import Rest

VIEWSETS = [getattr(viewsets, name) for name in viewsets.__all__]


def actions(viewset: Any) -> set[str]:
    """Return the actions that have URLs, as DRF's router finds them."""
    routes = SimpleRouter().get_routes(viewset)
    return {
        action
        for route in routes
        for action in route.mapping.values()
        if hasattr(viewset, str(action))
    }


@pytest.mark.parametrize("viewset", VIEWSETS, ids=lambda each: each.__name__)
def test_every_action_is_allowed_to_somebody(viewset: Any) -> None:
    """An action that the policy lacks is documented, but refused even to the administrator."""
    statements = viewset.DEFAULT_ACCESS_POLICY["statements"]
    allowed = {action for statement in statements for action in statement["action"]}
    assert actions(viewset) <= allowed


def test_labels_of_all_content_can_be_set(admin: Rest, server: Galaxy, token: str) -> None:
    server.add(token)
    assert server.change("deprecate", "acme.tools")["state"] == "completed"
    [unit] = admin.call("GET", "content/contentroutes/deprecations/").json()["results"]
    for action, labels in (("set_label", {"a": "b"}), ("unset_label", {})):
        values = {"key": "a", "value": "b"} if labels else {"key": "a"}
        answer = admin.call("POST", f"{unit['pulp_href']}{action}/", **values)
        assert answer.status_code == 201, answer.text
        assert admin.call("GET", unit["pulp_href"]).json()["pulp_labels"] == labels
    user = admin.as_user(f"Token {admin.token(admin.user()['username'], scope='full')['token']}")
    answer = user.call("POST", f"{unit['pulp_href']}set_label/", key="a", value="b")
    assert answer.status_code == 403


def test_fields_that_can_be_null_are_documented_as_such(admin: Rest, server: Galaxy) -> None:
    """Generated clients fail to read a null that is not documented."""
    schemas = admin.call("GET", "docs/api.json").json()["components"]["schemas"]
    admin.token()
    admin.guard("contentroutes/token")
    for path, name in (
        ("contentroutes/tokens/", "contentroutes.ApiTokenResponse"),
        ("contentguards/contentroutes/token/", "contentroutes.TokenContentGuardResponse"),
        ("repositories/contentroutes/galaxy/", "contentroutes.GalaxyRepositoryResponse"),
        ("distributions/contentroutes/galaxy/", "contentroutes.GalaxyDistributionResponse"),
    ):
        for found in admin.call("GET", path).json()["results"]:
            for field, value in found.items():
                if value is None:
                    assert "null" in schemas[name]["properties"][field]["type"], (path, field)


ROLE = "contentroutes.tokencontentguard_downloader"


@pytest.mark.parametrize(
    ("method", "path", "values"),
    [
        pytest.param("POST", "{guard}add_role/", {"users": ["\0"], "role": ROLE}, id="NUL"),
        pytest.param(
            "POST", "{guard}remove_role/", {"groups": ["\0"], "role": ROLE}, id="NUL, too"
        ),
        pytest.param("GET", "contentroutes/tokens/?name__regex=[", {}, id="regular expression"),
        pytest.param("GET", "{content}?orphaned_for=1e16", {}, id="number without end"),
        pytest.param("PATCH", "{distribution}", {"content_guard": True}, id="reference"),
        pytest.param("PATCH", "{distribution}", {"repository": {}}, id="reference to ours"),
        pytest.param(
            "POST", "{repository}copy/", {"source_version": 1}, id="reference in an action"
        ),
    ],
)
def test_invalid_input_is_the_clients_fault(
    admin: Rest, server: Galaxy, method: str, path: str, values: dict[str, Any]
) -> None:
    hrefs = {
        "guard": admin.guard("contentroutes/token"),
        "content": "content/contentroutes/deprecations/",
        "distribution": server.distribution,
        "repository": server.repository,
    }
    answer = admin.call(method, path.format(**hrefs), **values)
    assert answer.status_code == 400, answer.text
    assert answer.json()
