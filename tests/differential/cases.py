"""One question with both answers, and the names of the parts in which they differ."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from tests.differential.conditions import File
from tests.harness.http1 import Answer, Request

#: Headers that say nothing about an answer.
IGNORED: Final = frozenset({"date", "server", "x-pulp-cache"})
CONTENT, ROUTE = "content", "route"


@dataclass(frozen=True, slots=True)
class Case:
    """One question as both were asked; `file` is the stored file behind it, if permitted."""

    where: str
    asked: Request
    stock_asked: Request
    stock: Answer
    ours: Answer
    file: File | None
    uses_stock_tag: bool = False
    is_guarded: bool = False

    @property
    def statuses(self) -> tuple[int, int]:
        return self.stock.status, self.ours.status

    @property
    def path(self) -> str:
        return self.asked.target.partition("?")[0]

    @property
    def decoded(self) -> str:
        return unquote(self.path, errors="surrogateescape")

    def has(self, name: str, pattern: str = "") -> bool:
        """Tell if the request has a header whose value matches."""
        return any(
            key == name and re.search(pattern, value, re.DOTALL)
            for key, value in self.asked.headers
        )


def differences(stock: Answer, ours: Answer) -> frozenset[str]:
    """Return the names of the differing parts: status, reason, http, body, or a header."""
    found = {name for name in ("status", "reason", "http", "body") if _differ(stock, ours, name)}
    names = (stock.headers.keys() | ours.headers.keys()) - IGNORED
    return frozenset(found | {name for name in names if stock[name] != ours[name]})


def _differ(stock: Answer, ours: Answer, name: str) -> bool:
    return bool(getattr(stock, name) != getattr(ours, name))


def is_listing(case: Case) -> bool:
    """Tell if both answered with a page of their own making, which has no ETag."""
    pages = [answer for answer in (case.stock, case.ours) if "etag" not in answer.headers]
    return len(pages) == 2 and all(
        page.status == 200 and page["content-type"].startswith("text/html") for page in pages
    )
