"""The rules of a soak: each broken one is reported as a sentence."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tests.benchmarks.galaxy.load import percentile
from tests.benchmarks.soak.faults import DAMAGING, History
from tests.benchmarks.soak.idle import IDLE
from tests.benchmarks.soak.samples import BROKEN, Period, Sample, touches_any
from tests.benchmarks.soak.site import PUBLISHED, REPLACED
from tests.benchmarks.soak.workers import CONNECTION, Peak, Usage

#: The ratio of the 99th percentile with all loads to that without.
WORST_RATIO: Final = 3.0
#: No honest client waits longer for an answer, right or not, not even in a crash of PostgreSQL:
#: twice CONTENTROUTES_DATABASE_TIMEOUT.
LONGEST_SECONDS: Final = 10.0
#: From a commit to the last answer with older content (docs/fast-path.md): a notification needs
#: milliseconds; a connection that is lost is noticed within ten seconds.
FRESH_SECONDS: Final = 1.0
FRESH_SECONDS_IN_OUTAGE: Final = 10.0
#: The time for errors after a damaged file is whole again.
HEALING_SECONDS: Final = 1.0
#: An idle reader may be given up after CONTENTROUTES' ten minutes, and not much earlier.
PATIENCE_SECONDS: Final = 500.0
#: Bounded caches that fill (CONTENTROUTES_CACHED_PATH_BYTES and a quarter), and the part that the
#: allocator keeps.
KEPT_BYTES: Final = 48 * 2**20
#: nginx keeps this many connections to each upstream.
KEPT_CONNECTIONS: Final = 32
#: CONTENTROUTES_OPEN_FILES.
OPEN_FILES: Final = 256
#: The largest pool of asyncio's threads on a machine of up to four processors.
KEPT_THREADS: Final = 8
KEPT_TASKS: Final = 2
#: CONTENTROUTES_DATABASE_CONNECTIONS of each worker.
KEPT_DATABASE_CONNECTIONS: Final = 4
_MOST_EXAMPLES: Final = 5


@dataclass(frozen=True)
class Run:
    """Everything that was seen."""

    alone: Period
    during: Period
    after: Period
    samples: Sequence[Sample]
    #: Kinds of the honest clients.
    honest: Sequence[str]
    #: The right statuses of each kind of load.
    loads: Mapping[str, frozenset[int]]
    idle: int
    history: History
    #: How often each fault was done.
    faults: Mapping[str, int]
    before: Mapping[int, Usage]
    peaks: Mapping[int, Peak]
    left: Mapping[int, Usage]
    ended_workers: Sequence[int]
    connections_before: Mapping[str, int]
    connections_after: Mapping[str, int]

    def of_kind(self, kind: str, period: Period | None = None) -> list[Sample]:
        return [
            sample
            for sample in self.samples
            if sample.kind == kind and (period is None or period.contains(sample))
        ]

    def milliseconds(self, kind: str, period: Period, percent: int) -> float | None:
        """Return a percentile of the right answers, without those of an outage of PostgreSQL."""
        seconds = [
            sample.seconds
            for sample in self.of_kind(kind, period)
            if sample.is_right and not touches_any(self.history.outages, sample)
        ]
        found = percentile(seconds, percent)
        return None if found is None else found * 1000

    def seconds_in_cuts(self, kind: str) -> list[float]:
        """Return how long the right answers took while a worker did not listen."""
        return [
            sample.seconds
            for sample in self.of_kind(kind, self.during)
            if sample.is_right and touches_any(self.history.cuts, sample)
        ]

    def ratio(self, kind: str) -> float | None:
        """Return the ratio of the p99 with all loads to the p99 alone."""
        alone = self.milliseconds(kind, self.alone, 99)
        during = self.milliseconds(kind, self.during, 99)
        return during / alone if alone and during else None


def find_broken(run: Run) -> list[str]:
    """Return a sentence for each broken rule."""
    rules = (
        _bytes,
        _freshness,
        _errors,
        _statuses,
        _idle,
        _latency,
        _waits,
        _faults,
        _left,
        _database,
    )
    return [sentence for rule in rules for sentence in rule(run)]


def staleness(run: Run) -> Iterator[tuple[float, Sample]]:
    """Yield each answer of a superseded publication, and the seconds since the newer commit."""
    commits = sorted((number, at) for number, at in run.history.commits.items())
    numbers = [number for number, _ in commits]
    for sample in run.of_kind(PUBLISHED):
        if sample.number is not None:
            newer = bisect_right(numbers, sample.number)
            if newer < len(commits) and commits[newer][1] < sample.asked:
                yield sample.asked - commits[newer][1], sample


def is_excused(run: Run, sample: Sample) -> bool:
    """Tell whether an honest client may have got this error."""
    if not sample.status.startswith(("5", BROKEN)):
        return False
    if touches_any(run.history.outages, sample):
        return True
    return sample.kind == REPLACED and any(
        Period(each.begin, each.end + HEALING_SECONDS).touches(sample)
        for each in run.history.replacements
        if each.text in DAMAGING
    )


def _bytes(run: Run) -> Iterator[str]:
    wrong = [sample for sample in run.samples if sample.wrong]
    if wrong:
        yield f"{len(wrong)} wrong answers"
    for sample in wrong[:_MOST_EXAMPLES]:
        yield f"{_at(run, sample)}, wrong: {sample.wrong}"


def _freshness(run: Run) -> Iterator[str]:
    late = []
    for seconds, sample in staleness(run):
        is_outage = touches_any(run.history.outages, sample)
        if seconds > (FRESH_SECONDS_IN_OUTAGE if is_outage else FRESH_SECONDS):
            late.append((seconds, sample))
    if late:
        seconds, sample = max(late, key=lambda pair: pair[0])
        yield (
            f"{len(late)} answers of superseded publications; {_at(run, sample)}, the worst, "
            f"{seconds:.2f} s after the commit of a newer one"
        )


def _errors(run: Run) -> Iterator[str]:
    for kind in run.honest:
        samples = run.of_kind(kind)
        if not any(sample.is_right for sample in samples):
            yield f"{kind}: no right answer"
        errors = [each for each in samples if not each.is_right and not each.wrong]
        unexcused = [each for each in errors if not is_excused(run, each)]
        if unexcused:
            counts = dict(Counter(sample.status for sample in unexcused))
            yield f"{kind}: errors without a reason {counts}; the first {_at(run, unexcused[0])}"


def _statuses(run: Run) -> Iterator[str]:
    for kind, statuses in run.loads.items():
        samples = run.of_kind(kind)
        if not samples:
            yield f"{kind}: no request was answered"
        odd = [
            sample
            for sample in samples
            if sample.status not in map(str, statuses)
            and not sample.wrong
            and not touches_any(run.history.outages, sample)
        ]
        if odd:
            counts = dict(Counter(sample.status for sample in odd))
            yield f"{kind}: unexpected {counts}; the first {_at(run, odd[0])}"


def _idle(run: Run) -> Iterator[str]:
    samples = run.of_kind(IDLE)
    sockets = sum(peak.sockets for peak in run.peaks.values())
    if sockets < run.idle:
        yield f"at most {sockets} connections were open: not all {run.idle} idle readers were held"
    cut = [
        sample
        for sample in samples
        if sample.status != "200"
        and sample.seconds < PATIENCE_SECONDS
        # The soak itself ends idle readers at the end of the loads.
        and sample.ended < run.during.end
    ]
    if cut:
        counts = dict(Counter(sample.status for sample in cut))
        yield f"idle readers ended too early: {counts}; the first {_at(run, cut[0])}"


def _latency(run: Run) -> Iterator[str]:
    for kind in run.honest:
        ratio = run.ratio(kind)
        # Clients whose files are replaced open them anew.
        if kind != REPLACED and (ratio is None or ratio > WORST_RATIO):
            shown = "unknown" if ratio is None else f"{ratio:.1f}"
            yield f"{kind}: p99 is {shown} times that alone (at most {WORST_RATIO:g})"


def _waits(run: Run) -> Iterator[str]:
    for kind in run.honest:
        long = [sample for sample in run.of_kind(kind) if sample.seconds > LONGEST_SECONDS]
        if long:
            worst = max(long, key=lambda sample: sample.seconds)
            yield (
                f"{len(long)} waits of more than {LONGEST_SECONDS:g} s; {_at(run, worst)}, "
                f"{worst.seconds:.1f} s"
            )


def _faults(run: Run) -> Iterator[str]:
    for name, count in run.faults.items():
        if not count:
            yield f"{name}: never done"
    for failure in run.history.failures:
        if not any(failure.overlaps(outage) for outage in run.history.outages):
            yield f"at {failure.begin - run.during.begin:.0f} s {failure.text}"


def _left(run: Run) -> Iterator[str]:
    for pid in run.ended_workers:
        yield f"worker {pid} has ended"
    for pid, left in run.left.items():
        before = run.before[pid]
        for name, grown, most in (
            ("bytes of memory", left.rss - before.rss, KEPT_BYTES),
            ("sockets", _grown(before, left, "sockets"), KEPT_CONNECTIONS),
            ("other descriptors", _grown(before, left, "others"), 0),
            ("open artifacts", left.descriptors.get("artifacts", 0), OPEN_FILES),
            ("deleted files open", left.descriptors.get("deleted artifacts", 0), 0),
            ("threads", left.threads - before.threads, KEPT_THREADS),
        ):
            if grown > most:
                yield f"worker {pid}: {grown:+,} {name} left (at most {most:,})"
        tasks = Counter(left.tasks)
        tasks.subtract(before.tasks)
        connections = tasks.pop(CONNECTION, 0)
        if sum(tasks.values()) > KEPT_TASKS or connections > KEPT_CONNECTIONS:
            yield f"worker {pid}: tasks left: {dict(+tasks)}, and {connections} of connections"


def _grown(before: Usage, left: Usage, kind: str) -> int:
    return left.descriptors.get(kind, 0) - before.descriptors.get(kind, 0)


def _database(run: Run) -> Iterator[str]:
    most = KEPT_DATABASE_CONNECTIONS * len(run.before)
    grown = sum(run.connections_after.values()) - sum(run.connections_before.values())
    if grown > most:
        yield f"{grown:+} connections to PostgreSQL (at most {most}): {run.connections_after}"


def _at(run: Run, sample: Sample) -> str:
    """Return kind and time of a request, in seconds from the beginning of the loads."""
    return f"{sample.kind} at {sample.asked - run.during.begin:.1f} s"
