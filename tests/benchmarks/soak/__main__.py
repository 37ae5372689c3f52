"""`python -m tests.benchmarks.soak`: everything at once, with nothing wrong and nothing left."""

import os
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import click

from pulp_contentroutes.standalone import configuration
from tests.benchmarks import session
from tests.benchmarks.session import Say
from tests.benchmarks.soak import inside, table
from tests.benchmarks.soak.clients import Clients, describe
from tests.benchmarks.soak.faults import Database, Faults, Routine
from tests.benchmarks.soak.loads import load_until, make_floods
from tests.benchmarks.soak.readers import read_until
from tests.benchmarks.soak.rules import Run, find_broken
from tests.benchmarks.soak.samples import Period, Sample
from tests.benchmarks.soak.site import Site, make_site
from tests.benchmarks.soak.workers import Watch, Workers
from tests.harness.pulp import Pulp
from tests.harness.standalone import Standalone, run_pulp
from tests.harness.template import ROOT

_WORKERS: Final = 2
#: Wrong passwords must have their real cost, and the template's user has the other hash.
_HASHERS: Final = (
    '["django.contrib.auth.hashers.PBKDF2PasswordHasher",'
    ' "django.contrib.auth.hashers.MD5PasswordHasher"]'
)
_SETTINGS: Final = {
    "PASSWORD_HASHERS": _HASHERS,
    # Pulp's worker ends itself, and gunicorn with it, when a heartbeat meets no PostgreSQL
    # (pulpcore.content._heartbeat). It would be a matter of luck whether a restart does that.
    "CONTENT_APP_TTL": "14400",
}
_LOG: Final = ROOT / ".cache" / "soak.log"
_PROGRESS_SECONDS: Final = 10


@dataclass(frozen=True)
class Plan:
    """Durations in seconds, and how often something is done."""

    loads: float
    #: A client that asks ten times a second needs this long for a reliable 99th percentile: over a
    #: minute it was between 5 and 14 ms, run by run.
    alone: float = 180
    after: float = 60
    cut_every: float = 20
    restart_every: float = 120
    idle: int = 400
    warm: float = 5


def _plan(minutes: float, quick: bool) -> Plan:
    if quick:
        return Plan(60, alone=15, after=30, cut_every=10, restart_every=25)
    return Plan(minutes * 60)


@click.command(
    context_settings={"max_content_width": 100},
    help=f"""Harm a Pulp in every way at once, and tell whether honest clients notice.

One Pulp with nginx and {_WORKERS} content workers. Honest clients read small and large files,
behind guards, too, and compare every byte; a repository is published every second. First they are
alone; then there are 400 clients that read nothing, wrong passwords and tokens, deep and missing
paths, artifacts replaced on disk, cuts of the connection that hears of changes, and crashes of
PostgreSQL. A minute after all that, each worker must be as it was.

Everything runs on loopback in a temporary folder, and is ended and removed at the end; Ctrl-C does
the same. Nothing else should run meanwhile. The exit code is 1 when a rule is broken; the log of
the instance is kept in .cache/soak.log.
""",
)
@click.option("--minutes", type=click.FloatRange(1, 600), default=10, help="Duration of all loads.")
@click.option("--quick", is_flag=True, help="One minute of loads, with everything more often.")
def main(minutes: float, quick: bool) -> None:
    if configuration.find_nginx() is None:
        raise click.ClickException("install the Debian package nginx first.")
    session.exit_on_stop_signals()
    say = session.narrator()
    session.measured_busy(say)
    with session.temporary_folder() as folder:
        _let_workers_answer(folder)
        say("starting a Pulp")
        options = ("--content-workers", str(_WORKERS))
        with run_pulp(folder / "data", *options, settings=_SETTINGS) as instance:
            try:
                run = _Soak(instance, folder, _plan(minutes, quick), say).run()
            finally:
                session.begin_stopping(say)
                _LOG.parent.mkdir(exist_ok=True)
                shutil.copy(instance.log, _LOG)
    broken = find_broken(run)
    table.show_log(_LOG)
    table.show(run, broken)
    sys.exit(1 if broken else 0)


