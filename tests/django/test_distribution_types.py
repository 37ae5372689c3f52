"""Properties of Pulp's classes and settings that the fast path reads once, at the start."""

import pytest
from pulpcore.plugin.models import Repository
from pytest_django import Settings

from pulp_contentroutes.app.edge.distribution_types import distribution_types

PLAIN = {"file.file", "contentroutes.galaxy"}


def test_types_with_hooks_of_their_own_are_left_to_pulp() -> None:
    types = distribution_types()
    assert types.plain >= PLAIN
    assert not types.plain & {"core.artifact", "python.python"}
    assert "file.file" in types.publishing


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
