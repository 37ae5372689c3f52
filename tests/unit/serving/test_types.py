"""Distributions with hooks: the rules of the plugins, and how a rule is followed."""

from pathlib import PurePath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulp_contentroutes.serving.access.guards import GuardNeeds
from pulp_contentroutes.serving.handover import Handover
from pulp_contentroutes.serving.types import maven, npm, python, rpm
from tests.unit.serving.conftest import (
    CACHE_CONTROL,
    DATA,
    HANDED_OVER,
    Client,
    FastPath,
    get,
    guarded,
)

NAMES = st.sampled_from(["pypi", "json", "simple", "x", "@scope", "-", "x-1.0.0.tgz", ""])


def serve(fast_path: FastPath, base_path: str = "base", **values: object) -> None:
    """Serve `base_path` as a distribution with hooks, whose rule is that of the fixture."""
    fast_path.database.add_distribution(base_path, distribution_type="core.ruled", **values)
    for path in ("made", "other", "fresh.xml", "dir/fresh.xml", "dir/made"):
        fast_path.database.add_file(path, DATA, fast_path.root)


async def test_the_paths_that_a_hook_may_answer_are_left_to_pulp(
    client: Client, fast_path: FastPath
) -> None:
    serve(fast_path)
    for _ in range(2):
        assert (await get(client, "base/made")).status == HANDED_OVER
        assert (await get(client, "base/other")).status == 200
    assert (await get(client, "base/dir/made")).status == 200
    assert (await get(client, "base/missing")).status == 404
    assert fast_path.pipeline.handovers == {Handover.DISTRIBUTION_HOOK: 2}


async def test_the_hook_sees_the_timestamp_of_a_checkpoint(
    client: Client, fast_path: FastPath
) -> None:
    serve(fast_path, checkpoint=True)
    await get(client, "base/made")
    assert fast_path.pipeline.handovers == {Handover.DISTRIBUTION_HOOK: 1}


async def test_a_plugins_header_replaces_pulps(client: Client, fast_path: FastPath) -> None:
    serve(fast_path)
    for path in ("base/fresh.xml", "base/dir/fresh.xml"):
        answer = await get(client, path)
        assert (answer.status, answer.headers.getall("Cache-Control")) == (200, ["no-cache"])
        again = await get(client, path, If_None_Match=answer.headers["ETag"])
        assert (again.status, again.headers["Cache-Control"]) == (304, "no-cache")
    assert (await get(client, "base/other")).headers["Cache-Control"] == CACHE_CONTROL


async def test_shared_caches_never_store_guarded_content(
    client: Client, fast_path: FastPath
) -> None:
    guard_id = guarded(fast_path, GuardNeeds.REQUEST)
    serve(fast_path, content_guard_id=guard_id)
    answer = await get(client, "base/fresh.xml", X_Key="yes")
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "private, no-cache")
    answer = await get(client, "base/other", X_Key="yes")
    assert answer.headers["Cache-Control"] == CACHE_CONTROL.replace("public", "private")


async def test_two_types_that_serve_the_same_content_have_their_own_headers(
    client: Client, fast_path: FastPath
) -> None:
    serve(fast_path)
    row = fast_path.database.distributions["base"]
    same = {"publication_id", "version_id", "version_repository_id", "domain_id"}
    fast_path.database.add_distribution("plain", **{name: row[name] for name in same})
    for path, expected in {"base": "no-cache", "plain": CACHE_CONTROL}.items():
        answer = await get(client, f"{path}/fresh.xml")
        assert answer.headers["Cache-Control"] == expected


# The rules of the plugins.


@pytest.mark.parametrize(
    ("path", "is_left"),
    [("config.repo", True), ("config.repo/", False), ("x/config.repo", False), ("", False)],
)
def test_pulp_rpm_may_make_config_repo(path: str, is_left: bool) -> None:
    assert rpm.may_answer(path) is is_left


@pytest.mark.parametrize(
    ("path", "is_left"),
    [
        ("left-pad", True),
        ("@scope/name", True),
        ("left-pad/", True),
        ("", True),
        ("left-pad/-/left-pad-1.3.0.tgz", False),
        ("@scope/name/-/name-1.0.0.tgz", False),
    ],
)
def test_pulp_npm_may_make_the_documents_of_packages(path: str, is_left: bool) -> None:
    assert npm.may_answer(path) is is_left


@given(st.lists(NAMES, max_size=6).map("/".join))
def test_pulp_python_may_make_the_documents_of_its_legacy_api(path: str) -> None:
    pure = PurePath(path)
    is_left = pure.match("pypi/*/*/json") or pure.match("pypi/*/json")
    assert python.may_answer(path) is is_left


@pytest.mark.parametrize(
    ("path", "is_left"),
    [
        ("", True),
        ("org/", True),
        ("org/a/1.0/", True),
        ("org/a", True),
        ("org/a/1.0/LICENSE", True),
        ("org/a/1.0/a-1.0.jar", False),
        ("org/a/1.0", False),
    ],
)
def test_pulp_maven_may_answer_directories(path: str, is_left: bool) -> None:
    assert maven.may_answer(path) is is_left
