"""Counts of the comparisons, for the summary at the end of a run, and the failures."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.differential.cases import IGNORED, ROUTE, Case
from tests.differential.verdicts import Verdict
from tests.harness.http1 import Answer

_MOST_REPORTS = 12


@dataclass
class Tally:
    compared: int = 0
    identical: int = 0
    unexplained: int = 0
    #: Counts by name and prefix.
    rows: Counter[tuple[str, str]] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    #: One report for each kind of failure, with how often it was seen.
    reports: dict[str, str] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)

    def count(self, case: Case, verdict: Verdict, nth: int) -> None:
        self.compared += 1
        self.identical += not verdict.differing and not verdict.faults
        self.rows.update((name, case.where) for name in verdict.explained)
        if not verdict.is_good:
            self.unexplained += 1
            kind = _kind(case, verdict)
            self.kinds[kind] += 1
            self.reports.setdefault(kind, report(case, verdict, nth))

    def forget_failures(self) -> None:
        """Start anew with the failures of another test; the counts stay."""
        self.reports.clear()
        self.kinds.clear()

    def failures(self) -> str:
        """Return readable reports, the most frequent first."""
        lines = []
        for kind, times in self.kinds.most_common(_MOST_REPORTS):
            lines.append(f"---- {times} x {kind}\n{self.reports[kind]}")
        if len(self.kinds) > _MOST_REPORTS:
            lines.append(f"---- and {len(self.kinds) - _MOST_REPORTS} more kinds")
        return "\n".join(lines)

    def lines(self) -> Iterator[str]:
        yield f"{self.compared} comparisons, {self.identical} identical"
        totals: Counter[str] = Counter()
        for (name, _), times in self.rows.items():
            totals[name] += times
        for name, times in totals.most_common():
            of_route = self.rows[name, ROUTE]
            yield f"{times:7} explained: {name} ({of_route} of them on the content route)"
        yield f"{self.unexplained:7} unexplained"
        yield from self.notes


def _kind(case: Case, verdict: Verdict) -> str:
    names = sorted({name for name, _ in case.asked.headers})
    about = "file" if case.file else "no file"
    statuses = f"{case.stock.status} -> {case.ours.status}"
    wrong = sorted(verdict.unexplained) or [fault.split(" is ")[0] for fault in verdict.faults]
    return f"{case.where} {case.asked.method} {about} {statuses} {names} {wrong}"


def report(case: Case, verdict: Verdict, nth: int) -> str:
    """Return the question, and both answers where they differ."""
    which = "first" if nth == 0 else "second"
    lines = [f"asked (the {which} time):", *_indented(str(case.asked))]
    for name, answer in (("Pulp", case.stock), ("ours", case.ours)):
        lines += [f"{name}:", *_indented(_shown(answer, verdict.differing))]
    lines += (
        [f"unexplained: {', '.join(sorted(verdict.unexplained))}"] if verdict.unexplained else []
    )
    lines += [f"wrong: {fault}" for fault in verdict.faults]
    return "\n".join(lines)


def _shown(answer: Answer, differing: frozenset[str]) -> str:
    lines = [f"{answer.status} {answer.reason}"]
    lines += [
        f"{name}: {value}"
        for name, value in answer.fields
        if name not in IGNORED and (name in differing or "status" in differing)
    ]
    body = answer.body if len(answer.body) < 200 else answer.body[:200] + b"..."
    lines += [f"({len(answer.body)} bytes) {body!r}"] if "body" in differing else []
    return "\n".join(lines)


def _indented(text: str) -> list[str]:
    return [f"    {line}" for line in text.splitlines()]
