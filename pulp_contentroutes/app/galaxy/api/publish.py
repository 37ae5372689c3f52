"""`ansible-galaxy collection publish`, and many collections at once: uploads become tasks."""

from gettext import gettext as _
from typing import Any

from django.conf import settings
from pulpcore.plugin.models import TaskGroup
from pulpcore.plugin.tasking import dispatch
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from pulp_contentroutes.app.galaxy import import_progress
from pulp_contentroutes.app.galaxy.api.base import sentences
from pulp_contentroutes.app.galaxy.api.imports import ImportsView
from pulp_contentroutes.app.galaxy.api.uploads import check_length, check_upload, collections_in
from pulp_contentroutes.app.galaxy.models.repository import GalaxyRepository
from pulp_contentroutes.app.galaxy.tasks.imports import (
    arguments_of,
    dispatch_import,
    import_collections,
)

#: The largest number of bytes in a request with many collections; for one it is a setting.
_MANY_BYTES = 256 * 1024 * 1024


class _PublishView(ImportsView):
    """A view for uploads by users who may publish; no other request's body is read."""

    parser_classes = [MultiPartParser]
    most_bytes = 0
    # ImportsView.initial refuses a distribution without a repository.
    repository: GalaxyRepository

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        allowed = max(self.most_bytes, settings.CONTENTROUTES_COLLECTION_MAX_BYTES)
        check_length(request, allowed)


class PublishView(_PublishView):
    def post(self, request: Request, **kwargs: Any) -> Response:
        parts = list(collections_in(request))
        if len(parts) > 1:
            raise ValidationError(_("Publish one collection, or many at imports/collections/."))
        upload = check_upload(*parts[0])
        upload.check_is_new(self.repository)
        temporary = upload.temporary_file(str(request.data.get("sha256", "")).lower())
        try:
            task = dispatch_import(
                self.repository, upload.is_small, **arguments_of(upload.arguments(temporary))
            )
        except BaseException:
            temporary.delete()
            raise
        return Response({"task": self.import_url(task)}, status=202)


class PublishManyView(_PublishView):
    """One import for each upload; a refused one is named in the group, and stops no others."""

    most_bytes = _MANY_BYTES

    def post(self, request: Request, **kwargs: Any) -> Response:
        uploads, refused, names = [], [], set()
        for file, signatures in collections_in(request):
            try:
                if file.name in names:
                    raise ValidationError(_("This file name occurs twice in the request."))
                names.add(file.name)
                uploads.append(check_upload(file, signatures))
            except APIException as error:
                description = " ".join(sentences(error.detail))
                refused.append({"filename": file.name[:200], "description": description})
        temporaries = []
        try:
            for upload in uploads:
                temporaries.append(upload.temporary_file())
            arguments = [
                upload.arguments(temporary)
                for upload, temporary in zip(uploads, temporaries, strict=True)
            ]
            group = self._dispatch(arguments, refused)
        except BaseException:
            for temporary in temporaries:
                temporary.delete()
            raise
        return Response({"task_group": f"{self.v3}imports/groups/{group.pk}/"}, status=202)

    def _dispatch(self, uploads: list[dict[str, Any]], refused: list[dict[str, str]]) -> TaskGroup:
        total = len(uploads) + len(refused)
        group = TaskGroup.objects.create(
            description=f"Import of {total} collections into {self.repository.name}"
        )
        import_progress.start(group, total)
        dispatch(
            import_collections,
            exclusive_resources=[self.repository],
            task_group=group,
            kwargs={
                "repository_pk": str(self.repository.pk),
                "uploads": uploads,
                "refused": refused,
            },
        )
        return group
