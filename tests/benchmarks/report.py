"""The results for machines, and as a picture: docs/benchmarks/results.json and results.svg."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.benchmarks import machine, plot
from tests.benchmarks.catalogue import GROUPS
from tests.benchmarks.contenders import Plan
from tests.benchmarks.goals import Goal, Run, goals


def write(run: Run, plan: Plan, busy: float, folder: Path) -> list[Path]:
    """Write both files and return their paths; no picture without the groups that it shows."""
    folder.mkdir(parents=True, exist_ok=True)
    written = [folder / "results.json"]
    written[0].write_text(json.dumps(_data(run, plan, busy), indent=1) + "\n", encoding="utf-8")
    if {"4kib", "growth"} <= set(run):
        written.append(folder / "results.svg")
        written[1].write_text(plot.picture(run), encoding="utf-8")
    return written


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
