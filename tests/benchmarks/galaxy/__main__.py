"""`python -m tests.benchmarks.galaxy`: many clients of a private Galaxy, beside pulp_ansible."""

import dataclasses
import sys
from contextlib import ExitStack
from pathlib import Path

import click

from pulp_contentroutes.standalone import configuration
from tests.benchmarks import session
from tests.benchmarks.galaxy import environment, pulp, report, table
from tests.benchmarks.galaxy.content import COLLECTION
from tests.benchmarks.galaxy.environment import Environment
from tests.benchmarks.galaxy.load import Wanted
from tests.benchmarks.galaxy.measuring import Measuring
from tests.benchmarks.galaxy.results import Plan, Run
from tests.benchmarks.session import Say

_FULL = Plan(Wanted(COLLECTION, 200), clients=64, rounds=5, processes=8)
_QUICK = Plan(Wanted(COLLECTION, 20), clients=8, rounds=2, processes=2)


def _default(full: int, quick: int) -> str:
    return f"[default: {full}, with --quick {quick}]"


@click.command(
    context_settings={"max_content_width": 100},
    help=f"""Measure cold installs by many clients at once, ours beside pulp_ansible's.

One Pulp has both plugins, pulp_ansible in version {environment.VERSION}: the same nginx,
{pulp.WORKERS} API and {pulp.WORKERS} content workers, database and tarballs, asked by turns. Each
client sends the requests of `ansible-galaxy collection install` (ansible-core 2.19) with an empty
cache, from discovery to the tarballs of a collection and of its dependency, each over a new
connection. The clients run on this machine, too, and are anonymous: for that, pulp_ansible's access
policies are turned off.

pulp_ansible gets an environment of its own below .cache. Its migrations need the Debian package
postgresql, because the PostgreSQL of the wheel has no ICU. Everything runs on loopback in a
temporary folder, and is ended and removed at the end; Ctrl-C does the same. Nothing else should run
meanwhile. Look at the ratios: absolute numbers are those of this machine at this moment.

A full run, with --growth, takes some 15 minutes and writes docs/benchmarks/galaxy.json. The exit
code is 1 when an install failed.
""",
)
@click.option("--quick", is_flag=True, help="Few clients, versions and rounds.")
@click.option(
    "--clients",
    type=click.IntRange(1, 256),
    help=f"Clients that install at once.  {_default(_FULL.clients, _QUICK.clients)}",
)
@click.option(
    "--versions",
    type=click.IntRange(1, 2000),
    help=f"Versions of the collection.  {_default(_FULL.wanted.versions, _QUICK.wanted.versions)}",
)
@click.option(
    "--rounds",
    type=click.IntRange(1, 20),
    help=f"Turns; the median counts.  {_default(_FULL.rounds, _QUICK.rounds)}",
)
@click.option(
    "--processes",
    type=click.IntRange(0, 64),
    help="Processes of the real ansible-galaxy that install at once; 0: none.  "
    + _default(_FULL.processes, _QUICK.processes),
)
@click.option("--without-pulp-ansible", is_flag=True, help="Measure ours alone.")
@click.option("--growth", is_flag=True, help="Count queries of changes to large repositories, too.")
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of galaxy.json.  [default: docs/benchmarks after a full run, else none]",
)
def main(
    quick: bool, without_pulp_ansible: bool, growth: bool, output: Path | None, **given: int | None
) -> None:
    plan = _plan(_QUICK if quick else _FULL, **given)
    if configuration.find_nginx() is None:
        raise click.ClickException("install the Debian package nginx first.")
    session.exit_on_stop_signals()
    say = session.narrator()
    programs = _programs(without_pulp_ansible, say)
    facts = {"busy_percent_before": session.measured_busy(say), **programs.facts()}
    run = Run()
    try:
        with session.temporary_folder() as folder, ExitStack() as stack:
            try:
                say("starting a Pulp")
                variables = environment.importer_settings(folder)
                running = pulp.running(folder / "data", programs, variables)
                instance = stack.enter_context(running)
                Measuring(instance, plan, folder, say).into(run, growth)
            finally:
                session.begin_stopping(say)
    finally:
        # Also after Ctrl-C: complete tables are worth keeping.
        table.show(run, plan)
    is_full = plan == _FULL and growth and not without_pulp_ansible
    if output or is_full:
        click.echo(f"Written: {report.write(run, plan, facts, output or session.DOCS)}")
    if any(run.errors(name) for name in run.rounds):
        sys.exit(1)


def _plan(preset: Plan, versions: int | None, **given: int | None) -> Plan:
    """Return a preset in which values that are `given` replace its own."""
    wanted = Wanted(COLLECTION, versions or preset.wanted.versions)
    changes = {name: value for name, value in given.items() if value is not None}
    return dataclasses.replace(preset, wanted=wanted, **changes)


def _programs(without_pulp_ansible: bool, say: Say) -> Environment:
    if without_pulp_ansible:
        return environment.ours_alone()
    try:
        return environment.with_pulp_ansible(say)
    except environment.NoPulpAnsible as error:
        raise click.ClickException(f"{error} (or give --without-pulp-ansible)") from error


if __name__ == "__main__":
    main(prog_name="python -m tests.benchmarks.galaxy")
