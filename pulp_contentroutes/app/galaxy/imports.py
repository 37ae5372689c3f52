"""How imports are going; their documents are there before the answer to the upload."""

from gettext import gettext as _

from pulpcore.plugin.models import PulpTemporaryFile, Task, TaskGroup
from pulpcore.plugin.util import get_prn
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.response import Response

from pulp_contentroutes.app.galaxy.access import check_publish
from pulp_contentroutes.app.galaxy.base import GalaxyView
from pulp_contentroutes.app.tasks.publishing import aimport_collection, import_collection

_TASKS = tuple(
    f"{task.__module__}.{task.__name__}" for task in (import_collection, aimport_collection)
)

#: State of a task → state of an import. Whatever is not "failed" once it has ended is a success to
#: clients, and "waiting" is the only other one that they do not take for a success.
_STATES = {
    "completed": "completed",
    "failed": "failed",
    "canceled": "failed",
    "skipped": "failed",
}


class ImportsView(GalaxyView):
    """Only for who may publish to the repository of the distribution."""

    may_be_stored = False

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        if self.repository is None:
            raise ValidationError(_("This distribution serves a fixed version: publish elsewhere."))
        check_publish(request, self.repository)

    def import_url(self, task):
        return f"{self.v3}imports/collections/{task.pk}/"

    def imports(self, **values):
        """Return the tasks that import into the repository and match."""
        tasks = Task.objects.filter(
            name__in=_TASKS, reserved_resources_record__contains=[get_prn(self.repository)]
        )
        return tasks.filter(**values)


class ImportView(ImportsView):
    def get(self, request, pk, **kwargs):
        task = self.imports(pk=pk).first()
        if task is None:
            raise NotFound("There is no such import.")
        _remove_left_of([task])
        return Response(_document(task))


class ImportGroupView(ImportsView):
    """Many imports of one call."""

    def get(self, request, pk, **kwargs):
        tasks = list(self.imports(task_group=pk).order_by("pulp_created"))
        if not tasks:
            raise NotFound("There is no such group of imports.")
        _remove_left_of(tasks)
        documents = [
            {"file": task.enc_kwargs["filename"], "task": self.import_url(task), **_document(task)}
            for task in tasks
        ]
        states = [document["state"] for document in documents]
        description = TaskGroup.objects.get(pk=pk).description
        return Response(
            {
                "description": description,
                "total": len(states),
                **{state: states.count(state) for state in ("waiting", "completed", "failed")},
                "imports": documents,
            }
        )


def _state(task):
    return _STATES.get(task.state, "waiting")


def _document(task):
    state = _state(task)
    warnings = (task.result or {}).get("warnings", []) if state == "completed" else []
    return {
        "id": str(task.pk),
        "state": state,
        "created_at": task.pulp_created,
        "started_at": task.started_at,
        "updated_at": task.pulp_last_updated,
        "finished_at": task.finished_at,
        "messages": [{"level": "WARNING", "message": text} for text in warnings],
        "error": _error(task) if state == "failed" else None,
    }


def _error(task):
    error = task.error or {}
    return {
        "code": error.get("error_code") or task.state,
        "description": error.get("description") or _("The import was {}.").format(task.state),
    }


def _remove_left_of(tasks):
    """Remove the uploads of imports that could not do so themselves: cancelled, or killed."""
    failed = [task for task in tasks if _state(task) == "failed"]
    uploads = [task.enc_kwargs["temporary_file_pk"] for task in failed]
    for left in PulpTemporaryFile.objects.filter(pk__in=uploads):
        # Only its own `delete` removes the file, too.
        left.delete()
