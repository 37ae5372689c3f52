"""The results for a terminal."""

from collections.abc import Iterable, Sequence

import click

from tests.benchmarks.galaxy.content import OURS, THEIRS
from tests.benchmarks.galaxy.queries import Asked
from tests.benchmarks.galaxy.results import FIGURES, Plan, Run
from tests.benchmarks.table import short

_WIDTH = 15
_LONGEST_NAME = 26
_MOST_ERRORS = 3


def show(run: Run, plan: Plan) -> None:
    if run.rounds:
        _show_rounds(run, plan)
    if run.real:
        _show_real(run, plan)
    for name, asked in run.asked.items():
        _show_queries(name, asked)
    if run.growth:
        _show_growth(run)


def _show_rounds(run: Run, plan: Plan) -> None:
    wanted = plan.wanted
    _heading(
        f"{plan.clients} clients at once install {wanted.collection} ({wanted.versions} versions) "
        f"and a dependency through nginx: medians of {plan.rounds} rounds by turns"
    )
    has_both = {OURS, THEIRS} <= set(run.rounds)
    _line("", [*run.rounds, *(["ours is better"] if has_both else [])])
    for figure in FIGURES:
        columns = [short(run.value(name, figure)) for name in run.rounds]
        ratio = run.times_better(OURS, THEIRS, figure) if has_both else None
        _line(figure.name, [*columns, *([f"{short(ratio)}x"] if ratio else [])])
    errors = {
        name: [error for each in run.rounds[name] for error in each.errors] for name in run.rounds
    }
    _line("failed installs", [str(len(each)) for each in errors.values()])
    for each in errors.values():
        _show_errors(each)


def _show_errors(errors: Sequence[str]) -> None:
    for error in errors[:_MOST_ERRORS]:
        click.secho(f"  ERROR: {error}", fg="red")


def _show_real(run: Run, plan: Plan) -> None:
    _heading(f"{plan.processes} real ansible-galaxy processes at once, each with a home of its own")
    for name, together in run.real.items():
        _line(name, [f"{together.seconds:.1f} s", f"{len(together.errors)} failed"])
        _show_errors(together.errors)


def _show_queries(name: str, asked: Sequence[Asked]) -> None:
    _heading(f"Requests of a cold install from {name}, and their SQL queries in the API")
    paths = [_shortened(each.path, asked[0].path) for each in asked]
    longest = max(map(len, paths))
    _row(longest, "", ("status", "ms alone", "bytes", "queries", "asked again"))
    for each, path in zip(asked, paths, strict=True):
        _row(longest, path, (each.status, short(each.alone_ms), *_counted(each)))
    columns = zip(*((each.alone_ms, *_counted(each)) for each in asked), strict=True)
    milliseconds, *totals = (sum(value or 0 for value in column) for column in columns)
    _row(longest, f"all {len(asked)}", ("", short(milliseconds), *totals))


def _counted(asked: Asked) -> tuple[int | None, ...]:
    return asked.bytes, asked.queries, asked.again


def _row(longest: int, path: str, values: Sequence[object]) -> None:
    text = "".join(f"{'-' if value is None else value:>{_WIDTH}}" for value in values)
    click.echo(f"{path:<{longest}}{text}")


def _shortened(path: str, server: str) -> str:
    """Return the part after the name of the distribution, which stands at the end of `server`."""
    before, name, after = path.partition(server.strip("/").rpartition("/")[2])
    # The test client does not see the queries of the content app.
    where = "content app: " if "/content/" in before and "/api/" not in before else ""
    return f"{where}…{after}" if name else path


def _show_growth(run: Run) -> None:
    assert run.growth
    _heading("SQL queries of tasks of ours, by the number of versions in the repository")
    _line("", [f"{size:,}" for size in run.growth])
    for what in ("distribution", "publish"):
        _line(f"a new {what}", [str(counts[what]) for counts in run.growth.values()])


def _heading(text: str) -> None:
    click.secho(f"\n{text}", bold=True)


def _line(name: str, columns: Iterable[str]) -> None:
    click.echo(f"{name:<{_LONGEST_NAME}}" + "".join(f"{column:>{_WIDTH}}" for column in columns))
