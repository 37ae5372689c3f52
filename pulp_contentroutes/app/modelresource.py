"""The export and import of a repository of collections; pulpcore finds the resources here."""

from typing import Any

from django.db.models import QuerySet
from import_export import fields
from import_export.widgets import ForeignKeyWidget
from pulpcore.plugin.importexport import BaseContentResource
from pulpcore.plugin.modelresources import RepositoryResource
from pulpcore.plugin.models import Content
from pulpcore.plugin.util import get_domain_pk

from pulp_contentroutes.app.models import (
    CollectionDeprecation,
    CollectionSignature,
    CollectionVersion,
    GalaxyRepository,
    RoleVersion,
)


def _none_if_blank(row: dict[str, Any], column: str) -> None:
    """Replace an empty value by None: export files have no other way to write None."""
    row[column] = row[column] or None


class _Content(BaseContentResource):
    def set_up_queryset(self) -> QuerySet[Content]:
        """Return the units of the repository version that is exported."""
        return self.repo_version.get_content(self._meta.model.objects)


class CollectionVersionResource(_Content):
    def before_import_row(self, row: dict[str, Any], **kwargs: Any) -> None:
        super().before_import_row(row, **kwargs)
        _none_if_blank(row, "requires_ansible")

    class Meta:
        model = CollectionVersion
        import_id_fields = model.natural_key_fields()


class _ByDigest(ForeignKeyWidget):
    """A reference by digest: a collection has another id in every Pulp, but the same digest."""

    def get_queryset(
        self, value: str, row: dict[str, Any], *args: Any, **kwargs: Any
    ) -> QuerySet[CollectionVersion]:
        return self.model.objects.filter(_pulp_domain=get_domain_pk())


class CollectionSignatureResource(_Content):
    signed_collection = fields.Field(
        column_name="signed_collection",
        attribute="signed_collection",
        widget=_ByDigest(CollectionVersion, "sha256"),
    )

    class Meta:
        model = CollectionSignature
        import_id_fields = model.natural_key_fields()


class CollectionDeprecationResource(_Content):
    class Meta:
        model = CollectionDeprecation
        import_id_fields = model.natural_key_fields()


class RoleVersionResource(_Content):
    class Meta:
        model = RoleVersion
        import_id_fields = model.natural_key_fields()


class GalaxyRepositoryResource(RepositoryResource):
    def before_import_row(self, row: dict[str, Any], **kwargs: Any) -> None:
        super().before_import_row(row, **kwargs)
        _none_if_blank(row, "key_ring")

    def set_up_queryset(self) -> QuerySet[GalaxyRepository]:
        """Return the repository that is exported."""
        return GalaxyRepository.objects.filter(pk=self.repo_version.repository)

    class Meta:
        model = GalaxyRepository


#: Signatures come after the collections that they are made for.
IMPORT_ORDER = [
    CollectionVersionResource,
    CollectionSignatureResource,
    CollectionDeprecationResource,
    RoleVersionResource,
    GalaxyRepositoryResource,
]