def _let_workers_answer(folder: Path) -> None:
    """Have gunicorn read `inside` in all processes that are started from now on."""
    answers = folder / "answers"
    answers.mkdir()
    os.environ[inside.VARIABLE] = str(answers)
    os.environ["GUNICORN_CMD_ARGS"] = f"--config file:{inside.__file__}"


@dataclass
class _Soak:
    instance: Standalone
    folder: Path
    plan: Plan
    say: Say
    samples: list[Sample] = field(default_factory=list)

    def run(self) -> Run:
        """Return everything that was seen, from the first honest client to the last."""
        self.say("publishing the content")
        Database(self.instance).keep_commits()
        site = make_site(Pulp(self.instance))
        workers = Workers(self.instance, Path(os.environ[inside.VARIABLE]))
        copies = self.folder / "copies"
        copies.mkdir()
        faults = Faults(self.instance, workers, site.artifacts, copies)
        watch_ended, publish_ended = threading.Event(), threading.Event()
        watch = Watch(workers, watch_ended)
        publishing = Routine("publish", faults.publish, 1, publish_ended)
        readers = Clients(read_until, site.front, site.readers, found=self.samples)
        with ExitStack() as stack:
            stack.enter_context(_running(publishing, publish_ended))
            stack.enter_context(readers)
            self._wait("warming up", self.plan.warm, readers)
            alone = self._wait("honest clients alone", self.plan.alone, readers)
            before, connections = workers.measure(), faults.database.connections()
            stack.enter_context(_running(watch, watch_ended))
            begun = time.monotonic()
            routines = self._load(site, faults, readers)
            during = Period(begun, time.monotonic())
            after = self._wait("honest clients alone again", self.plan.after, readers)
            left, connections_after = workers.measure(), faults.database.connections()
        faults.history.failures += [
            each for routine in (publishing, *routines) for each in routine.failures
        ]
        return Run(
            alone=alone,
            during=during,
            after=after,
            samples=self.samples,
            honest=[reader.kind for reader in site.readers],
            loads={flood.kind: flood.statuses for flood in make_floods(site)},
            idle=self.plan.idle,
            history=faults.history,
            faults={routine.name: routine.count for routine in (publishing, *routines)},
            before=before,
            peaks=watch.peaks,
            left=left,
            ended_workers=workers.find_ended(),
            connections_before=connections,
            connections_after=connections_after,
        )

    def _load(self, site: Site, faults: Faults, readers: Clients) -> list[Routine]:
        """Run all loads and faults for their time, and return the faults."""
        ended = threading.Event()
        routines = [
            Routine("replace a file", faults.replace, 2, ended),
            Routine("cut the listeners", faults.cut_listeners, self.plan.cut_every, ended),
            Routine("restart PostgreSQL", faults.restart_database, self.plan.restart_every, ended),
        ]
        with ExitStack() as stack:
            loads = Clients(load_until, site, self.plan.idle, found=self.samples)
            stack.enter_context(loads)
            for routine in routines:
                stack.enter_context(_running(routine, ended))
            self._wait("all loads", self.plan.loads, readers, loads)
        return routines

    def _wait(self, what: str, seconds: float, *clients: Clients) -> Period:
        """Let everything run for some time, and report the progress."""
        self.say(f"{what}: {seconds:.0f} s")
        begun = time.monotonic()
        first = len(self.samples)
        while (left := begun + seconds - time.monotonic()) > 0:
            time.sleep(min(left, _PROGRESS_SECONDS))
            for each in clients:
                each.assert_running()
            self.say(f"  {describe(self.samples[first:])}")
        return Period(begun, time.monotonic())


@contextmanager
def _running(thread: threading.Thread, ended: threading.Event) -> Iterator[None]:
    """Run a thread for the block; `ended` asks it to end."""
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


if __name__ == "__main__":
    main(prog_name="python -m tests.benchmarks.soak")
