"""The hooks of a real distribution, asked as Pulp's handler asks them."""

from typing import Any
from uuid import uuid4

import pytest
from aiohttp import web
from django.apps import apps
from pulpcore.plugin.models import ContentArtifact

from pulp_contentroutes.app.edge.plugin_hooks import _ask
from pulp_contentroutes.serving.handover import Handover
from pulp_contentroutes.serving.types.hooks import Verdict
from tests.harness.in_pulp import add_content

FileDistribution = apps.get_model("file", "FileDistribution")
GO_ON = Verdict(None, (), False)


@pytest.fixture
def distribution() -> Any:
    return FileDistribution.objects.create(name="hooks", base_path="hooks")


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that replaces a hook for the test."""
    return lambda name, function: monkeypatch.setattr(FileDistribution, name, function)


def test_hooks_that_say_nothing_go_on(distribution: Any) -> None:
    assert _ask("file.file", distribution.pk, "x") == GO_ON


def test_a_content_artifact_is_named_by_its_id(distribution: Any, hook: Any) -> None:
    found = add_content("Release", b"hooks")
    assert isinstance(found, ContentArtifact)
    hook("content_handler", lambda self, path: found if path == "Release" else None)
    assert _ask("file.file", distribution.pk, "Release") == Verdict(found.pk, (), False)
    assert _ask("file.file", distribution.pk, "Packages") == GO_ON


def test_the_headers_of_a_directory_are_those_of_its_index(distribution: Any, hook: Any) -> None:
    hook("content_headers_for", lambda self, path: {"X-Path": path})
    for path, expected in {"": "index.html", "d/": "d/index.html", "d/x": "d/x"}.items():
        assert _ask("file.file", distribution.pk, path) == Verdict(
            None, (("X-Path", expected),), False
        )


def test_a_directory_may_exist_only_for_its_hook(distribution: Any, hook: Any) -> None:
    hook("content_handler_list_directory", lambda self, path: {"made"} if path == "d/" else set())
    assert (
        _ask("file.file", distribution.pk, "d")
        == _ask("file.file", distribution.pk, "d/")
        == Verdict(None, (), True)
    )
    assert _ask("file.file", distribution.pk, "e") == GO_ON


@pytest.mark.parametrize(
    "headers",
    [
        {"ETag": '"x"'},
        {"Content-Length": "1"},
        {"Set-Cookie": "x"},
        {"X-Bad": "a\r\nSet-Cookie: b"},
    ],
)
def test_headers_that_may_contradict_ours_are_left_to_pulp(
    distribution: Any, hook: Any, headers: dict[str, str]
) -> None:
    hook("content_headers_for", lambda self, path: headers)
    assert _ask("file.file", distribution.pk, "x") is Handover.DISTRIBUTION_HOOK


def raise_not_found(self: Any, path: str) -> None:
    raise web.HTTPNotFound


def raise_fault(self: Any, path: str) -> None:
    raise ValueError(path)


@pytest.mark.parametrize(
    "answer", [raise_not_found, raise_fault, lambda self, path: web.Response(text="made")]
)
def test_answers_and_faults_of_a_hook_are_left_to_pulp(
    distribution: Any, hook: Any, answer: Any
) -> None:
    hook("content_handler", answer)
    assert _ask("file.file", distribution.pk, "x") is Handover.DISTRIBUTION_HOOK


def test_a_distribution_that_is_gone_is_left_to_pulp() -> None:
    assert _ask("file.file", uuid4(), "x") is Handover.DISTRIBUTION_HOOK
