"""For every test that runs an event loop: a blocking call in it is an error."""

from collections.abc import Iterator

import pytest
from blockbuster import BlockBuster, blockbuster_ctx


@pytest.fixture(autouse=True)
def no_blocking_calls() -> Iterator[BlockBuster]:
    with blockbuster_ctx("pulp_contentroutes") as blockbuster:
        yield blockbuster
