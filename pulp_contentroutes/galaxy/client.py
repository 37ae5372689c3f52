"""The client behind `galaxy-upload`: sends many collections to a Galaxy distribution of ours."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.request import getproxies, proxy_bypass

import aiohttp
from yarl import URL

#: Tarballs in one request; the server accepts a hundred parts, and signatures are parts, too.
_MOST_FILES: Final = 40
_MOST_BYTES: Final = 128 * 1024 * 1024
_SUFFIX: Final = ".tar.gz"
_TIMEOUT: Final = aiohttp.ClientTimeout(total=None, sock_connect=30, sock_read=300)
_FIRST_WAIT: Final = 0.2
_LONGEST_WAIT: Final = 2.0
_MOST_FAILURES: Final = 5


class UploadFailed(Exception):
    """A failed upload; `str(error)` is the server's answer, or says that there is none."""


@dataclass(frozen=True, slots=True)
class Ended:
    """An import that has ended; `problem` is None if the collection is published."""

    file: str
    problem: str | None


def tarballs_in(paths: Iterable[Path]) -> list[Path]:
    """Return the files in `paths`, and the collections in its folders, each once."""
    found: list[Path] = []
    for path in paths:
        found += sorted(path.glob(f"*{_SUFFIX}")) if path.is_dir() else [path]
    return list(dict.fromkeys(found))


def batches_of(tarballs: Iterable[Path]) -> Iterator[list[Path]]:
    """Yield the files of one request each, limited in their number and their total size."""
    batch: list[Path] = []
    size = 0
    for tarball in tarballs:
        length = tarball.stat().st_size
        if batch and (len(batch) == _MOST_FILES or size + length > _MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(tarball)
        size += length
    if batch:
        yield batch


async def upload(server: str, token: str, batch: Sequence[Path]) -> AsyncIterator[Ended]:
    """Upload collections and their signatures (`<tarball>.asc`); yield each import that has ended.

    Raise UploadFailed if the server accepts none of them; imports that it has accepted go on
    without us.
    """
    headers = {"Authorization": f"Token {token}"} if token else {}
    base = URL(server.rstrip("/") + "/")
    async with aiohttp.ClientSession(headers=headers, timeout=_TIMEOUT) as session:
        files = [
            file
            for tarball in batch
            for file in (tarball, tarball.with_name(f"{tarball.name}.asc"))
            if file == tarball or file.exists()
        ]
        url = base.join(URL("api/v3/imports/collections/"))
        with ExitStack() as stack:
            form = aiohttp.FormData()
            for file in files:
                form.add_field("file", stack.enter_context(file.open("rb")), filename=file.name)
            answer = await _answer(session, "POST", url, data=form)
        if "task_group" not in answer:
            raise UploadFailed(f"{url} is no Galaxy distribution of pulp_contentroutes.")
        # The URL at which the server reports on the imports.
        group = base.join(URL(str(answer["task_group"])))
        if group.origin() != base.origin():
            raise UploadFailed(f"{base.host} names another server: {group.host}.")
        reported: set[int] = set()
        async for imports in _poll(session, group):
            for number, each in enumerate(imports):
                if each["state"] != "waiting" and number not in reported:
                    reported.add(number)
                    yield Ended(each["file"], each["error"] and each["error"]["description"])


async def _poll(session: aiohttp.ClientSession, group: URL) -> AsyncIterator[list[Any]]:
    """Yield the states of a group's imports, until all have ended."""
    wait, failures = _FIRST_WAIT, 0
    while True:
        try:
            found = await _answer(session, "GET", group)
            failures = 0
            yield found["imports"]
            if not found["waiting"]:
                return
        except UploadFailed:
            # The imports go on; the server, or the proxy in front of it, may come back.
            failures += 1
            if failures == _MOST_FAILURES:
                raise
        await asyncio.sleep(wait)
        wait = min(wait * 1.5, _LONGEST_WAIT)


async def _answer(
    session: aiohttp.ClientSession, method: str, url: URL, **request: Any
) -> dict[str, Any]:
    proxy = None if proxy_bypass(url.host or "") else getproxies().get(url.scheme)
    try:
        # Following a redirect would drop the token, or send it to another server.
        async with session.request(
            method, url, allow_redirects=False, proxy=proxy, **request
        ) as response:
            if response.status in (200, 202):
                answer: dict[str, Any] = await response.json()
                return answer
            said = f"{response.status} {response.reason}"
            try:
                # In the format of the server's errors.
                document = await response.json()
                problem = f"{' '.join(error['detail'] for error in document['errors'])} ({said})"
            except (aiohttp.ClientError, ValueError, KeyError, TypeError):
                problem = f"{response.url} answered {said}."
            raise UploadFailed(problem)
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise UploadFailed(f"{url}: {type(error).__name__} {error}".rstrip()) from error
