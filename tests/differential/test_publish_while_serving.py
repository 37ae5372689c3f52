"""During publishes, every worker follows at once and never goes back."""

from collections.abc import Iterator

import pytest

from tests.benchmarks.freshness import delays_of, described, measure, workers
from tests.differential.report import Tally
from tests.harness.standalone import Standalone

PUBLISHES = 20
#: Generous: machines that run tests are busy. The measured delays are in the summary.
SECONDS = 2.0


@pytest.fixture(scope="module")
def ports(plain: Standalone) -> Iterator[list[int]]:
    with workers(plain, 2) as found:
        yield found


async def test_every_worker_follows_and_none_goes_back(
    plain: Standalone, ports: list[int], tally: Tally
) -> None:
    """A client that reads two files of one publication must not get them from two."""
    readers, commits = await measure(plain, ports, PUBLISHES)
    tally.notes.append(f"freshness: {described(delays_of(readers, commits))}")
    for reader in readers:
        assert reader.newest == PUBLISHES
        assert not reader.steps_back()
        assert not reader.late(commits[reader.base_path], SECONDS)
