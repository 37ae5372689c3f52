"""The arena of the two: asks stock and ours the same question and counts the results."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from urllib.parse import unquote

from pulp_contentroutes.paths import CONTENT_PREFIX
from tests.differential.cases import CONTENT, ROUTE, Case
from tests.differential.conditions import CACHED, File, Validators, resolved
from tests.differential.dataset import GUARD_HEADER, PYTHON, Distribution, World
from tests.differential.expected import Oracle
from tests.differential.random_requests import KEYS, Question, without_dots
from tests.differential.report import Tally
from tests.differential.verdicts import judge
from tests.harness import pulpcore
from tests.harness.http1 import STOCK_PREFIX, Answer, Connection, Request

PREFIXES = {CONTENT: STOCK_PREFIX, ROUTE: CONTENT_PREFIX}
#: Each question is asked this often: the answer from memory must be that of the first look-up.
TIMES = 2


class Arena:
    """A world in a running Pulp, its stock content app and ours, and the tally."""

    def __init__(
        self,
        world: World,
        seed: int,
        has_domains: bool,
        stock_port: int,
        our_port: int,
        tally: Tally,
        retains: bool = True,
    ) -> None:
        self.world, self.seed, self.has_domains, self.tally = world, seed, has_domains, tally
        self.oracles = {domain.name: Oracle(world, domain, retains) for domain in world.domains}
        self.stock = Connection(stock_port)
        self.ours = {where: Connection(our_port) for where in PREFIXES}
        self._learner = {"Pulp": Connection(stock_port), "ours": Connection(our_port)}
        self._learned: dict[tuple[str, str], Validators] = {}
        self._pool = ThreadPoolExecutor(1)

    def close(self) -> None:
        self._pool.shutdown()
        for server in (self.stock, *self.ours.values(), *self._learner.values()):
            server.close()

    def ask(self, question: Question) -> None:
        """Compare our answers to one question, under both prefixes, with that of stock.

        A path with "." segments equals the one without (RFC 3986 §6.2.2.3); stock gets the latter.
        """
        plain = replace(question, suffix=without_dots(question.suffix))
        file = self.file(plain)
        stock_request = self._request(plain, file, "Pulp", STOCK_PREFIX)
        pending = self._pool.submit(self.stock.ask, stock_request)
        answers = list(self._ours(question, plain, file))
        stock = pending.result()
        uses_stock_tag = any("{stock}" in value for _, value in question.headers)
        is_guarded = self._is_guarded(plain)
        for where, request, nth, answer in answers:
            case = Case(
                where, request, stock_request, stock, answer, file, uses_stock_tag, is_guarded
            )
            self.tally.count(case, judge(case), nth)

    def _ours(
        self, question: Question, plain: Question, file: File | None
    ) -> Iterator[tuple[str, Request, int, Answer]]:
        for where, prefix in PREFIXES.items():
            request = self._request(plain, file, "ours", prefix)
            asked = replace(request, target=prefix + question.suffix + question.query)
            for nth in range(TIMES):
                yield where, request, nth, self.ours[where].ask(asked)

    def _request(self, question: Question, file: File | None, who: str, prefix: str) -> Request:
        own, stock = partial(self.learn, who, question), partial(self.learn, "Pulp", question)
        headers = tuple(
            (name, resolved(value, file, own, stock)) for name, value in question.headers
        )
        target = prefix + question.suffix + question.query
        return Request(target, question.method, headers, question.http)

    def learn(self, who: str, question: Question) -> Validators:
        """Return a server's validators of the plain file on its content prefix."""
        key = (who, question.suffix)
        if key not in self._learned:
            request = Request(STOCK_PREFIX + question.suffix, "HEAD", ((GUARD_HEADER, KEYS[0]),))
            answer = self._learner[who].ask(request)
            known = Validators()
            self._learned[key] = Validators(
                answer["etag"] or known.etag, answer["last-modified"] or known.last_modified
            )
        return self._learned[key]

    def file(self, question: Question) -> File | None:
        """Return the stored file that ours must serve to the client of a question, if any.

        Where a plugin answers itself, ours may not differ at all, so no file is expected.
        """
        oracle, distribution, path = self._served_by(question)
        if oracle is None or distribution is None:
            return None
        if distribution.plugin == PYTHON and path.rstrip("/").endswith("/json"):
            return None
        if distribution.guarded and question.header(GUARD_HEADER) != [KEYS[0]]:
            return None
        served = oracle.served(path)
        if served is None:
            return None
        data, mtime = self.world.files[served.sha256], self.world.mtimes[served.sha256]
        return File(
            data,
            served.sha256,
            int(served.entered),
            int(mtime),
            served.name,
            distribution.guarded,
            CACHED if pulpcore.VERSION >= pulpcore.CACHE_CONTROL else "",
        )

    def _is_guarded(self, question: Question) -> bool:
        _, distribution, _ = self._served_by(question)
        return distribution is not None and distribution.guarded

    def _served_by(self, question: Question) -> tuple[Oracle | None, Distribution | None, str]:
        """Return the oracle of the domain, the distribution, and the decoded path."""
        try:
            domain, path = self._place(question)
        except UnicodeError:
            return None, None, ""
        oracle = self.oracles.get(domain)
        return oracle, oracle.distribution(path) if oracle else None, path

    def _place(self, question: Question) -> tuple[str, str]:
        """Return the domain and the path that the handler sees."""
        suffix, domain = question.suffix, question.domain
        if self.has_domains:
            segment, _, suffix = suffix.partition("/")
            domain = unquote(segment, errors="strict")
        return domain, unquote(suffix, errors="strict")

    def own_statuses(self, question: Question) -> tuple[int, list[int]]:
        """Return the status of stock and those of ours, each asked with its own validators."""
        file = self.file(question)
        stock = self.stock.ask(self._request(question, file, "Pulp", STOCK_PREFIX))
        return stock.status, [answer.status for *_, answer in self._ours(question, question, file)]
