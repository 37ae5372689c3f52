"""Makes worlds from a seed."""

from collections.abc import Iterable
from random import Random

from tests.differential.dataset import World
from tests.differential.domain_maker import HOUR, START, DomainMaker


def random_world(seed: int, domains: Iterable[str], upstream: str) -> World:
    """Return the world of a seed; `upstream` is the URL (with a slash) of a server for content."""
    files: dict[str, bytes] = {}
    lost: set[str] = set()
    made = []
    for name in domains:
        maker = DomainMaker(name, Random(f"{seed}/{name}"), upstream)
        made.append(maker.made())
        files |= maker.files
        lost |= maker.lost
    random = Random(f"{seed}/mtimes")
    # Some files are older than their content units, some are newer, some times have no fraction.
    mtimes = {
        digest: START
        + random.choice((-700, -2, 3, 40, 700)) * HOUR
        + random.choice((0.0, 0.321099))
        for digest in files
    }
    return World(tuple(made), files, mtimes, frozenset(lost))
