"""Commands on a copy reach neither the database nor the processes of its original."""

import json
import os
from pathlib import Path

import pytest

from pulp_contentroutes.standalone import data_dir, prepare, state
from pulp_contentroutes.standalone.errors import NotRunning, SharedWithOriginal
from tests.unit.standalone.copies.conftest import copy


@pytest.mark.parametrize("name", ["manage", "env"])
def test_no_command_works_on_a_database_that_may_be_another_folders(
    linked: Path, name: str
) -> None:
    other = copy(linked)
    linked.rename(linked.with_name("c"))
    with pytest.raises(SharedWithOriginal, match=f"serve --data {other}' gives it a copy"):
        {"manage": enter_database, "env": prepare.find_usable}[name](other)


@pytest.mark.parametrize("name", ["manage", "env"])
def test_no_command_works_on_the_database_of_a_copys_original(linked: Path, name: str) -> None:
    other = copy(linked)
    with pytest.raises(SharedWithOriginal, match=f"serve --data {other}' makes it a Pulp of its"):
        {"manage": enter_database, "env": prepare.find_usable}[name](other)


def enter_database(data: Path) -> None:
    with prepare.with_database(data):
        pytest.fail("the database of the original was used")


def test_the_processes_of_the_original_are_not_those_of_a_copy(linked: Path) -> None:
    """While `manage` holds the copy, `stop` would end the original."""
    with data_dir.hold(linked):
        state.write(linked / "run", [])
        other = copy(linked)
        found = prepare.find_running(linked)
        assert found.supervisor == os.getpid()
        with data_dir.hold(other), pytest.raises(NotRunning):
            prepare.find_running(other)


def test_the_processes_of_an_earlier_version_are_found(linked: Path) -> None:
    with data_dir.hold(linked):
        state.write(linked / "run", [])
        file = linked / "run" / "state.json"
        written = json.loads(file.read_text())
        del written["lock"]
        file.write_text(json.dumps(written))
        assert prepare.find_running(linked).supervisor == os.getpid()
