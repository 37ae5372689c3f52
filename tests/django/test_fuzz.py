"""The fuzzing phase of schemathesis on each of our REST endpoints, with objects that exist.

No answer is a 5xx, and every answer conforms to Pulp's OpenAPI document. `FUZZ_SEED=7` sends other
requests.
"""

import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pytest
import schemathesis
from django.core.signals import got_request_exception
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)

from tests.harness.galaxy import create_galaxy, manifest_of, role_archive, tarball
from tests.harness.rest import Rest, new_name
from tests.unit.galaxy.keys import Key

SEED: Final = int(os.environ.get("FUZZ_SEED", "0"))
EXAMPLES: Final = int(os.environ.get("FUZZ_EXAMPLES", "30"))
CHECKS: Final[list[CheckFunction]] = [
    not_a_server_error,
    response_schema_conformance,
    content_type_conformance,
    response_headers_conformance,
]
#: The number of requests in ten that refer to an object that exists.
EXISTING: Final = 9

#: Components of pulpcore that document fields that can be null as text.
PULPS_OWN: Final = ("RepositoryVersionResponse",)
#: Parameters that remove required fields from answers.
SHORTENING: Final = ("fields", "exclude_fields")

MOST_FILTERS: Final = 3

#: Name of a path parameter, or of a field of a body → the values that refer to existing objects.
Known = Mapping[str, Sequence[Any]]


@pytest.fixture
def document(admin: Rest) -> dict[str, Any]:
    """Return Pulp's OpenAPI document with only our operations, and without its general errors."""
    whole: dict[str, Any] = admin.call("GET", "docs/api.json?pk_path=1").json()
    ours = {path: each for path, each in whole["paths"].items() if "contentroutes" in path}
    for name in PULPS_OWN:
        whole["components"]["schemas"][name] = {}
    for path in ours.values():
        for operation in path.values():
            parameters = operation.get("parameters", ())
            operation["parameters"] = [
                each for each in parameters if each["name"] not in SHORTENING
            ]
    for schema in whole["components"]["schemas"].values():
        for field in schema.get("properties", {}).values():
            # Hrefs of Pulp are paths, not URIs.
            if field.get("format") == "uri":
                del field["format"]
    return whole | {"paths": ours}


@pytest.fixture
def known(admin: Rest) -> Known:
    """Create an object of every kind; return the values that refer to them, by field name."""
    token = str(admin.token(scope="publish")["token"])
    server = create_galaxy(admin)
    data, _ = tarball()
    server.add(token, [Key.make("release").signature_of(manifest_of(data))])
    assert server.add_role(role_archive(), version="1.0.0")["state"] == "completed"
    assert server.change("deprecate", "acme.tools")["state"] == "completed"
    guard = admin.guard("contentroutes/token")
    group = admin.create("groups/", name=new_name())["name"]
    role = "contentroutes.tokencontentguard_downloader"
    admin.add_role(guard, role, groups=[group])
    version = server.latest_version()
    [collection] = admin.call("GET", "content/contentroutes/collections/").json()["results"]
    return {
        "artifact": [collection["artifact"]],
        "base_version": [version],
        "collections": [["acme.tools"], ["acme.tools:1.2.3"]],
        "content_guard": [guard, None],
        "groups": [[group]],
        "number": ["1", "2", "3"],
        "repository": [server.repository],
        "repository_pk": [server.repository.split("/")[-2]],
        "repository_version": [version],
        "role": [role],
        "signed_collection": [collection["pulp_href"]],
        "source_version": [version],
        "user": ["admin"],
        "users": [["admin"]],
        "add_content_units": [[collection["pulp_href"]]],
        "remove_content_units": [[collection["pulp_href"]], ["*"]],
    }


@pytest.mark.exhaustive
@pytest.mark.timeout(3600)
def test_every_answer_is_what_the_document_says(
    admin: Rest, document: dict[str, Any], known: Known
) -> None:
    refer_to(known, document)
    schema = schemathesis.openapi.from_dict(document)
    operations = [each.ok() for each in schema.get_all_operations() if isinstance(each, Ok)]
    assert len(operations) >= 60
    failures: dict[str, str] = {}
    for operation in operations:
        for mode in GenerationMode:
            fuzz(admin, operation, mode, existing(admin, operation.path, known), failures)
    assert not failures, "\n\n".join(failures.values())


def refer_to(known: Known, document: dict[str, Any]) -> None:
    """Let fields of bodies refer to objects that exist, or to anything that their schema allows."""
    for schema in document["components"]["schemas"].values():
        properties = schema.get("properties", {})
        for name in properties.keys() & known.keys():
            properties[name] = {"anyOf": [{"enum": list(known[name])}, properties[name]]}


def existing(admin: Rest, path: str, known: Known) -> Known:
    """Return the parameters of a path for objects that exist."""
    parameters = {name: values for name, values in known.items() if f"{{{name}}}" in path}
    if "{pulp_id}" in path:
        found = admin.call("GET", path.partition("{")[0]).json()["results"]
        parameters["pulp_id"] = [each["pulp_href"].split("/")[-2] for each in found]
    return parameters


def fuzz(
    admin: Rest,
    operation: APIOperation[Any, Any, Any, Any],
    mode: GenerationMode,
    parameters: Known,
    failures: dict[str, str],
) -> None:
    """Send requests; add the first failure of each kind to `failures`, by a name of the kind."""

    @seed(SEED)
    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode), st.data())
    def ask(case: Case[Any], data: st.DataObject) -> None:
        for name, values in parameters.items():
            if data.draw(st.integers(1, 10)) <= EXISTING:
                case.path_parameters[name] = data.draw(st.sampled_from(values))
        # If a request used all filters of a list at once, one would always be invalid.
        names = st.sets(st.sampled_from([*(case.query or ()), ""]), max_size=MOST_FILTERS)
        case.query = {name: case.query[name] for name in data.draw(names) if name}
        with transaction.atomic():
            check(admin, case, failures)
            transaction.set_rollback(True)

    ask()


def check(admin: Rest, case: Case[Any], failures: dict[str, str]) -> None:
    case.cookies = {}
    case.headers["Authorization"] = admin.authorization
    sent = case.as_transport_kwargs(base_url=admin.front)
    faults: list[str] = []

    def note(sender: object, **_: object) -> None:
        faults.append("".join(traceback.format_exception(*sys.exc_info())[-8:]))

    got_request_exception.connect(note)
    response = admin.session.request(**sent, allow_redirects=False)
    got_request_exception.disconnect(note)
    try:
        case.validate_response(response, checks=CHECKS)
    except FailureGroup as group:
        for failure in group.exceptions:
            name = f"{case.operation.label} {type(failure).__name__} {failure}"
            asked = f"{case.operation.label} {response.request.url} {sent.get('json')!r:.500}"
            fault = faults[0].splitlines()[-1] if faults else ""
            failures.setdefault(
                name[:200] + fault, f"{asked}\n{failure}\n{response.text[:1000]}" + "".join(faults)
            )
