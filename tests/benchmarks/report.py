"""The results for machines, and as figures: docs/benchmarks/results.json, and two SVG."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.benchmarks import machine, plot, summary
from tests.benchmarks.catalogue import GROUPS
from tests.benchmarks.contenders import Plan
from tests.benchmarks.goals import Goal, Run, goals


def write(run: Run, plan: Plan, busy: float, folder: Path) -> list[Path]:
    """Write all files and return their paths; no figures without the groups that they show."""
    folder.mkdir(parents=True, exist_ok=True)
    data = _data(run, plan, busy)
    written = {"results.json": json.dumps(data, indent=1) + "\n"}
    if {"4kib", "growth"} <= set(run):
        written |= {"results.svg": plot.picture(run), "summary.svg": summary.render_summary(data)}
    for name, text in written.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in written]


def _data(run: Run, plan: Plan, busy: float) -> dict[str, Any]:
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine.described() | {"busy_percent_before": busy},
        "plan": asdict(plan),
        "groups": {
            name: {
                "title": GROUPS[name].title,
                "ratios_of": GROUPS[name].metric.name,
                "rows": results.as_data(GROUPS[name].metric),
            }
            for name, results in run.items()
        },
        "goals": [_goal(goal, run) for goal in goals(plan)],
    }


def _goal(goal: Goal, run: Run) -> dict[str, Any]:
    value = goal.reached(run)
    return {
        "goal": goal.text,
        "limit": goal.limit,
        "is": "at most" if goal.at_most else "at least",
        "unit": goal.unit,
        "reached": value,
        "met": None if value is None else goal.is_met(value),
    }
