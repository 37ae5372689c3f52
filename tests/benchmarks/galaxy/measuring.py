"""The order of a run: content, then the requests by turns, then the counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.galaxy import load, queries, real
from tests.benchmarks.galaxy.content import Content
from tests.benchmarks.galaxy.load import Round, Server
from tests.benchmarks.galaxy.pulp import WORKERS, Pulp
from tests.benchmarks.galaxy.results import Plan, Run
from tests.benchmarks.session import Say

#: So many at once that every worker has been asked before the measurements.
_WARM_UP_CLIENTS = 2 * WORKERS
#: Installs by a client that is alone, for the time of each of its requests.
_TRACES = 7


@dataclass(frozen=True, slots=True)
class Measuring:
    """Measures `instance`; `folder` is for the homes of real clients."""

    instance: Pulp
    plan: Plan
    folder: Path
    say: Say

    def into(self, run: Run, with_growth: bool) -> None:
        """Put each result into `run` as soon as it is there."""
        servers = self._servers()
        for server in servers:
            self._warm_up(server)
        # There is no table before the first round of each server: one alone compares nothing.
        rounds: dict[str, list[Round]] = {server.name: [] for server in servers}
        for number in range(self.plan.rounds):
            for server in servers:
                rounds[server.name].append(self._round(number, server))
            run.rounds = rounds
        if self.plan.processes:
            self._real(servers, run)
        for server in servers:
            self.say(f"counting queries: {server.name}")
            traces = [load.trace(server, self.plan.wanted) for _ in range(_TRACES)]
            run.asked[server.name] = queries.asked(self.instance, traces)
        if with_growth:
            sizes = " and ".join(f"{size:,}" for size in queries.SIZES)
            self.say(f"counting queries of changes to repositories of {sizes} versions")
            run.growth = queries.growth(self.instance)

    def _servers(self) -> list[Server]:
        content = Content(self.instance, self.say)
        theirs = [content.theirs(self.plan.wanted)] if self.instance.has_pulp_ansible else []
        return [*theirs, content.ours(self.plan.wanted)]

    def _warm_up(self, server: Server) -> None:
        """Raise InstallFailed if one client cannot install, then let all workers warm up."""
        load.trace(server, self.plan.wanted)
        load.measure(server, self.plan.wanted, _WARM_UP_CLIENTS)

    def _round(self, number: int, server: Server) -> Round:
        measured = load.measure(server, self.plan.wanted, self.plan.clients)
        self.say(
            f"round {number + 1}: {server.name}: {len(measured.installs)} installs in "
            f"{measured.seconds:.1f} s, {measured.requests_per_second:.0f} requests/s"
        )
        for error in measured.errors[:1]:
            self.say(f"WARNING: {len(measured.errors)} installs failed, the first: {error}")
        return measured

    def _real(self, servers: Sequence[Server], run: Run) -> None:
        for server in servers:
            folder = self.folder / f"homes-{server.name}"
            together = real.install(server, self.plan.wanted, self.plan.processes, folder)
            self.say(
                f"{together.processes} real ansible-galaxy processes: {server.name}: "
                f"{together.seconds:.1f} s, {len(together.errors)} errors"
            )
            run.real[server.name] = together
