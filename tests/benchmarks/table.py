"""The results for a terminal."""

import click

from tests.benchmarks.catalogue import GROUPS
from tests.benchmarks.contenders import Plan
from tests.benchmarks.goals import Run, goals
from tests.benchmarks.results import BYTES, P50, P99, REQUESTS, Metric, Results

_COLUMNS = ("requests/s", "MB/s", "p50 ms", "p99 ms", "RSS MB", "x stock", "x ceiling")
_WIDTH = 10


def show(run: Run, plan: Plan) -> None:
    for name, results in run.items():
        _show_group(name, results)
    _show_goals(run, plan)


def _show_group(name: str, results: Results) -> None:
    group = GROUPS[name]
    longest = max(map(len, results.outcomes))
    heading = "".join(f"{column:>{_WIDTH + 1}}" for column in _COLUMNS)
    click.secho(f"\n{group.title} (ratios: {group.metric.name})", bold=True)
    click.echo(" " * longest + heading)
    for contender in results.outcomes:
        problems = results.problems(contender)
        if problems:
            click.secho(f"{contender:<{longest}}  INVALID: {problems[0]}", fg="red", bold=True)
        else:
            click.echo(f"{contender:<{longest}}" + _figures(results, contender, group.metric))


def _figures(results: Results, name: str, metric: Metric) -> str:
    outcome = results.outcomes[name]
    contender = outcome.contender
    per_second = results.value(name, BYTES)
    figures = (
        results.value(name, REQUESTS),
        per_second and per_second / 1e6,
        results.value(name, P50),
        results.value(name, P99),
        max(measured.rss for measured in outcome.rounds) / 1e6,
        results.times_better(name, contender.stock, metric),
        results.times_better(name, contender.ceiling, metric),
    )
    return "".join(f" {short(figure):>{_WIDTH}}" for figure in figures)


def short(figure: float | None) -> str:
    """Return a figure with as many digits as it is worth."""
    if not figure:
        return "-"
    for least, digits in ((100, 0), (10, 1), (1, 2)):
        if figure >= least:
            return f"{figure:,.{digits}f}"
    return f"{figure:.3f}"


def _show_goals(run: Run, plan: Plan) -> None:
    every = goals(plan)
    longest = max(len(goal.text) for goal in every)
    click.secho("\nGoals", bold=True)
    for goal in every:
        value = goal.reached(run)
        text = f"  {goal.text:<{longest}}  {goal.wanted:>10}  "
        if value is None:
            click.secho(f"{text}not measured", dim=True)
        else:
            is_met = goal.is_met(value)
            said = f"{text}reached {short(value)} {goal.unit}" + ("" if is_met else ": MISSED")
            click.secho(said, fg="green" if is_met else "red")
