"""The same question to Pulp's content app and to ours has the same answer, or a documented one."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.differential.comparison import Arena
from tests.differential.conftest import Place
from tests.differential.dataset import GUARD_HEADER
from tests.differential.differences import ROWS
from tests.differential.random_requests import (
    KEYS,
    Question,
    encoded,
    every_condition,
    every_path,
    known_paths,
    questions,
)
from tests.differential.report import Tally
from tests.harness.http1 import STOCK_PREFIX, Request

pytestmark = pytest.mark.domains

DOCUMENT = Path(__file__).parents[2] / "docs" / "differences.md"
PATHS, CONDITIONS, CHANCES = 150, 250, 250


def assert_like_stock(arena: Arena, asked: Sequence[Question]) -> None:
    assert asked
    arena.tally.forget_failures()
    for question in asked:
        arena.ask(question)
    assert not arena.tally.kinds, f"\n{arena.tally.failures()}"


def below(arena: Arena, path: str) -> str:
    """Return the suffix of a path in the first domain."""
    return (f"{arena.world.domains[0].name}/" if arena.has_domains else "") + encoded(path)


def test_the_world_is_in_pulp_as_it_was_made(arena: Arena) -> None:
    """Or no test here would prove anything: most paths must lead stock to the expected file."""
    domain = arena.world.domains[-1]
    prefix = STOCK_PREFIX + (f"{domain.name}/" if arena.has_domains else "")
    seen = wrong = 0
    for distribution in domain.distributions:
        paths = known_paths(domain, distribution)
        for path in Random(arena.seed).sample(paths, min(2, len(paths))):
            served = arena.oracles[domain.name].served(path)
            headers = ((GUARD_HEADER, KEYS[0]),)
            answer = arena.stock.ask(Request(prefix + encoded(path), headers=headers))
            if served is not None and answer.status == 200 and "etag" in answer.headers:
                seen += 1
                wrong += hashlib.sha256(answer.body).hexdigest() != served.sha256
    assert seen > 10
    assert wrong == 0


def test_every_path_of_the_world(arena: Arena) -> None:
    asked = list(every_path(arena.world, arena.has_domains))
    count = PATHS // 3 if arena.has_domains else PATHS
    assert_like_stock(arena, Random(arena.seed).sample(asked, min(count, len(asked))))


def test_every_corner(arena: Arena) -> None:
    """The paths on which stock and ours are known to differ, or where stock answers 500."""
    paths = (
        "overlap/passing/x", "overlap/passing/x/", "overlap/passing/sub/", "overlap/published/x",
        "overlap/passing/sub", "overlap/own/sub/", "overlap/own", "overlap/plain/sub",
        "overlap/plain/x", "chance-0/explicit", "chance-0/version/", "chance-1/version/",
        "chance-2/version/", "ambiguous/both/twice", "ambiguous/one/twice", "ambiguous/plain/twice",
        "up/passing/lost.bin", "up/passing/live.bin", "up/pull/live.bin", "up/passing/dead.bin",
        "grace/repository/v1", "grace/repository/v2", "grace/orphan/v1", "grace/orphan/v0",
        "grace/none/v1", "bare/unpublished/only.txt", "bare/plain/only.txt", "void/x", "void",
    )  # fmt: skip
    spellings = (
        "void/%00", "sizes/size/1.bin%00", "void/%ff", "sizes/size/1.bin%", "sizes/%2e%2e/x",
        "sizes//size/1.bin", "sizes/" + "a" * 5000, "sizes%2Fsize%2f1.bin",
        "odd+base%2520/%C3%BC&;=",
    )  # fmt: skip
    domain = arena.world.domains[0].name
    empty = Question(domain, below(arena, "sizes/size/0.bin"), headers=(("Range", "bytes=-5"),))
    suffixes = [below(arena, path) for path in paths]
    suffixes += [below(arena, "") + spelling for spelling in spellings]
    suffixes += [
        below(arena, path)
        for distribution in arena.world.domains[0].distributions
        for path in known_paths(arena.world.domains[0], distribution)
        if distribution.base_path in ("check/points", "overlap/version") and path.endswith("/")
    ][:20]
    asked = [empty, *(Question(domain, suffix) for suffix in suffixes)]
    key = ((GUARD_HEADER, KEYS[0]),)
    asked += [
        Question(domain, below(arena, path), headers=key)
        for distribution in arena.world.domains[0].distributions
        for path in known_paths(arena.world.domains[0], distribution)
        if distribution.guarded
    ]
    count = len(asked) // 3 if arena.has_domains else len(asked)
    assert_like_stock(arena, Random(arena.seed).sample(asked, count))


def test_a_plugin_that_answers_its_own_way_is_asked(arena: Arena) -> None:
    """A row of a table cannot express this: stock's answer is pulp_python's own, and so is ours."""
    suffix = below(arena, "packages/published/pypi/shelf-reader/json")
    assert_like_stock(arena, [Question(arena.world.domains[0].name, suffix)])
    answer = arena.stock.ask(Request(STOCK_PREFIX + suffix))
    assert answer.status == 200, answer
    assert json.loads(answer.body)["info"]["name"] == "shelf_reader"


def test_every_condition_on_one_file(arena: Arena) -> None:
    size = 100 if arena.has_domains else 4096
    suffix = below(arena, f"sizes/size/{size}.bin")
    asked = list(every_condition(suffix, arena.world.domains[0].name))
    count = CONDITIONS // 3 if arena.has_domains else CONDITIONS
    assert_like_stock(arena, Random(arena.seed).sample(asked, min(count, len(asked))))


def test_chance(arena: Arena) -> None:
    @seed(arena.seed)
    @settings(
        # With domains only the first segment of a path differs.
        max_examples=CHANCES // 3 if arena.has_domains else CHANCES,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(question=questions(arena.world, arena.has_domains))
    def ask(question: Question) -> None:
        arena.ask(question)

    arena.tally.forget_failures()
    ask()
    assert not arena.tally.kinds, f"\n{arena.tally.failures()}"


@pytest.mark.domains(False)
@pytest.mark.parametrize(
    "values",
    [
        {"DISTRIBUTED_PUBLICATION_RETENTION_PERIOD": "0"},
        pytest.param({"HIDE_GUARDED_DISTRIBUTIONS": "true"}, marks=pytest.mark.exhaustive),
        pytest.param({"REMOTE_CONTENT_FETCH_FAILURE_COOLDOWN": "0"}, marks=pytest.mark.exhaustive),
    ],
    ids=lambda values: next(iter(values)),
)
def test_a_setting_of_pulp_changes_both_answers(place: Place, values: dict[str, str]) -> None:
    retains = values.get("DISTRIBUTED_PUBLICATION_RETENTION_PERIOD") != "0"
    every = list(every_path(place.world, place.has_domains))
    with (
        place.instance.further_content_app(**values) as our_port,
        place.open(our_port, retains=retains, **values) as arena,
    ):
        graces = ("repository/v1", "repository/v2", "orphan/v1", "orphan/v0", "none/v1")
        suffixes = [below(arena, f"grace/{path}") for path in graces] + [below(arena, "")]
        asked = [Question(place.world.domains[0].name, suffix) for suffix in suffixes]
        assert_like_stock(arena, asked + Random(place.seed).sample(every, 40))


OWN_VALIDATORS = (
    ("If-None-Match", "{own}"),
    ("If-Match", "{own}"),
    ("If-Modified-Since", "{own-date}"),
    ("If-Unmodified-Since", "{own-date}"),
)


@pytest.mark.parametrize(
    ("name", "value"), OWN_VALIDATORS, ids=lambda value: str(value).strip("{}")
)
@pytest.mark.parametrize("size", [0, 1, 4096])
def test_a_server_knows_its_own_validators(arena: Arena, name: str, value: str, size: int) -> None:
    """Asked with its own validators, ours gives the status that stock gives."""
    suffix = below(arena, f"sizes/size/{size}.bin")
    question = Question(arena.world.domains[0].name, suffix, headers=((name, value),))
    stock, ours = arena.own_statuses(question)
    assert set(ours) == {stock}


def test_every_difference_is_documented() -> None:
    rows = [line.split(" | ") for line in DOCUMENT.read_text().splitlines()]
    documented = {row[0].removeprefix("| ") for row in rows if len(row) > 2}
    assert not {row.name for row in ROWS} - documented


def test_every_row_of_the_table_is_needed(tally: Tally) -> None:
    """Runs last. A row that explains nothing would hide the next difference."""
    if tally.compared < 3500:
        pytest.skip("only where all the questions were asked")
    assert not {row.name for row in ROWS} - {name for name, _ in tally.rows}
