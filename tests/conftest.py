"""For every test that runs an event loop: a blocking call in it is an error."""

from collections.abc import Iterator

import pytest
from blockbuster import BlockBuster, blockbuster_ctx


@pytest.fixture(autouse=True)
def no_blocking_calls() -> Iterator[BlockBuster]:
    with blockbuster_ctx("pulp_contentroutes") as blockbuster:
        # asyncpg looks for a password file, once for each new connection.
        for name in ("os.stat", "io.BufferedReader.read", "io.TextIOWrapper.read"):
            blockbuster.functions[name].can_block_in(
                "asyncpg/connect_utils.py", {"_read_password_file"}
            )
        yield blockbuster
