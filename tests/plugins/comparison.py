"""The same questions about a plugin's content to Pulp's own content app and to ours.

What is there is found in Pulp's own listings; the differences that are documented are those of
tests/differential.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from posixpath import dirname
from typing import Final

from tests.differential.cases import CONTENT, Case
from tests.differential.conditions import CACHED, File, read_date
from tests.differential.differences import Row
from tests.differential.report import Tally
from tests.differential.verdicts import judge
from tests.harness.http1 import Answer, Connection, Header, Request
from tests.plugins.content import container

_LINK: Final = re.compile(r'href="\./([^"]+)"')
#: Each question is asked this often: the answer from memory must be that of the first look-up.
_TIMES: Final = 2
_OF_REGISTRIES: Final = frozenset({"docker-content-digest", "docker-distribution-api-version"})
_BLOBS: Final = Row(
    "`Cache-Control` and `X-PULP-ARTIFACT-SIZE` of pulp_container's blobs",
    frozenset({"cache-control", "x-pulp-artifact-size"}),
    lambda case: case.path.startswith(container.PREFIX),
)


def crawl(stock: Connection, prefix: str, headers: Mapping[str, str]) -> Iterator[str]:
    """Yield the target of every directory and file below a prefix, as Pulp lists them."""
    found = [prefix]
    for target in found:
        yield target
        if target.endswith("/"):
            page = stock.ask(Request(target, headers=tuple(headers.items())))
            if page.status == 200 and "etag" not in page.headers:
                found += [target + name for name in _LINK.findall(page.text)]


@dataclass
class Comparison:
    """Two content apps of one Pulp; the first one is Pulp's own."""

    stock: Connection
    ours: Connection
    tally: Tally = field(default_factory=Tally)

    def ask(self, target: str, credentials: Mapping[str, str]) -> None:
        """Ask for one target in every way, and count what differs."""
        given = tuple(credentials.items())
        plain = self.stock.ask(Request(target, headers=given))
        own = self.ours.ask(Request(target, headers=given))
        # A signed URL is one that a guard admits.
        is_guarded = bool(given) or "validate_token" in target
        file = _file_of(plain, own, is_guarded=is_guarded)
        for method, headers in _ways(own):
            request = Request(target, method, (*given, *headers))
            stock = self.stock.ask(request)
            for nth in range(_TIMES):
                case = Case(
                    CONTENT,
                    request,
                    request,
                    stock,
                    self.ours.ask(request),
                    file,
                    is_guarded=is_guarded,
                )
                self.tally.count(case, judge(case, (_BLOBS,)), nth)
        if given:
            self._expect_a_refusal(target)

    def _expect_a_refusal(self, target: str) -> None:
        """Nothing is revealed to a client without credentials; the words are ours."""
        for connection, statuses in ((self.stock, {403}), (self.ours, {401, 403})):
            answer = connection.ask(Request(target))
            # Which paths are redirected is known before a guard is asked, by Pulp as well.
            assert answer.status in statuses | {301}, (target, answer)


def with_neighbours(targets: Iterable[str], prefix: str) -> list[str]:
    """Return the targets, and those that are theirs with a slash more or less, or with an error."""
    found = set(targets)
    for target in list(found):
        if "?" not in target:
            found |= {target[:-1]} if target.endswith("/") else {f"{target}nothing", f"{target}/"}
            if target != prefix:
                found.add(dirname(target.rstrip("/")))
    return sorted(each for each in found if each.startswith(prefix.rstrip("/")))


def _ways(plain: Answer) -> Iterator[tuple[str, tuple[Header, ...]]]:
    """Yield methods and conditions that fit our plain answer, and have its validators."""
    yield "GET", ()
    if not plain["etag"]:
        return
    yield "HEAD", ()
    for value in ("bytes=0-3", "bytes=-5", "bytes=99999999-"):
        yield "GET", (("Range", value),)
    yield "GET", (("If-None-Match", plain["etag"]),)
    yield "GET", (("If-Modified-Since", plain["last-modified"]),)
    yield "GET", (("Range", "bytes=0-3"), ("If-Range", plain["etag"]))


def _file_of(stock: Answer, ours: Answer, *, is_guarded: bool) -> File | None:
    """Return the file of a plain answer of Pulp's; when it entered is taken from ours."""
    if stock.status != 200 or not stock["etag"] or not ours["repr-digest"]:
        return None
    digest = hashlib.sha256(stock.body).hexdigest()
    entered, written = read_date(ours["last-modified"]), read_date(stock["last-modified"])
    assert entered is not None
    assert written is not None
    # Blobs have none of Pulp's fields, and ours are those of any other file.
    is_blob = bool(stock["docker-content-digest"])
    return File(
        stock.body,
        digest,
        entered,
        written,
        "",
        is_guarded,
        CACHED if is_blob else stock["cache-control"],
        _OF_REGISTRIES if is_blob else frozenset(),
    )
