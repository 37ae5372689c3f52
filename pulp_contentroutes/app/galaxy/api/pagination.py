"""Pages of lists: `limit` and `offset`, and links that clients of every age follow."""

from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlencode

from django.db.models import QuerySet
from rest_framework.request import Request

from pulp_contentroutes.paths import percent_encode

_USUAL = 100
_LARGEST = 1000
#: PostgreSQL accepts more; no list is that long.
_LARGEST_OFFSET = 2**31


@dataclass(frozen=True, slots=True)
class Page:
    """The part of a list that a request asks for."""

    limit: int
    offset: int

    @classmethod
    def asked_for(cls, request: Request) -> Self:
        limit = _number(request, "limit") or _USUAL
        return cls(min(limit, _LARGEST), min(_number(request, "offset"), _LARGEST_OFFSET))

    def of(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows[self.offset : self.offset + self.limit]

    def document(self, href: str, count: int, data: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the answer: `data` is this page of a list of `count` at `href`."""
        following, before = self.offset + self.limit, max(0, self.offset - self.limit)
        return {
            "meta": {"count": count},
            "links": {
                "first": self._link(href, 0),
                "previous": self._link(href, before) if self.offset else None,
                "next": self._link(href, following) if following < count else None,
                "last": self._link(href, max(0, count - 1) // self.limit * self.limit),
            },
            "data": data,
        }

    def _link(self, href: str, offset: int) -> str:
        # Without a host: ansible-core before 2.19 joins the link to its own. It looks for `offset`.
        return f"{href}?{urlencode({'limit': self.limit, 'offset': offset})}"


@dataclass(frozen=True, slots=True)
class NumberedPage:
    """The same for the API of roles: `page` and `page_size`."""

    number: int
    size: int

    @classmethod
    def asked_for(cls, request: Request) -> Self:
        number = min(_number(request, "page") or 1, _LARGEST_OFFSET // _LARGEST)
        return cls(number, min(_number(request, "page_size") or _USUAL, _LARGEST))

    def of(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows[(self.number - 1) * self.size : self.number * self.size]

    def document(
        self, request: Request, count: int, results: list[dict[str, Any]]
    ) -> dict[str, Any]:
        """Return the answer: `results` is this page of a list of `count`."""
        following = None
        if self.number * self.size < count:
            query = request.query_params.copy()
            query["page"], query["page_size"] = self.number + 1, self.size
            following = f"{percent_encode(request.path)}?{query.urlencode()}"
        return {"count": count, "next_link": following, "results": results}


def _number(request: Request, name: str) -> int:
    text = request.query_params.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
