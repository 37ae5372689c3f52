"""Whatever is changed, ours soon answers as stock does, although it has answered before."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pulp_contentroutes.paths import CONTENT_PREFIX
from tests.differential.arena import STOCK_PREFIX
from tests.differential.asking import Answer, Request, Server
from tests.differential.questions import KEYS
from tests.differential.tally import Tally
from tests.differential.world import GUARD_HEADER
from tests.pulp.standalone import PROGRAM, Standalone

CHANGER = Path(__file__).with_name("django_changes.py")
PATHS = [
    f"changing/{name}/{path}"
    for name in ("one", "two")
    for path in ("x", "only-1", "only-2", "only-3", "only-4", "missing")
]
SECONDS = 10.0


@pytest.fixture
def changer(plain_instance: Standalone) -> Iterator[subprocess.Popen[str]]:
    """A process that changes something for each line it gets."""
    code = f"import runpy; runpy.run_path({str(CHANGER)!r}, run_name='changes')"
    with subprocess.Popen(
        [
            PROGRAM,
            "manage",
            "--data",
            str(plain_instance.data),
            "shell",
            "--no-imports",
            "-c",
            code,
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process


@pytest.fixture
def stock(plain_instance: Standalone) -> Iterator[Server]:
    setting = {"CONTENTROUTES_ACCELERATE_CONTENT_PREFIX": "false"}
    with plain_instance.further_content_app(**setting) as port:
        server = Server("Pulp", port)
        yield server
        server.close()


@pytest.fixture
def ours(plain_instance: Standalone) -> Iterator[Server]:
    server = Server("ours", plain_instance.content_port)
    yield server
    server.close()


def said(answer: Answer) -> tuple[int, bytes]:
    """Return the answer, with our words for what a guard refuses (docs/differences.md)."""
    if answer.status == 403:
        return 401, b"401: Unauthorized"
    return answer.status, answer.body


def answers(server: Server, prefix: str, key: bool) -> dict[str, tuple[int, bytes]]:
    headers = ((GUARD_HEADER, KEYS[0]),) if key else ()
    return {path: said(server.ask(Request(prefix + path, headers=headers))) for path in PATHS}


def test_no_answer_outlives_a_change(
    changer: subprocess.Popen[str], stock: Server, ours: Server, tally: Tally
) -> None:
    """Above all a guard that was added: what it protects must not come from memory."""
    assert changer.stdin
    assert changer.stdout
    steps = changer.stdout.readline().split()
    for step in steps:
        for prefix in (STOCK_PREFIX, CONTENT_PREFIX):
            answers(ours, prefix, key=False)
            answers(ours, prefix, key=True)
        changer.stdin.write("\n")
        changer.stdin.flush()
        assert changer.stdout.readline().strip() == step
        changed = time.monotonic()
        for key in (False, True):
            expected = answers(stock, STOCK_PREFIX, key)
            for prefix in (STOCK_PREFIX, CONTENT_PREFIX):
                while (got := answers(ours, prefix, key)) != expected:
                    wrong = {path: got[path] for path in PATHS if got[path] != expected[path]}
                    right = {path: expected[path] for path in wrong}
                    assert time.monotonic() < changed + SECONDS, f"{step}: {wrong}, not {right}"
    tally.notes.append(f"changes: {len(steps)} kinds followed")
