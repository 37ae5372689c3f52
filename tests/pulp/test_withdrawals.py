"""A permission that is taken away is refused by every worker, as soon as the API has said so."""

from tests.benchmarks.freshness import workers
from tests.benchmarks.withdrawals import KINDS, measure
from tests.harness.pulp import Pulp

ROUNDS, WORKERS = 3, 2


def test_what_is_taken_away_is_refused_by_every_worker(pulp: Pulp) -> None:
    with workers(pulp.instance, WORKERS) as ports:
        delays = measure(pulp, ports, ROUNDS)
    # tests/benchmarks/withdrawals.py measures the delays: busy machines prove nothing.
    assert {name: len(each) for name, each in delays.items()} == dict.fromkeys(
        KINDS, ROUNDS * WORKERS
    )
