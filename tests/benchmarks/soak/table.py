"""The summary for a terminal."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import click

from tests.benchmarks.galaxy.load import percentile
from tests.benchmarks.soak.idle import IDLE
from tests.benchmarks.soak.rules import Run, is_excused, staleness
from tests.benchmarks.soak.samples import Period
from tests.benchmarks.soak.workers import CONNECTION, Usage
from tests.benchmarks.table import short

_WIDTH: Final = 12
_NAME: Final = 26
_MB: Final = 1e6
_MOST_LINES: Final = 12
#: A line of Pulp's log, below the name of its service: level and logger, and the message.
_LOGGED: Final = re.compile(
    r"(WARNING|ERROR|CRITICAL)\S*:? (.*)|(\w+(?:\.\w+)*(?:Error|Exception)): "
)


def show(run: Run, broken: Sequence[str]) -> None:
    _show_requests(run)
    _show_latency(run)
    _show_workers(run)
    _show_history(run)
    click.secho("\nRules", bold=True)
    for sentence in broken:
        click.secho(f"  BROKEN: {sentence}", fg="red")
    if not broken:
        click.secho("  all kept", fg="green")


def _show_requests(run: Run) -> None:
    _heading("Requests", ("all", "wrong", "excused", "longest s"), "statuses")
    for kind in (*run.honest, *run.loads, IDLE):
        samples = run.of_kind(kind)
        wrong = sum(bool(sample.wrong) for sample in samples)
        excused = sum(is_excused(run, sample) for sample in samples)
        longest = short(max((sample.seconds for sample in samples), default=None))
        statuses = Counter(sample.status for sample in samples)
        said = ", ".join(f"{count} x {status}" for status, count in statuses.most_common())
        _line(kind, (str(len(samples)), str(wrong), str(excused), longest), said)


def _show_latency(run: Run) -> None:
    columns = ("p50 alone", "p99 alone", "p50 during", "p99 during", "p99 ratio", "p99 after")
    _heading("Honest clients, in ms", (*columns, "in cuts", "p50 in cuts"))
    for kind in run.honest:
        figures = (
            *_both(run, kind, run.alone),
            *_both(run, kind, run.during),
            run.ratio(kind),
            run.milliseconds(kind, run.after, 99),
        )
        in_cuts = run.seconds_in_cuts(kind)
        middle = percentile(in_cuts, 50)
        milliseconds = None if middle is None else middle * 1000
        _line(kind, (*map(short, figures), str(len(in_cuts)), short(milliseconds)))


def _both(run: Run, kind: str, period: Period) -> tuple[float | None, float | None]:
    return run.milliseconds(kind, period, 50), run.milliseconds(kind, period, 99)


def _show_workers(run: Run) -> None:
    _heading("Content workers", ("before", "at peak", "after"))
    for pid, before in run.before.items():
        peak, left = run.peaks[pid], run.left.get(pid)
        columns = (
            _figures(before),
            (peak.rss / _MB, peak.descriptors, peak.threads, peak.tasks),
            _figures(left) if left else (None,) * 4,
        )
        names = ("RSS MB", "descriptors", "threads", "asyncio tasks")
        for name, *figures in zip(names, *columns, strict=True):
            _line(f"{pid} {name}", map(short, figures))
        if left:
            click.echo(f"  descriptors before {dict(before.descriptors)}")
            click.echo(f"  descriptors after  {dict(left.descriptors)}")
            others = {name: count for name, count in left.tasks.items() if name != CONNECTION}
            click.echo(f"  tasks after, without those of connections: {others}")
    _heading("Connections to PostgreSQL", ("before", "", "after"))
    for name in sorted({*run.connections_before, *run.connections_after}):
        counts = (each.get(name, 0) for each in (run.connections_before, run.connections_after))
        first, last = map(str, counts)
        _line(name[: _NAME - 1], (first, "", last))


def _figures(usage: Usage) -> tuple[float, ...]:
    descriptors = sum(usage.descriptors.values())
    return usage.rss / _MB, descriptors, usage.threads, sum(usage.tasks.values())


def _show_history(run: Run) -> None:
    history = run.history
    _heading("Faults", ("times", "p50 s", "longest s"))
    for name, count in run.faults.items():
        _line(name, (str(count), "", ""))
    for name, periods in (
        ("until all listen: restarts", history.outages),
        ("until all listen: cuts", history.cuts),
    ):
        seconds = [each.end - each.begin for each in periods]
        figures = (percentile(seconds, 50), max(seconds, default=None))
        _line(name, (str(len(seconds)), *map(short, figures)))
    stale = [seconds for seconds, _ in staleness(run)]
    worst = max(stale, default=None)
    _line("superseded answers", (str(len(stale)), short(percentile(stale, 50)), short(worst)))
    if history.failures:
        click.echo(f"  not done: {dict(Counter(each.text[:100] for each in history.failures))}")


def show_log(log: Path) -> None:
    """Count the warnings and errors that the instance logged, numbers aside."""
    counts: Counter[str] = Counter()
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        if found := _LOGGED.search(line):
            service = line.split("|")[0].split()[-1:]
            text = re.sub(r"[0-9a-f]{8,}|\d+", "N", found.group())
            counts[f"{' '.join(service)}: {text[:120]}"] += 1
    _heading("Log", ("lines",))
    for text, count in counts.most_common(_MOST_LINES):
        click.echo(f"{count:>8}  {text}")


def _heading(text: str, columns: Sequence[str], last: str = "") -> None:
    heading = "".join(f"{column:>{_WIDTH}}" for column in columns)
    click.secho(f"\n{text:<{_NAME}}{heading}  {last}".rstrip(), bold=True)


def _line(name: str, columns: Iterable[str], last: str = "") -> None:
    click.echo(f"{name:<{_NAME}}" + "".join(f"{each:>{_WIDTH}}" for each in columns) + f"  {last}")
