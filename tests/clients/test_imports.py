"""Imports that do not end as the publisher hoped: cancelled ones, and ones that take too long."""

import contextlib
import os
import random
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from pulp_contentroutes.galaxy.limits import SMALL_UPLOAD
from tests.clients.commands import expect_refusal, publish
from tests.harness.ansible_galaxy import Client, Ended
from tests.harness.galaxy import Galaxy
from tests.harness.standalone import Standalone
from tests.harness.waiting import wait_until
from tests.unit.galaxy.archives import FILES, INFO, archive

#: Too large to be imported by the API itself: a task worker has to.
LARGE = archive(
    {**FILES, "files/noise": random.Random(1).randbytes(SMALL_UPLOAD + 1)},
    info={**INFO, "dependencies": {}},
).read()


@contextlib.contextmanager
def paused_worker(instance: Standalone) -> Iterator[None]:
    """Pause the only task worker for the block."""
    process = instance.status()[1]["worker-1"]["pid"]
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def publish_large(client: Client, server: Galaxy, token: str, *options: str) -> Ended:
    arguments = ("-s", server.url, "--token", token, *options)
    return publish(client, LARGE, "acme-tools-1.2.3.tar.gz", *arguments)


def waiting_import(server: Galaxy) -> str | None:
    """Return the href of the task of an import into the server's repository."""
    query = f"tasks/?state=waiting&reserved_resources={server.repository}"
    tasks = server.admin.call("GET", query).json()["results"]
    return str(tasks[0]["pulp_href"]) if tasks else None


def has_version(server: Galaxy) -> bool:
    path = "api/v3/collections/acme/tools/versions/1.2.3/"
    return server.get(path).status_code == 200


def test_a_cancelled_import_is_a_failure(
    plain: Standalone, server: Galaxy, outer_client: Client, token: str
) -> None:
    with ThreadPoolExecutor(1) as executor:
        with paused_worker(plain):
            publishing = executor.submit(publish_large, outer_client, server, token)
            task = wait_until(lambda: waiting_import(server), what="the import")
            answer = server.admin.call("PATCH", task, state="canceled")
            assert answer.json()["state"] == "canceling", answer.text
        told = expect_refusal(publishing.result(timeout=60))
    assert "canceled" in told
    assert not has_version(server)


def test_a_client_that_waits_no_longer_says_so_and_the_import_goes_on(
    plain: Standalone, server: Galaxy, outer_client: Client, token: str
) -> None:
    with paused_worker(plain):
        told = expect_refusal(publish_large(outer_client, server, token, "--import-timeout", "1"))
        assert "Timeout while waiting for the Galaxy import process to finish" in told
        assert not has_version(server)
    wait_until(lambda: has_version(server), what="the import")
