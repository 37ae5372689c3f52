"""The rules of the soak: each of them can be broken, and a faultless run keeps them all."""

from dataclasses import replace
from typing import Any

import pytest

from tests.benchmarks.soak.faults import History
from tests.benchmarks.soak.idle import IDLE
from tests.benchmarks.soak.publisher import make_contents, read_number
from tests.benchmarks.soak.rules import Run, find_broken
from tests.benchmarks.soak.samples import BROKEN, Period, Sample
from tests.benchmarks.soak.site import PUBLISHED, REPLACED
from tests.benchmarks.soak.workers import CONNECTION, Peak, Usage

SMALL = "small files"
FLOOD = "missing paths"
USAGE = Usage(100 * 2**20, 4, {"Listener.run": 1, CONNECTION: 6}, {"sockets": 12, "others": 9})
ALONE, DURING, AFTER = Period(0, 10), Period(10, 110), Period(110, 120)
OUTAGE = Period(50, 53)
HISTORY = History(
    outages=[OUTAGE],
    cuts=[Period(20, 20.2)],
    replacements=[Period(30, 30.5, "truncate"), Period(40, 40.5, "rename")],
    commits={0: 0.0, 1: 60.0, 2: 70.0},
)
FAULTLESS = Run(
    alone=ALONE,
    during=DURING,
    after=AFTER,
    samples=[
        *(Sample(kind, at, 0.01, "200") for kind in (SMALL, REPLACED) for at in (1, 15, 111)),
        *(Sample(PUBLISHED, at, 0.01, "200", number=number) for at, number in ((1, 0), (80, 2))),
        Sample(FLOOD, 20, 0.01, "404"),
        Sample(IDLE, 10, 100, "200"),
    ],
    honest=[SMALL, PUBLISHED, REPLACED],
    loads={FLOOD: frozenset({404})},
    idle=1,
    history=HISTORY,
    faults={"publish": 2},
    before={1: USAGE},
    peaks={1: Peak(sockets=12)},
    left={1: USAGE},
    ended_workers=[],
    connections_before={"pulp_contentroutes": 4},
    connections_after={"pulp_contentroutes": 8},
)


def add(*samples: Sample) -> list[str]:
    """Return the broken rules of a run in which these requests were answered, too."""
    return find_broken(replace(FAULTLESS, samples=[*FAULTLESS.samples, *samples]))


def leave(**values: Any) -> list[str]:
    """Return the broken rules when a worker has these values at the end."""
    return find_broken(replace(FAULTLESS, left={1: replace(USAGE, **values)}))


def test_a_faultless_run_breaks_no_rule() -> None:
    assert find_broken(FAULTLESS) == []


@pytest.mark.parametrize("kind", [SMALL, FLOOD, IDLE])
@pytest.mark.parametrize("at", [20, 51])
def test_wrong_bytes_are_never_excused(kind: str, at: float) -> None:
    assert add(Sample(kind, at, 0.01, "200", "other bytes"))


@pytest.mark.parametrize("status", ["500", "502", f"{BROKEN}: IncompleteRead"])
def test_an_error_of_an_honest_client_is_excused_by_an_outage_alone(status: str) -> None:
    assert add(Sample(SMALL, 51, 0.01, status)) == []
    assert add(Sample(SMALL, 49.5, 1, status)) == []
    assert add(Sample(SMALL, 54, 0.01, status))
    assert add(Sample(SMALL, 20.1, 0.01, status))


@pytest.mark.parametrize("status", ["404", "401", "304"])
def test_nobody_is_told_in_an_outage_that_a_file_is_not_there(status: str) -> None:
    assert add(Sample(SMALL, 51, 0.01, status))


def test_a_damaged_file_may_be_an_error_until_it_is_healed() -> None:
    for at in (30.1, 31.2):
        assert add(Sample(REPLACED, at, 0.01, "500")) == []
        assert add(Sample(SMALL, at, 0.01, "500"))
    assert add(Sample(REPLACED, 32, 0.01, "500"))
    # A rename replaces the whole file at once.
    assert add(Sample(REPLACED, 40.1, 0.01, "500"))


@pytest.mark.parametrize(
    ("at", "number", "is_fresh"),
    [(60.9, 0, True), (61.1, 0, False), (59, 0, True), (70.5, 1, True), (71.5, 1, False)],
)
def test_an_answer_is_late_a_second_after_a_newer_commit(
    at: float, number: int, is_fresh: bool
) -> None:
    assert (add(Sample(PUBLISHED, at, 0.01, "200", number=number)) == []) == is_fresh


@pytest.mark.parametrize("status", ["200", "500", f"{BROKEN}: ServerDisconnectedError"])
def test_a_flood_gets_its_refusal_alone(status: str) -> None:
    assert add(Sample(FLOOD, 20, 0.01, status))


def test_an_idle_reader_is_not_given_up_early() -> None:
    assert add(Sample(IDLE, 10, 60, f"{BROKEN}: nothing received"))


def test_honest_clients_wait_at_most_three_times_as_long() -> None:
    # A single slow sample may be among the slowest hundredth, or not.
    fast = [Sample(SMALL, 20, 0.01, "200")] * 300
    assert add(*fast, Sample(SMALL, 30, 0.5, "200")) == []
    assert add(*[Sample(SMALL, 30, 0.05, "200")] * 30)
    assert add(*fast, *[Sample(SMALL, 51, 0.5, "200")] * 30) == []


def test_an_outage_is_no_excuse_for_a_wait_without_end() -> None:
    assert add(Sample(SMALL, 51, 9, "500")) == []
    assert add(Sample(SMALL, 51, 48, "200"))
    assert add(Sample(SMALL, 51, 60, f"{BROKEN}: TimeoutError"))


@pytest.mark.parametrize(
    "values",
    [
        {"rss": USAGE.rss + 100 * 2**20},
        {"threads": 20},
        {"tasks": {"Listener.run": 1, "leaked": 3}},
        {"tasks": {CONNECTION: 400}},
        {"descriptors": {"sockets": 400}},
        {"descriptors": {"others": 10}},
        {"descriptors": {"artifacts": 257}},
        {"descriptors": {"deleted artifacts": 1}},
    ],
)
def test_nothing_is_left_in_a_worker(values: dict[str, Any]) -> None:
    assert leave(**values)


def test_a_load_that_never_ran_proves_nothing() -> None:
    assert find_broken(replace(FAULTLESS, faults={"publish": 0}))
    assert find_broken(replace(FAULTLESS, idle=400))
    assert find_broken(replace(FAULTLESS, loads={**FAULTLESS.loads, "deep paths": frozenset()}))


def test_a_worker_that_ended_is_told() -> None:
    assert find_broken(replace(FAULTLESS, ended_workers=[1], left={}))


def test_what_failed_outside_an_outage_is_told() -> None:
    for begin, is_told in ((20.0, True), (52.0, False)):
        failed = replace(HISTORY, failures=[Period(begin, begin + 0.1, "publish: refused")])
        assert bool(find_broken(replace(FAULTLESS, history=failed))) == is_told


def test_published_bytes_are_those_of_one_publication() -> None:
    first, second = (make_contents("small.txt", number) for number in (1, 2))
    assert read_number("small.txt", first) == 1
    assert read_number("small.txt", first[:2000] + second[2000:]) is None
    assert read_number("small.txt", first[:-1]) is None
    assert read_number("large.bin", first) is None
