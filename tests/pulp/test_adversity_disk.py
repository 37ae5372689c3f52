"""A damaged artifact is an error, and never sent as the file."""

from pathlib import Path

import pytest

from tests.harness.waiting import wait_until
from tests.pulp.adversity import HARMS, Stage, attempt, harmed


def test_an_artifact_that_cannot_be_read_is_a_fault_that_the_log_names(
    stage: Stage, tmp_path: Path
) -> None:
    """Or apt and pip would believe that the package was withdrawn."""
    site, route = stage.site, stage.app.route
    artifact = site.artifact(site.large)
    site.sql("NOTIFY pulp_contentroutes, '*'")
    wait_until(lambda: stage.app.holds(artifact) == 0, what="the file closed")
    with harmed(artifact, "unreadable", tmp_path / "copy"):
        before = len(stage.app.lines_about(artifact))
        answer = route.get(site.large)
        [line] = stage.app.lines_about(artifact)[before:]
    assert (answer.status, answer.headers["cache-control"]) == (500, "no-store")
    assert "Too many levels of symbolic links" in line
    stage.settle()


@pytest.mark.parametrize("was_open", [False, True], ids=["before it was open", "while it is open"])
@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("size", ["small", "large"])
def test_a_damaged_artifact_is_never_sent_as_the_file(
    stage: Stage, tmp_path: Path, size: str, harm: str, was_open: bool
) -> None:
    """Or a client would install half a package, and a proxy keep it for everyone."""
    site, route = stage.site, stage.app.route
    path = str(getattr(site, size))
    artifact = site.artifact(path)
    if not was_open:
        site.sql("NOTIFY pulp_contentroutes, '*'")
        wait_until(lambda: stage.app.holds(artifact) == 0, what="the file closed")
    # An open file keeps its bytes, and a small one is in memory, until the worker looks at the
    # file's name, which may happen at any moment.
    can_be_whole = was_open and (harm != "truncated" or size == "small")
    with harmed(artifact, harm, tmp_path / "copy"):
        for _ in range(2):
            answer = attempt(lambda: route.get(path))
            assert answer.status != 200 or (can_be_whole and answer.body == site.files[path])
        assert attempt(lambda: route.head(path)).status != 200 or can_be_whole
    site.sql("NOTIFY pulp_contentroutes, '*'")
    stage.settle()
