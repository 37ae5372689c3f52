"""Properties of Pulp's classes and settings that the fast path reads once, at the start."""

import json
from dataclasses import replace
from importlib.metadata import EntryPoint
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from pulpcore.plugin.models import Distribution, Repository
from pytest_django import Settings

from pulp_contentroutes.app.edge import distribution_types as module
from pulp_contentroutes.app.edge.distribution_types import (
    TypeState,
    distribution_types,
    fingerprint_of,
    route_rules,
    route_states,
    type_states,
)
from pulp_contentroutes.serving.types import RULES, container, python
from pulp_contentroutes.serving.types.rule import TypeRule

PLAIN = {"file.file", "contentroutes.galaxy"}


def state_of(pulp_type: str) -> TypeState:
    [found] = [state for state in type_states() if state.pulp_type == pulp_type]
    return found


def test_types_without_hooks_are_served_as_pulpcore_does() -> None:
    types = distribution_types()
    assert types.plain >= PLAIN
    assert not {"core.artifact", "core.openpgp"} & (types.plain | types.asked)
    assert "file.file" in types.publishing


def test_the_rule_of_an_installed_plugin_applies() -> None:
    types = distribution_types()
    assert set(types.ruled) == {"python.python"}
    assert "python.python" not in types.plain


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Any:
    # Pulp's loggers do not propagate their records.
    module.log.addHandler(caplog.handler)
    # Handled once more by the root logger, where they do.
    yield lambda: [
        each.getMessage()
        for each in {id(each): each for each in caplog.records}.values()
        if each.levelname == "WARNING"
    ]
    module.log.removeHandler(caplog.handler)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"versions": "<3"}, "the rule was tested with pulp-python <3, and 3."),
        ({"fingerprint": "0" * 64}, "the source of pulp-python 3."),
        ({"functions": ("pulp_python.app.utils.no_such_function",)}, "the source of pulp-python"),
        ({"functions": ("no_such_module.function",)}, "the source of pulp-python"),
        ({"package": "no-such-package"}, "no-such-package is not installed as a package."),
    ],
)
def test_a_rule_for_other_code_is_not_used_and_one_warning_says_so(
    monkeypatch: pytest.MonkeyPatch, said: Any, changes: dict[str, Any], reason: str
) -> None:
    monkeypatch.setattr(module, "RULES", (replace(python.RULE, **changes),))
    types = distribution_types()
    assert not types.ruled
    assert types.asked == {"python.python"}
    [line] = said()
    assert line.startswith(f"Distributions of the type python.python are served slowly: {reason}")


def test_a_hook_that_chooses_what_is_served_has_no_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Distribution._pulp_model_map["python.python"]
    monkeypatch.setattr(model, "get_repository_publication_and_version", lambda self: None)
    rule = replace(python.RULE, fingerprint=fingerprint_of(model))
    monkeypatch.setattr(module, "RULES", (rule,))
    assert not state_of("python.python").is_fast


def test_a_hook_with_other_parameters_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """pulp_hugging_face overrides `content_handler` without the path."""
    monkeypatch.setattr(module, "RULES", ())
    assert state_of("python.python").can_be_asked
    model = Distribution._pulp_model_map["python.python"]
    for odd in (property(lambda self: None), lambda self: None, staticmethod(lambda path: None)):
        monkeypatch.setattr(model, "content_handler", odd)
        assert not state_of("python.python").can_be_asked
    assert distribution_types().plain >= PLAIN


def test_a_fault_of_a_rule_concerns_its_type_alone(
    monkeypatch: pytest.MonkeyPatch, said: Any
) -> None:
    faults: list[dict[str, Any]] = [
        {"no_cache_setting": "NO_SUCH_SETTING"},
        {"versions": "not a version"},
    ]
    for changes in faults:
        monkeypatch.setattr(module, "RULES", (replace(python.RULE, **changes),))
        types = distribution_types()
        assert types.plain >= PLAIN
        assert not types.ruled
    assert len(said()) == 2


def test_other_plugins_declare_rules_by_an_entry_point(
    monkeypatch: pytest.MonkeyPatch, said: Any
) -> None:
    monkeypatch.setattr(module, "RULES", ())
    names = ["RULE", "may_answer", "no_such_name"]
    package = "pulp_contentroutes.serving.types.python"
    points = [EntryPoint(name, f"{package}:{name}", module.ENTRY_POINTS) for name in names]
    monkeypatch.setattr(module, "entry_points", lambda group: points)
    assert state_of("python.python").served is not None
    assert said() == [f"{package}:may_answer is no TypeRule, and is not used."]


def test_a_command_shows_how_each_type_is_served() -> None:
    output = StringIO()
    call_command("contentroutes-types", json=True, stdout=output)
    rows = {row["type"]: row["served"] for row in json.loads(output.getvalue())}
    assert rows["file.file"] == "fast"
    assert rows["python.python"] == "fast by rule"
    assert rows["core.artifact"] == "left to Pulp"
    call_command("contentroutes-types", stdout=(text := StringIO()))
    [line] = [each for each in text.getvalue().splitlines() if each.startswith("python.python")]
    assert line.endswith("A rule knows what its hooks answer.")


def test_the_rules_that_come_with_the_plugin_are_complete() -> None:
    for rule in RULES:
        assert isinstance(rule, TypeRule)
        assert len(bytes.fromhex(rule.fingerprint)) == 32


def test_a_repository_that_chooses_its_latest_version_leaves_everything_to_pulp(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of all methods that Pulp's handler calls on models, only this one is not a distribution's."""
    odd = Repository._pulp_model_map["file.file"]
    monkeypatch.setattr(odd, "latest_version", lambda self: None)
    assert not distribution_types().plain


@pytest.mark.parametrize(("seconds", "retains"), [(0, False), (-1, False), (1, True)])
def test_superseded_publications_are_served_while_pulp_retains_them(
    settings: Settings, seconds: int, retains: bool
) -> None:
    settings.DISTRIBUTED_PUBLICATION_RETENTION_PERIOD = seconds
    assert distribution_types().retain_superseded is retains


def test_a_route_of_a_plugin_that_is_not_installed_has_no_rule() -> None:
    assert [*route_states()] == []


def test_a_route_is_known_by_the_code_of_its_handler(
    monkeypatch: pytest.MonkeyPatch, said: Any
) -> None:
    functions = ("pulpcore.content.handler:Handler.stream_content",)
    known = fingerprint_of(Distribution._pulp_model_map["file.file"], functions)
    core = replace(container.ROUTE, pulp_type="file.file", package="pulpcore", versions=">=3")
    rule = replace(core, functions=functions, fingerprint=known)
    other = replace(rule, fingerprint="0" * 64, prefix="/other/")
    monkeypatch.setattr(module, "ROUTES", (rule, other))
    assert [*route_rules()] == [rule]
    [line] = said()
    assert line.startswith("Files below /other/ are served slowly: the source of pulpcore 3.")
    call_command("contentroutes-types", stdout=(text := StringIO()))
    served = [line.split(maxsplit=3)[1:3] for line in text.getvalue().splitlines()]
    assert served.count(["fast", "by"]) == served.count(["left", "to"]) - 1 == 2
