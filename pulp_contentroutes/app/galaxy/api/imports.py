"""The state of imports; their documents exist before the answer to the upload."""

from collections.abc import Iterator
from gettext import gettext as _
from itertools import repeat
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from pulpcore.plugin.models import RepositoryVersion, Task
from pulpcore.plugin.util import get_prn
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from pulp_contentroutes.app.galaxy import import_progress
from pulp_contentroutes.app.galaxy.api.base import GalaxyView
from pulp_contentroutes.app.galaxy.api.permissions import check_publish
from pulp_contentroutes.app.galaxy.models.content import CollectionVersion
from pulp_contentroutes.app.galaxy.models.repository import GalaxyRepository
from pulp_contentroutes.app.galaxy.tasks.imports import (
    aimport_collection,
    import_collection,
    import_collections,
    remove_files,
)

_IMPORT, _IMPORT_AT_ONCE, _IMPORT_MANY = (
    f"{task.__module__}.{task.__name__}"
    for task in (import_collection, aimport_collection, import_collections)
)
#: State of a task → state of an import. To clients every state but "failed" and "waiting" is
#: a success.
_STATES = {
    "completed": "completed",
    "failed": "failed",
    "canceled": "failed",
    "skipped": "failed",
}


class ImportsView(GalaxyView):
    """A view only for users who may publish to the repository of the distribution."""

    may_be_stored = False

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self.repository is None:
            raise ValidationError(_("This distribution serves a fixed version: publish elsewhere."))
        check_publish(request, self.repository)

    def import_url(self, task: Task) -> str:
        return f"{self.v3}imports/collections/{task.pk}/"

    def imports(self, **values: Any) -> QuerySet[Task]:
        """Return the tasks that import one collection into the repository, and match `values`."""
        held = Task.objects.filter(reserved_resources_record__contains=[get_prn(self.repository)])
        return held.filter(name__in=[_IMPORT, _IMPORT_AT_ONCE], **values)

    def last_of(self, tasks: list[Task]) -> list[Task]:
        """Return for each task the one that its import was left to, or the task itself."""
        later = [str((task.result or {}).get("continued_by", "")) for task in tasks]
        found = {str(each.pk): each for each in self.imports(pk__in=filter(None, later))}
        return [found.get(pk, task) for pk, task in zip(later, tasks, strict=True)]


class ImportView(ImportsView):
    def get(self, request: Request, pk: UUID, **kwargs: Any) -> Response:
        tasks = self.last_of(list(self.imports(pk=pk)))
        if not tasks:
            raise NotFound("There is no such import.")
        [task] = tasks
        document = {**_document(task), "id": str(pk)}
        if document["state"] == "failed":
            remove_files([task.enc_kwargs["temporary_file_pk"]])
        return Response(document)


class ImportGroupView(ImportsView):
    """The imports of one request."""

    # ImportsView.initial refuses a distribution without a repository.
    repository: GalaxyRepository

    def get(self, request: Request, pk: UUID, **kwargs: Any) -> Response:
        calls = Task.objects.filter(name=_IMPORT_MANY, task_group=pk).select_related("task_group")
        call = calls.first()
        if call is None or call.enc_kwargs["repository_pk"] != str(self.repository.pk):
            raise NotFound("There is no such group of imports.")
        uploads = call.enc_kwargs["uploads"]
        small = self._documents_of_small(call, [each for each in uploads if each["is_small"]])
        large = self._documents_of_large(call)
        imports = [
            {"file": each["filename"], **next(small if each["is_small"] else large)}
            for each in uploads
        ]
        remove_files(
            upload["temporary_file_pk"]
            for upload, document in zip(uploads, imports, strict=True)
            if document["state"] == "failed"
        )
        imports += [
            {"file": each["filename"], **_refusal(each["description"])}
            for each in call.enc_kwargs["refused"]
        ]
        states = [each["state"] for each in imports]
        return Response(
            {
                "description": call.task_group.description,
                "total": len(states),
                **{state: states.count(state) for state in ("waiting", "completed", "failed")},
                "imports": imports,
            }
        )

    def _documents_of_small(
        self, call: Task, uploads: list[dict[str, Any]]
    ) -> Iterator[dict[str, Any]]:
        """Yield the documents of uploads that the call imports itself, without a task of their own.

        They follow from the content of the repository, which is true before the call has ended, and
        if it never ends.
        """
        # A file may have been refused because another one of its name came first and is imported.
        others = {(each["filename"], each["description"]) for each in call.enc_kwargs["refused"]}
        refused = dict(import_progress.refused_in(call.task_group).items() - others)
        units = CollectionVersion.objects.filter(sha256__in=[each["sha256"] for each in uploads])
        held = self.repository.latest_version().get_content(units)
        published = set(held.values_list("sha256", flat=True))
        for upload in uploads:
            if upload["filename"] in refused:
                yield _refusal(refused[upload["filename"]])
            elif call.state == "completed" or upload["sha256"] in published:
                yield {"task": None, "state": "completed", "error": None}
            else:
                yield _document_of_missing(call)

    def _documents_of_large(self, call: Task) -> Iterator[dict[str, Any]]:
        """Yield the documents of uploads with tasks, then forever that of an upload without one."""
        tasks = list(self.imports(task_group=call.task_group, parent_task=call).order_by("pk"))
        for task, last in zip(tasks, self.last_of(tasks), strict=True):
            yield {"task": self.import_url(task), **_document(last), "id": str(task.pk)}
        yield from repeat(_document_of_missing(call))


def _document(task: Task) -> dict[str, Any]:
    state = _STATES.get(task.state, "waiting")
    if state == "failed":
        # Pulp also marks a task so if its worker ends between the last statement of an import and
        # its report: the version of the repository exists then.
        created = task.created_resources.values_list("object_id", flat=True)
        if RepositoryVersion.objects.filter(pk__in=list(created), complete=True).exists():
            state = "completed"
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


def _document_of_missing(call: Task) -> dict[str, Any]:
    """Return the document of an import that a call has not dispatched."""
    is_lost = _STATES.get(call.state) is not None
    return {
        "task": None,
        "state": "failed" if is_lost else "waiting",
        "error": _error(call) if is_lost else None,
    }


def _refusal(description: str) -> dict[str, Any]:
    error = {"code": "invalid", "description": description}
    return {"task": None, "state": "failed", "error": error}


def _error(task: Task) -> dict[str, str]:
    error = task.error or {}
    return {
        "code": error.get("error_code") or task.state,
        "description": error.get("description") or _("The import was {}.").format(task.state),
    }
