"""Pulp's own tests of its content app pass through nginx, except for intended differences."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.suites.conftest import Runs
from tests.suites.expected import DIFFERENCES, NOT_HERE, OURS, PULP, REFERENCE, Difference
from tests.suites.running import SUITES, Result

ROWS = re.findall(
    r"^\| (.+?) \|", (Path(__file__).parents[2] / "docs/differences.md").read_text(), re.M
)

#: Each of the three runs takes minutes.
a_run = pytest.mark.timeout(3600)


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda each: each.test.rpartition(".")[2])
def test_each_expected_difference_names_its_row(difference: Difference) -> None:
    assert difference.row in ROWS


@a_run
@pytest.mark.exhaustive
class TestSuites:
    def test_stock_passes_all_that_can_run_here(self, runs: Runs) -> None:
        """Or a failure on our side would prove nothing."""
        results = runs.of(REFERENCE)
        assert {test.partition(".")[0] for test in results} >= set(SUITES)
        assert not unexpected(results, REFERENCE)

    @pytest.mark.parametrize("prefix", [PULP, OURS])
    def test_nothing_fails_but_what_differs_on_purpose(self, runs: Runs, prefix: str) -> None:
        results = runs.of(prefix)
        assert results.keys() == runs.of(REFERENCE).keys()
        assert not unexpected(results, prefix)

    @pytest.mark.parametrize("prefix", [PULP, OURS])
    def test_each_expected_difference_still_differs(self, runs: Runs, prefix: str) -> None:
        results = runs.of(prefix)
        assert not {
            test: results[test]
            for test, says in differing(prefix).items()
            if results[test].outcome != "failed" or says not in results[test].says
        }


def differing(run: str) -> dict[str, str]:
    """Return, by test, a part of the failure of each test that fails on purpose in a run."""
    return {each.test: each.says for each in DIFFERENCES if run in each.prefixes}


def unexpected(results: Mapping[str, Result], run: str) -> dict[str, Result]:
    """Return all tests that did not pass, unless they fail on purpose or are impossible here."""
    not_here = {each.test: each.outcome for each in NOT_HERE if run in each.runs}
    return {
        test: result
        for test, result in results.items()
        if result.outcome not in ("passed", not_here.get(test)) and test not in differing(run)
    }
