"""Honest clients, in a process of their own: a bounded rate, and every byte compared."""

import http.client
import signal
import threading
import time
from collections.abc import Callable, Sequence
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event
from typing import Final, TypeAlias

from tests.benchmarks.soak.publisher import read_number
from tests.benchmarks.soak.samples import BROKEN, Sample
from tests.benchmarks.soak.site import Reader, Target
from tests.harness.http1 import Answer, Connection, Request

Samples: TypeAlias = "Queue[list[Sample]]"
#: Between two deliveries of samples.
_FLUSH_SECONDS: Final = 1.0


def read_until(port: int, readers: Sequence[Reader], samples: Samples, ended: Event) -> None:
    """Let all clients read until `ended`; their samples are put into the queue."""
    # The parent ends this process in order after Ctrl-C, too.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    found: list[Sample] = []
    threads = [
        threading.Thread(target=_read, args=(port, reader, found.append, ended))
        for reader in readers
    ]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        ended.wait(_FLUSH_SECONDS)
        for thread in threads if ended.is_set() else ():
            thread.join()
        count = len(found)
        samples.put(found[:count])
        del found[:count]


def _read(port: int, reader: Reader, keep: Callable[[Sample], None], ended: Event) -> None:
    interval = 1 / reader.per_second
    due = time.monotonic()
    number = 0
    with Connection(port) as connection:
        while not ended.wait(max(0.0, due - time.monotonic())):
            target = reader.targets[number % len(reader.targets)]
            keep(_ask(connection, reader.kind, target))
            number += 1
            # A late client does not catch up: its rate is a bound.
            due = max(due + interval, time.monotonic())


def _ask(connection: Connection, kind: str, target: Target) -> Sample:
    asked = time.monotonic()
    try:
        answer = connection.ask(Request(target.url, headers=target.headers))
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        reason = f"{BROKEN}: {type(error).__name__}"
        return Sample(kind, asked, time.monotonic() - asked, reason)
    seconds = time.monotonic() - asked
    wrong, number = _check(target, answer)
    return Sample(kind, asked, seconds, str(answer.status), wrong, number)


def _check(target: Target, answer: Answer) -> tuple[str, int | None]:
    """Return the fault of the bytes, and the number of the publication that they belong to."""
    if answer.status not in (200, 206, 304):
        return "", None
    if answer.status != target.status:
        return f"{target.url}: {answer.status} instead of {target.status}", None
    if target.body is None:
        number = read_number(target.url.rpartition("/")[2], answer.body)
        wrong = "" if number is not None else _describe(target, answer, None)
        return wrong, number
    return ("" if answer.body == target.body else _describe(target, answer, target.body)), None


def _describe(target: Target, answer: Answer, body: bytes | None) -> str:
    """Say where the first wrong byte is; for published files, show the beginning."""
    got = answer.body
    text = f"{target.url}: {len(got)} bytes, ETag {answer['etag']}"
    if body is None:
        return f"{text}, of no publication: {got[:32]!r}"
    pairs = enumerate(zip(got, body, strict=False))
    first = next((place for place, (one, other) in pairs if one != other), min(len(got), len(body)))
    return f"{text} instead of {len(body)}, different from byte {first} on: {got[first:][:16]!r}"
