"""REST representations of repositories of collections and roles, and of distributions."""

from gettext import gettext as _

from pulpcore.plugin.models import RepositoryVersion
from pulpcore.plugin.serializers import (
    DetailRelatedField,
    DistributionSerializer,
    RepositorySerializer,
    RepositoryVersionRelatedField,
    ValidateFieldsMixin,
)
from rest_framework import serializers

from pulp_contentroutes.app.galaxy.models.repository import GalaxyDistribution, GalaxyRepository
from pulp_contentroutes.app.galaxy.selectors import Selection
from pulp_contentroutes.app.galaxy.serializers.references import ChecksReferences
from pulp_contentroutes.galaxy.errors import InvalidSignature
from pulp_contentroutes.galaxy.signatures import KeyRing


class GalaxyRepositorySerializer(RepositorySerializer):
    key_ring = serializers.CharField(
        required=False,
        allow_null=True,
        help_text=_(
            "Public keys in ASCII armor. With it only signatures by these keys are accepted; those "
            "that the repository holds already are not looked at again."
        ),
    )

    def validate_key_ring(self, key_ring: str | None) -> str | None:
        if key_ring is not None:
            try:
                KeyRing(key_ring)
            except InvalidSignature as error:
                raise serializers.ValidationError(str(error)) from error
        return key_ring

    class Meta:
        model = GalaxyRepository
        fields = (
            *(name for name in RepositorySerializer.Meta.fields if name != "remote"),
            "key_ring",
        )


def of_collections(version: RepositoryVersion) -> RepositoryVersion:
    """Return the version, or raise ValidationError if it is of another kind of repository."""
    if version.repository.pulp_type != GalaxyRepository.get_pulp_type():
        raise serializers.ValidationError(_("It is of no repository of collections."))
    return version


def _check_selection(text: str) -> None:
    if Selection.parse(text) is None:
        raise serializers.ValidationError(
            _("Write 'namespace.name' for all its versions, or 'namespace.name:version'.")
        )


class SelectionSerializer(ValidateFieldsMixin, serializers.Serializer):
    """A selection of collections of a repository."""

    collections = serializers.ListField(
        child=serializers.CharField(validators=[_check_selection]),
        min_length=1,
        max_length=1000,
        help_text=_("Each 'namespace.name' for all its versions, or 'namespace.name:version'."),
    )


class CopySerializer(ChecksReferences, SelectionSerializer):
    source_version = RepositoryVersionRelatedField(
        help_text=_("The repository version that the collections are copied from."),
    )

    def validate_source_version(self, version: RepositoryVersion) -> RepositoryVersion:
        return of_collections(version)


class DeprecateSerializer(SelectionSerializer):
    """Whole collections: clients look up the deprecation of a collection, not of each version."""

    deprecated = serializers.BooleanField(
        default=True, help_text=_("False takes the mark from them.")
    )

    def validate_collections(self, texts: list[str]) -> list[str]:
        # `_check_selection` has refused the texts for which `parse` returns None.
        if any(Selection.parse(text).version for text in texts):  # type: ignore[union-attr]
            raise serializers.ValidationError(_("Write 'namespace.name': it is for all versions."))
        return texts


class GalaxyDistributionSerializer(ChecksReferences, DistributionSerializer):
    """A distribution of the newest version of a repository of collections, or of a fixed one."""

    # Pulp's own field accepts repositories of every plugin, but the policy asks about ours alone.
    repository = DetailRelatedField(
        required=False,
        allow_null=True,
        view_name_pattern=r"repositories(-.*/.*)?-detail",
        queryset=GalaxyRepository.objects.all(),
        help_text=_("The repository whose newest version is served, and that is published to."),
    )
    repository_version = RepositoryVersionRelatedField(
        required=False,
        allow_null=True,
        help_text=_("The version that is served; without it the newest one of `repository`."),
    )

    # Pulp's OpenAPI document takes the types from these methods; without them it would say that the
    # values are never null.

    def get_content_guard_prn(self, obj: GalaxyDistribution) -> str | None:
        return super().get_content_guard_prn(obj)

    def get_no_content_change_since(self, obj: GalaxyDistribution) -> str | None:
        return super().get_no_content_change_since(obj)

    def validate_repository_version(
        self, version: RepositoryVersion | None
    ) -> RepositoryVersion | None:
        return version and of_collections(version)

    class Meta:
        model = GalaxyDistribution
        fields = (*DistributionSerializer.Meta.fields, "repository_version")
