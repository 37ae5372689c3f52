"""The suites, run three times, each with a Pulp of its own: as stock, and on both prefixes."""

from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from pulp_contentroutes import paths
from tests.harness.standalone import run_pulp
from tests.harness.waiting import free_ports
from tests.suites.expected import OURS, REFERENCE
from tests.suites.front import run_front
from tests.suites.running import SECRET, SUITES, Result, run_suites, settings

#: Pulp's own content app, without our middlewares.
STOCK = {
    "CONTENTROUTES_FAST_PATH": "false",
    "CONTENTROUTES_ACCELERATE_CONTENT_PREFIX": "false",
}


class Runs:
    """Results by test, for each way to run the suites; each runs once, when it is asked for.

    Each run has a Pulp of its own: otherwise, the next run would find the artifacts of the last.
    """

    def __init__(self, folder: Path, notes: list[str]) -> None:
        self._folder = folder
        self._notes = notes
        self.of = cache(self._run)

    def _run(self, which: str) -> dict[str, Result]:
        folder, port, api_port = self._folder / which, free_ports(), free_ports()
        folder.mkdir()
        stock = STOCK if which == REFERENCE else {}
        values = {**settings(folder, f"http://127.0.0.1:{port}"), **stock}
        with run_pulp(folder / "data", settings=values) as instance:
            variables = instance.variables()
            if which == OURS:
                variables["PULP_CONTENT_PATH_PREFIX"] = paths.CONTENT_PREFIX
            upstreams = instance.api_port, instance.content_port
            with run_front(folder / "nginx", port, api_port, *upstreams):
                asked = api_port if which == OURS else port
                results = run_suites(folder / "suites", variables, asked)
        self._note(which, results)
        return results

    def _note(self, which: str, results: dict[str, Result]) -> None:
        for suite in SUITES:
            outcomes = Counter(
                result.outcome
                for test, result in results.items()
                if test.partition(".")[0] == suite
            )
            counts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
            self._notes.append(f"{suite}'s content tests, {which}: {counts}")


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory, notes: list[str]) -> Iterator[Runs]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SECRET.items():
            patch.setenv(name, value)
        yield Runs(tmp_path_factory.mktemp("suites"), notes)
