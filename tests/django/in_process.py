"""Pulp's API and its tasks in this process."""

import contextlib
from collections.abc import Iterator

from django.apps import apps
from django.conf import settings
from pulpcore.plugin.models import Task
from pulpcore.tasking.tasks import execute_task, using_workdir
from rest_framework.test import RequestsClient

from tests.harness.rest import Rest

AppStatus = apps.get_model("core", "AppStatus")


@contextlib.contextmanager
def api() -> Iterator[Rest]:
    """Be one of Pulp's processes for the block; tasks run when their end is waited for."""
    AppStatus.objects.create(app_type="api", name="tests")
    try:
        yield Rest(settings.CONTENT_ORIGIN, session=RequestsClient(), run_tasks=run_waiting_tasks)
    finally:
        # pulpcore has no other way out of it: its processes end instead.
        AppStatus.objects._current_app_status = None


def run_waiting_tasks() -> None:
    """Run them in the order in which they were dispatched, and those that they dispatch."""
    while task := Task.objects.filter(state="waiting").order_by("pulp_created").first():
        task.app_lock = AppStatus.objects.current()
        task.save()
        with using_workdir():
            execute_task(task)
