"""A snapshot says which requests are left to Pulp's handler."""

import pytest

from pulp_contentroutes.serving.handover import Handover
from pulp_contentroutes.serving.model import Missing, Target
from tests.unit.serving.conftest import FastPath
from tests.unit.serving.snapshots.conftest import FILE, World, snapshot_of


async def test_artifacts_outside_the_file_system_are_left_to_pulp() -> None:
    world = World(root=None)
    snapshot = await world.snapshot("a/x")
    assert (snapshot.handover, snapshot.root) == (Handover.OBJECT_STORAGE, "")


async def test_what_lies_above_distributions_is_handed_over(fast_path: FastPath) -> None:
    fast_path.database.add_distribution("deep/down")
    for path in ("deep", "deep/"):
        assert (
            await fast_path.resolver.snapshot(Target("default", path))
            is Handover.SEVERAL_DISTRIBUTIONS
        )


async def test_overlapping_base_paths_are_handed_over(fast_path: FastPath) -> None:
    """Pulp forbids overlapping base paths, and answers 500 if old data has them."""
    fast_path.database.add_distribution("base/x")
    assert await fast_path.resolver.snapshot(FILE) is Handover.SEVERAL_DISTRIBUTIONS


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param({}, None, id="a complete publication of a plain type"),
        pytest.param(
            {"distribution_type": "core.overrides"},
            Handover.DISTRIBUTION_TYPE,
            id="a type that answers in its own way",
        ),
        pytest.param(
            {"is_publication_complete": False}, Handover.INCOMPLETE, id="an incomplete publication"
        ),
        pytest.param(
            {"is_version_complete": False}, Handover.INCOMPLETE, id="an incomplete version"
        ),
    ],
)
async def test_only_what_pulpcore_itself_would_serve_is_ours(
    fast_path: FastPath, values: dict[str, object], expected: Handover | None
) -> None:
    fast_path.database.add_distribution("base", **values)
    assert (await snapshot_of(fast_path)).handover is expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param({}, Missing.PROVEN, id="a version"),
        pytest.param({"remote_id": "a remote"}, Handover.REMOTE, id="a remote could still have it"),
        pytest.param(
            {"version_id": None, "publication_id": None},
            Handover.NOTHING_SERVED,
            id="neither version nor repository",
        ),
        pytest.param(
            {"version_id": None, "publication_id": None, "repository_id": "a repository"},
            Missing.PROVEN,
            id="a repository without a version",
        ),
    ],
)
async def test_a_miss_is_proven_only_without_a_remote_and_with_a_repository(
    fast_path: FastPath, values: dict[str, object], expected: Missing | Handover
) -> None:
    fast_path.database.add_distribution("base", **values)
    assert (await snapshot_of(fast_path)).nowhere is expected
