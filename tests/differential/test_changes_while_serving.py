"""After any change, ours soon answers as stock does, although it has answered before."""

import time
from collections.abc import Iterator

import pytest

from pulp_contentroutes.paths import CONTENT_PREFIX
from tests.differential.dataset import GUARD_HEADER
from tests.differential.random_requests import KEYS
from tests.differential.report import Tally
from tests.harness.http1 import STOCK_PREFIX, Answer, Connection, Request
from tests.harness.standalone import Standalone

PATHS = [
    f"changing/{name}/{path}"
    for name in ("one", "two")
    for path in ("x", "only-1", "only-2", "only-3", "only-4", "missing")
]
SECONDS = 10.0


@pytest.fixture
def stock(plain: Standalone) -> Iterator[Connection]:
    setting = {"CONTENTROUTES_ACCELERATE_CONTENT_PREFIX": "false"}
    with plain.further_content_app(**setting) as port, Connection(port) as connection:
        yield connection


@pytest.fixture
def ours(plain: Standalone) -> Iterator[Connection]:
    with Connection(plain.content_port) as connection:
        yield connection


def said(answer: Answer) -> tuple[int, bytes]:
    """Return the answer, with our words for the refusal of a guard (docs/differences.md)."""
    if answer.status == 403:
        return 403, b"403: Forbidden"
    return answer.status, answer.body


def answers(server: Connection, prefix: str, key: bool) -> dict[str, tuple[int, bytes]]:
    headers = ((GUARD_HEADER, KEYS[0]),) if key else ()
    return {path: said(server.ask(Request(prefix + path, headers=headers))) for path in PATHS}


def test_no_answer_outlives_a_change(
    plain: Standalone, stock: Connection, ours: Connection, tally: Tally
) -> None:
    """Above all a guard that was added: the content that it protects must not come from memory."""
    console = plain.console
    console.run("from tests.differential.django_changes import Changes; changes = Changes()")
    steps = console.run("print(*Changes.steps())").split()
    assert len(steps) > 10
    for step in steps:
        for prefix in (STOCK_PREFIX, CONTENT_PREFIX):
            answers(ours, prefix, key=False)
            answers(ours, prefix, key=True)
        console.run(f"changes.{step}()")
        changed = time.monotonic()
        for key in (False, True):
            expected = answers(stock, STOCK_PREFIX, key)
            for prefix in (STOCK_PREFIX, CONTENT_PREFIX):
                while (got := answers(ours, prefix, key)) != expected:
                    wrong = {path: got[path] for path in PATHS if got[path] != expected[path]}
                    right = {path: expected[path] for path in wrong}
                    assert time.monotonic() < changed + SECONDS, f"{step}: {wrong}, not {right}"
    tally.notes.append(f"changes: {len(steps)} kinds followed")
