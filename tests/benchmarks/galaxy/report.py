"""The results for machines: docs/benchmarks/galaxy.json."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.benchmarks import machine
from tests.benchmarks.galaxy.content import OURS, THEIRS
from tests.benchmarks.galaxy.load import Round
from tests.benchmarks.galaxy.pulp import WORKERS
from tests.benchmarks.galaxy.results import FIGURES, Plan, Run


def write(run: Run, plan: Plan, facts: dict[str, Any], folder: Path) -> Path:
    """Write the file and return its path; `facts` are of the machine and of its programs."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "galaxy.json"
    file.write_text(json.dumps(_data(run, plan, facts), indent=1) + "\n", encoding="utf-8")
    return file


def _data(run: Run, plan: Plan, facts: dict[str, Any]) -> dict[str, Any]:
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {**machine.hardware(), **facts, "commit": machine.commit()},
        "plan": asdict(plan) | {"workers_of_each_kind": WORKERS},
        "servers": {name: _server(run, name) for name in run.rounds},
        "times_better_than_pulp_ansible": _ratios(run),
        "queries_by_versions_in_the_repository": run.growth,
    }


def _server(run: Run, name: str) -> dict[str, Any]:
    real = run.real.get(name)
    return {
        **{figure.key: run.value(name, figure) for figure in FIGURES},
        "errors": run.errors(name),
        "rounds": [_round(each) for each in run.rounds[name]],
        "ansible_galaxy_processes": asdict(real) if real else None,
        "requests": [asdict(each) for each in run.asked.get(name, [])],
    }


def _round(measured: Round) -> dict[str, Any]:
    return {
        "seconds": measured.seconds,
        **{figure.key: figure.value(measured) for figure in FIGURES},
        "errors": len(measured.errors),
    }


def _ratios(run: Run) -> dict[str, float | None] | None:
    if THEIRS not in run.rounds:
        return None
    return {figure.key: run.times_better(OURS, THEIRS, figure) for figure in FIGURES}
