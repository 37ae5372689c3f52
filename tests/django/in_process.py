"""Pulp's API and its tasks in this process."""

import contextlib
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import unquote_to_bytes, urlsplit

from django.apps import apps
from django.conf import settings
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from pulpcore.plugin.models import Task
from pulpcore.tasking.tasks import execute_task, using_workdir
from requests import PreparedRequest
from rest_framework.test import RequestsClient

from tests.harness.rest import Rest

AppStatus = apps.get_model("core", "AppStatus")

#: The alias of a connection whose changes are committed, unlike those of a test's transaction.
COMMITTING: Final = "committing"


class Client(RequestsClient):  # type: ignore[misc]  # DRF has no types
    """DRF's client, with paths as web servers pass them on (PEP 3333): bytes, read as Latin-1."""

    def __init__(self) -> None:
        super().__init__()
        adapter = self.get_adapter(settings.CONTENT_ORIGIN)
        get_environ = adapter.get_environ

        def get_own_environ(request: PreparedRequest) -> dict[str, Any]:
            path = unquote_to_bytes(urlsplit(str(request.url)).path).decode("latin-1")
            return {**get_environ(request), "PATH_INFO": path}

        adapter.get_environ = get_own_environ


@contextlib.contextmanager
def api() -> Iterator[Rest]:
    """Act as one of Pulp's processes for the block; run tasks when a test waits for their end."""
    AppStatus.objects.create(app_type="api", name="tests")
    try:
        yield Rest(settings.CONTENT_ORIGIN, session=Client(), run_tasks=run_waiting_tasks)
    finally:
        # pulpcore has no other way to undo it, as its own processes simply end.
        AppStatus.objects._current_app_status = None


@contextlib.contextmanager
def committing_connection() -> Iterator[BaseDatabaseWrapper]:
    """Yield a connection with the alias COMMITTING."""
    # Not in the settings: pytest-django would not permit its use.
    connections[COMMITTING] = opened = connection.copy(COMMITTING)
    try:
        yield opened
    finally:
        opened.close()
        del connections[COMMITTING]


def run_waiting_tasks() -> None:
    """Run waiting tasks in the order of their dispatch, and also the tasks that they dispatch."""
    while task := Task.objects.filter(state="waiting").order_by("pulp_created").first():
        task.app_lock = AppStatus.objects.current()
        task.save()
        with using_workdir():
            execute_task(task)
