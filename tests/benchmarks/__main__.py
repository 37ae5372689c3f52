"""`python -m tests.benchmarks`: the plugin's performance on this machine."""

import shutil
import sys
from contextlib import ExitStack
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import click

from pulp_contentroutes.standalone import configuration
from tests.benchmarks import report, session, table
from tests.benchmarks.catalogue import GROUPS
from tests.benchmarks.contenders import Plan, compete
from tests.benchmarks.results import Results
from tests.benchmarks.session import Say
from tests.benchmarks.site import Site

_QUICK: Final = Plan(
    seconds=1, rounds=2, stock_seconds=4, first_requests=10_000, sizes=(1_000, 10_000)
)
_FULL: Final = Plan(
    seconds=3,
    rounds=3,
    stock_seconds=10,
    first_requests=60_000,
    sizes=(1_000, 10_000, 100_000, 1_000_000),
)


def _groups_help() -> str:
    longest = max(map(len, GROUPS))
    lines = (f"  {name:<{longest}}  {group.title}" for name, group in GROUPS.items())
    return "\b\nGroups:\n" + "\n".join(lines)


@click.command(
    context_settings={"max_content_width": 100},
    help=f"""Measure the plugin beside stock Pulp, plain aiohttp and nginx, by turns in one run.

It starts its own Pulp, PostgreSQL, Redis and nginx on loopback in a temporary folder, one worker
for each content app, and ends and removes all of it; Ctrl-C does the same. Nothing else should run
meanwhile. Look at the ratios: absolute numbers are those of this machine at this moment.

{_groups_help()}

A full run takes 20 minutes, 5 GB of disk and 3 GB of memory, and writes
docs/benchmarks/results.json and results.svg. For a quick look: --quick, or --only 4kib.

The exit code is 1 when a measurement is invalid, because an answer was not the expected one. Missed
goals do not change it.
""",
)
@click.option("--quick", is_flag=True, help="Short rounds and small repositories: four minutes.")
@click.option(
    "--only",
    multiple=True,
    type=click.Choice(list(GROUPS)),
    metavar="NAME",
    help="Only this group of measurements; may be repeated.",
)
@click.option(
    "--seconds",
    type=click.IntRange(1, 60),
    help=f"Length of each measurement.  [default: {_FULL.seconds}, with --quick {_QUICK.seconds}]",
)
@click.option(
    "--rounds",
    type=click.IntRange(1, 20),
    help=f"Turns; the median counts.  [default: {_FULL.rounds}, with --quick {_QUICK.rounds}]",
)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the two files.  [default: docs/benchmarks after a full run, else none]",
)
def main(
    quick: bool,
    only: tuple[str, ...],
    seconds: int | None,
    rounds: int | None,
    output: Path | None,
) -> None:
    _check_programs()
    preset = _QUICK if quick else _FULL
    plan = replace(
        preset,
        seconds=seconds or preset.seconds,
        rounds=rounds or preset.rounds,
        stock_seconds=max(seconds or 0, preset.stock_seconds),
    )
    session.exit_on_stop_signals()
    say = session.narrator()
    busy = session.measured_busy(say)
    run: dict[str, Results] = {}
    try:
        with session.temporary_folder() as folder, ExitStack() as stack:
            try:
                _measure(Site(folder, stack, say), plan, only or tuple(GROUPS), run, say)
            finally:
                session.begin_stopping(say)
    finally:
        # Also after Ctrl-C: complete groups are worth keeping.
        if run:
            table.show(run, plan)
    if output or not (quick or only):
        for file in report.write(run, plan, busy, output or session.DOCS):
            click.echo(f"Written: {file}")
    invalid = [
        name for results in run.values() for name in results.outcomes if results.problems(name)
    ]
    if invalid:
        click.secho(f"INVALID measurements: {'; '.join(invalid)}", fg="red", bold=True, err=True)
        sys.exit(1)


def _measure(
    place: Site, plan: Plan, names: tuple[str, ...], run: dict[str, Results], say: Say
) -> None:
    """Put the results of each group into `run` once it is complete."""
    for name in names:
        say(f"measuring {name}: {GROUPS[name].title}")
        contenders = GROUPS[name].contenders(place, plan)
        run[name] = Results.of(compete(contenders, plan, say))


def _check_programs() -> None:
    missing = [name for name in ("wrk", "redis-server") if shutil.which(name) is None]
    missing += [] if configuration.find_nginx() else ["nginx"]
    if missing:
        raise click.ClickException(f"install the Debian packages {', '.join(missing)} first.")
    if find_spec("uvloop") is None:
        raise click.ClickException("install uvloop first: pip install uvloop.")


if __name__ == "__main__":
    main(prog_name="python -m tests.benchmarks")
