"""A permission that is taken away is refused by every worker, as soon as the API has said so."""

from pathlib import Path

from tests.differential.freshness import workers
from tests.pulp.access import Access
from tests.pulp.conftest import Pulp
from tests.pulp.withdrawals import KINDS, measure

ROUNDS, WORKERS = 3, 2


def test_what_is_taken_away_is_refused_by_every_worker(pulp: Pulp, folder: Path) -> None:
    with workers(pulp.instance, WORKERS) as ports:
        delays = measure(Access(pulp), ports, folder, ROUNDS)
    # How long that takes is for `python -m tests.pulp.withdrawals`: busy machines prove nothing.
    assert {name: len(each) for name, each in delays.items()} == dict.fromkeys(
        KINDS, ROUNDS * WORKERS
    )
