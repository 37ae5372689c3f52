"""How imports are going; their documents are there before the answer to the upload."""

from gettext import gettext as _
from itertools import zip_longest

from pulpcore.plugin.models import PulpTemporaryFile, Task
from pulpcore.plugin.util import get_prn
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.response import Response

from pulp_contentroutes.app.galaxy.access import check_publish
from pulp_contentroutes.app.galaxy.base import GalaxyView
from pulp_contentroutes.app.tasks.publishing import (
    aimport_collection,
    import_collection,
    import_collections,
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

    def tasks(self, *functions, **values):
        """Return the tasks that do one of `functions` with the repository, and match."""
        names = [f"{function.__module__}.{function.__name__}" for function in functions]
        prn = get_prn(self.repository)
        held = Task.objects.filter(reserved_resources_record__overlap=[prn, f"shared:{prn}"])
        return held.filter(name__in=names, **values)


class ImportView(ImportsView):
    def get(self, request, pk, **kwargs):
        task = self.tasks(import_collection, aimport_collection, pk=pk).first()
        if task is None:
            raise NotFound("There is no such import.")
        document = _document(task)
        if document["state"] == "failed":
            _remove_uploads([task.enc_kwargs["temporary_file_pk"]])
        return Response(document)


class ImportGroupView(ImportsView):
    """The imports of one call."""

    def get(self, request, pk, **kwargs):
        call = self.tasks(import_collections, task_group=pk).select_related("task_group").first()
        if call is None:
            raise NotFound("There is no such group of imports.")
        uploads = call.enc_kwargs["uploads"]
        # In the order of the uploads; those that are missing are not dispatched yet.
        tasks = self.tasks(import_collection, task_group=pk).defer("enc_kwargs").order_by("pk")
        imports = [
            {"file": upload["filename"], **self._document(call, task)}
            for upload, task in zip_longest(uploads, tasks[: len(uploads)])
        ]
        failed = zip(uploads, imports, strict=True)
        _remove_uploads(
            upload["temporary_file_pk"]
            for upload, document in failed
            if document["state"] == "failed"
        )
        imports += [_refused(**each) for each in call.enc_kwargs["refused"]]
        states = [each["state"] for each in imports]
        return Response(
            {
                "description": call.task_group.description,
                "total": len(states),
                **{state: states.count(state) for state in ("waiting", "completed", "failed")},
                "imports": imports,
            }
        )

    def _document(self, call, task):
        """Return that of a task of the call; of one that the call has not dispatched, its own."""
        if task is not None:
            return {"task": self.import_url(task), **_document(task)}
        is_lost = _STATES.get(call.state) is not None
        return {
            "task": None,
            "state": "failed" if is_lost else "waiting",
            "error": _error(call) if is_lost else None,
        }


def _document(task):
    state = _STATES.get(task.state, "waiting")
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


def _refused(filename, description):
    error = {"code": "invalid", "description": description}
    return {"file": filename, "task": None, "state": "failed", "error": error}


def _error(task):
    error = task.error or {}
    return {
        "code": error.get("error_code") or task.state,
        "description": error.get("description") or _("The import was {}.").format(task.state),
    }


def _remove_uploads(pks):
    """Remove the uploads of imports that could not do so themselves: cancelled, or killed."""
    for left in PulpTemporaryFile.objects.filter(pk__in=list(pks)):
        # Only its own `delete` removes the file, too.
        left.delete()
