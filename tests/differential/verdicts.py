"""The verdict on a case: the rows that explain its differences, and our faults."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote

from tests.differential import listings, rfc9110
from tests.differential.cases import CONTENT, ROUTE, Case, differences, is_listing
from tests.differential.differences import ALL, ROWS, Row


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result for a case: identical if nothing differs; `faults` or `unexplained`: a failure."""

    differing: frozenset[str]
    explained: tuple[str, ...]
    unexplained: frozenset[str]
    faults: tuple[str, ...]

    @property
    def is_good(self) -> bool:
        return not self.unexplained and not self.faults


def judge(case: Case, more: Iterable[Row] = ()) -> Verdict:
    """Return the verdict by the documented rows, and by `more` that only some content has."""
    remaining = differing = differences(case.stock, case.ours)
    explained = []
    for row in (*ROWS, *more):
        covered = remaining if row.covers is ALL else remaining & row.covers
        if covered and case.where in row.where and row.applies(case):
            explained.append(row.name)
            remaining -= covered
    wrong = _faults(case) if differing else []
    return Verdict(differing, tuple(dict.fromkeys(explained)), remaining, tuple(wrong))


def _faults(case: Case) -> list[str]:
    """Return the faults of our answer, wherever the right one can be computed."""
    if case.ours.status == 301:
        # A plugin's own redirect may be a relative one.
        is_same = case.where == CONTENT and case.ours["location"] == case.stock["location"]
        return [] if is_same else _wrong_location(case)
    if is_listing(case):
        is_page = case.where == ROUTE and case.asked.method == "GET"
        stock, ours = case.stock.body, case.ours.body
        return listings.faults(stock, ours, case.decoded) if is_page else []
    if case.file and case.ours.status in rfc9110.ALLOWED:
        return rfc9110.faults(case.asked, case.ours, case.file)
    return []


def _wrong_location(case: Case) -> list[str]:
    """Compare with the requested URL plus a slash, or with another checkpoint in its place."""
    path, _, query = case.asked.target.partition("?")
    decoded = unquote(path) + "/"
    theirs = unquote(case.stock["location"].partition("?")[0])
    if case.stock.status == 301 and theirs != unquote(case.stock_asked.target.split("?")[0]) + "/":
        stamp = re.search(r"/(\d{8}T\d{6}Z)(?=/|$)", theirs)
        if stamp:
            decoded = re.sub(r"/\d{8}T\d{6}Z(?=/|$)", stamp[0], unquote(path), count=1)
    location, _, kept = case.ours["location"].partition("?")
    if unquote(location) == decoded and kept == query and location.isascii():
        return []
    return [f"Location is {case.ours['location']!r}; it should lead to {decoded!r}, ?{query}"]
