"""`ansible-galaxy collection publish`, and many collections in one call: uploads become tasks."""

from gettext import gettext as _

from pulpcore.plugin.models import GroupProgressReport, TaskGroup
from pulpcore.plugin.tasking import dispatch
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response

from pulp_contentroutes.app.galaxy.imports import ImportsView
from pulp_contentroutes.app.galaxy.uploads import check_length, uploads_in
from pulp_contentroutes.app.tasks.publishing import (
    IMPORTS,
    aimport_collection,
    import_collection,
)
from pulp_contentroutes.galaxy.limits import SMALL_UPLOAD


class _PublishView(ImportsView):
    """Takes uploads of who may publish; nobody else's body is read."""

    parser_classes = [MultiPartParser]

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        check_length(request)

    def dispatched(self, upload, task, sha256="", **options):
        """Return the dispatched task of the import of an upload."""
        temporary = upload.temporary_file(sha256)
        try:
            return dispatch(
                task,
                exclusive_resources=[self.repository],
                kwargs={
                    "temporary_file_pk": str(temporary.pk),
                    "repository_pk": str(self.repository.pk),
                    "filename": upload.name,
                    "signatures": list(upload.signatures),
                },
                **options,
            )
        except BaseException:
            temporary.delete()
            raise


class PublishView(_PublishView):
    def post(self, request, **kwargs):
        uploads = uploads_in(request)
        if len(uploads) > 1:
            raise ValidationError(_("Publish one collection, or many at imports/collections/."))
        [upload] = uploads
        upload.check_is_new(self.repository)
        is_small = upload.file.size <= SMALL_UPLOAD
        task = self.dispatched(
            upload,
            # What is small has usually ended when its publisher asks for the first time.
            aimport_collection if is_small else import_collection,
            sha256=str(request.data.get("sha256", "")).lower(),
            immediate=is_small,
        )
        return Response({"task": self.import_url(task)}, status=202)


class PublishManyView(_PublishView):
    """One import for each upload; one that fails does so alone."""

    def post(self, request, **kwargs):
        uploads = uploads_in(request)
        group = TaskGroup.objects.create(
            description=f"Import of {len(uploads)} collections into {self.repository.name}"
        )
        GroupProgressReport.objects.create(
            task_group=group, code=IMPORTS, message="Importing collections", total=len(uploads)
        )
        return Response(
            {
                "task_group": f"{self.v3}imports/groups/{group.pk}/",
                "imports": [
                    {"file": upload.name, "task": self._import_of(upload, group)}
                    for upload in uploads
                ],
            },
            status=202,
        )

    def _import_of(self, upload, group):
        return self.import_url(self.dispatched(upload, import_collection, task_group=group))
