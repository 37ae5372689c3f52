"""`ansible-galaxy collection publish`: an upload becomes a task, and the task an import."""

import re
from gettext import gettext as _

from pulpcore.plugin.exceptions import DigestValidationError
from pulpcore.plugin.models import PulpTemporaryFile, Task
from pulpcore.plugin.tasking import dispatch
from pulpcore.plugin.util import get_prn
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response

from pulp_contentroutes.app.galaxy.access import check_publish
from pulp_contentroutes.app.galaxy.base import GalaxyView
from pulp_contentroutes.app.tasks import aimport_collection, import_collection
from pulp_contentroutes.galaxy.limits import SMALL_UPLOAD

_FILENAME = re.compile(r"[a-z0-9_]{1,64}-[a-z0-9_]{1,64}-[0-9A-Za-z.+-]{1,128}\.tar\.gz")
_GZIP = b"\x1f\x8b"
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


class PublishView(GalaxyView):
    parser_classes = [MultiPartParser]

    def post(self, request, **kwargs):
        repository = self.distribution.repository
        if repository is None:
            raise ValidationError(_("This distribution serves a fixed version: publish elsewhere."))
        repository = repository.cast()
        check_publish(request, repository)
        file = request.data.get("file")
        _check(file)
        temporary = _temporary_file(file, str(request.data.get("sha256", "")).lower())
        temporary.save()
        try:
            task = _dispatched(file, temporary, repository)
        except BaseException:
            temporary.delete()
            raise
        return Response({"task": f"{self.v3}imports/collections/{task.pk}/"}, status=202)


def _dispatched(file, temporary, repository):
    """Return the task of the import; of a small file it has usually ended."""
    is_small = file.size <= SMALL_UPLOAD
    return dispatch(
        aimport_collection if is_small else import_collection,
        exclusive_resources=[repository],
        immediate=is_small,
        kwargs={
            "temporary_file_pk": str(temporary.pk),
            "repository_pk": str(repository.pk),
            "filename": file.name,
        },
    )


def _check(file):
    """Raise for what can be seen at once."""
    if not hasattr(file, "hashers"):
        raise ValidationError(_("The part 'file' with the tarball is missing."))
    if not _FILENAME.fullmatch(file.name):
        raise ValidationError(_("The file is not called namespace-name-version.tar.gz."))
    file.seek(0)
    if file.read(len(_GZIP)) != _GZIP:
        raise ValidationError(_("The file is not compressed with gzip."))
    file.seek(0)


def _temporary_file(file, sha256):
    digests = {"sha256": sha256} if sha256 else None
    try:
        return PulpTemporaryFile.init_and_validate(file, expected_digests=digests)
    except DigestValidationError:
        raise ValidationError(_("The upload has not the SHA-256 that was sent with it.")) from None


class ImportView(GalaxyView):
    """How an import is going; the document is there before the answer to the upload."""

    def get(self, request, pk, **kwargs):
        repository = self.distribution.repository
        if repository is None:
            raise NotFound()
        repository = repository.cast()
        check_publish(request, repository)
        task = Task.objects.filter(pk=pk, name__in=_TASKS).first()
        if task is None or get_prn(repository) not in task.reserved_resources_record:
            raise NotFound("There is no such import.")
        return Response(_document(task))


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


def _error(task):
    error = task.error or {}
    return {
        "code": error.get("error_code") or task.state,
        "description": error.get("description") or _("The import was {}.").format(task.state),
    }
