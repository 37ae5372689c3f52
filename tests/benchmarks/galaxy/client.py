"""The requests of a cold `ansible-galaxy collection install`, ansible-core 2.19, one by one."""

import hashlib
import json
import time
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urljoin

from tests.benchmarks.galaxy import http

_REDIRECTS: Final = (301, 302, 303, 307, 308)
_MOST_REDIRECTS: Final = 10
_OK: Final = 200


class InstallFailed(Exception):
    """An error at which ansible-galaxy would have stopped."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer."""

    url: str
    status: int
    #: From the first packet of the connection to the last byte.
    seconds: float
    #: Size of the answer, with its head.
    bytes: int


@dataclass(slots=True)
class Install:
    """Installs a collection with its dependencies from the server that a user has configured.

    `exchanges` has the requests that it has sent so far.
    """

    server: str
    exchanges: list[Exchange] = field(default_factory=list)

    async def run(self, collection: str, versions: int) -> None:
        """Install the newest version of `namespace.name`; raise InstallFailed on failure.

        Any number of versions but `versions` is a failure: a server must not be fast by listing
        less.
        """
        api = await self._discovered()
        found = await self._newest(api, collection, versions)
        details, wanted = [found], list(found["metadata"]["dependencies"])
        while wanted:
            detail = await self._newest(api, wanted.pop(0))
            details.append(detail)
            wanted += detail["metadata"]["dependencies"]
        for detail in details:
            tarball = await self._fetched(detail["download_url"])
            if hashlib.sha256(tarball).hexdigest() != detail["artifact"]["sha256"]:
                raise InstallFailed(f"{detail['download_url']}: wrong bytes")

    async def _discovered(self) -> str:
        """Return the URL of the API; it is looked for at the URL of the server, then below it."""
        url = self.server
        root = _root(await self._answer(url))
        if root is None:
            url = f"{url.rstrip('/')}/api"
            root = _root(await self._answer(url))
        if root is None:
            raise InstallFailed(f"{url}: no Galaxy server")
        return f"{url.rstrip('/')}/{root['v3'].strip('/')}"

    async def _newest(self, api: str, collection: str, count: int = 0) -> Any:
        """Return the detail of the newest version."""
        href = f"{api}/collections/{collection.replace('.', '/')}/"
        # This document is the key of ansible-galaxy's cache of answers.
        await self._json(href)
        versions: list[str] = []
        page: str | None = f"{href}versions/?limit=100"
        while page:
            document = await self._json(page)
            versions += [row["version"] for row in document["data"]]
            following = document["links"]["next"]
            page = following and urljoin(page, following)
        if not versions or (count and len(versions) != count):
            raise InstallFailed(f"{href}: {len(versions)} versions instead of {count}")
        newest = max(versions, key=lambda text: [int(number) for number in text.split(".")])
        return await self._json(f"{href}versions/{newest}/")

    async def _json(self, url: str) -> Any:
        return json.loads(await self._fetched(url))

    async def _fetched(self, url: str) -> bytes:
        answer = await self._answer(url)
        if answer.status != _OK:
            raise InstallFailed(f"{url}: {answer.status}")
        return answer.body

    async def _answer(self, url: str) -> http.Answer:
        for _ in range(_MOST_REDIRECTS):
            answer = await self._asked(url)
            if answer.status not in _REDIRECTS:
                return answer
            url = urljoin(url, answer.headers["location"])
        raise InstallFailed(f"{url}: more than {_MOST_REDIRECTS} redirects")

    async def _asked(self, url: str) -> http.Answer:
        started = time.perf_counter()
        try:
            answer = await http.get(url)
        except (OSError, TimeoutError, http.BadAnswer) as error:
            raise InstallFailed(f"{url}: {type(error).__name__} {error}") from error
        seconds = time.perf_counter() - started
        self.exchanges.append(Exchange(url, answer.status, seconds, answer.size))
        return answer


def _root(answer: http.Answer) -> Any:
    """Return the versions of the API that a root document names, None without such a document."""
    if answer.status != _OK:
        return None
    try:
        document = json.loads(answer.body)
    except ValueError:
        return None
    if "available_versions" not in document:
        # ansible-galaxy does not look any further, either.
        raise InstallFailed("JSON without available_versions")
    return document["available_versions"]
